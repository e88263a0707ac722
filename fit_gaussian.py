"""Fit a Gaussian with unknown mean and standard deviation by gradient ascent.

Run it, edit the constants below, run it again. README.md explains it. The names:

    x            the samples
    mean, s      their mean and standard deviation, where the log-likelihood is highest
    mu, sigma    the current guess; sigma is a standard deviation, not a variance
    mus, sigmas  all guesses of a run, the start first: the trajectories
"""

import math
from numbers import Integral, Real
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

# ----------------------------------------------------------- edit these constants
DATA = None  # your own samples, such as [70, 65, 82]; None draws them as follows
N_SAMPLES = 10_000  # how many; the more, the nearer the maximum is to the truth
MU_TRUE = 2.0  # mean they are drawn with; a larger one moves them to the right
SIGMA_TRUE = 2.0  # standard deviation they are drawn with; a larger one spreads them
SEED = 0  # picks the samples; another number picks others, None new ones every run

# The gradients divide by sigma^2 and sigma^3: where sigma is small, steps are long.
# Near the maximum, an iteration multiplies the error of mu by 1 - STEP_MU / s^2, and
# that of sigma by 1 - 2 STEP_SIGMA / s^2: above 2 s^2 and s^2, these errors grow.
MU_START = -3.0  # first guess of mu; the further from mean, the longer the way
SIGMA_START = 1.0  # first guess of sigma; the larger, the shorter the first step of mu
STEP_MU = 0.1  # step size of mu; larger: longer steps; its limit is 2 s^2, about 8
STEP_SIGMA = 0.01  # step size of sigma; larger: longer steps; its limit is s^2, about 4
N_ITERATIONS = 500  # updates of mu and sigma; more take longer, and may come nearer

FIGURE = "example2_nf.png"  # nf: normalizing flows, the course; saved beside this file


# --------------------------------------------------------------------- the ascent
def fit(x, mu_start, sigma_start, step_mu, step_sigma, n_iterations):
    """Return n_iterations + 1 mus and sigmas; fewer if sigma leaves 1e-30 to 1e30."""
    mean, s = float(np.mean(x)), float(np.std(x))  # all that is needed of x
    mu, sigma = mu_start, sigma_start
    mus, sigmas = [mu], [sigma]
    for _ in range(n_iterations):
        # The average of (x - mu) / sigma^2 over the samples.
        gradient_mu = (mean - mu) / sigma**2
        mu = mu + step_mu * gradient_mu

        # The average of (x - mu)^2 / sigma^3 - 1 / sigma, at the new mu, as on the
        # course page: sigma then fits the mu beside it. README.md tries the old mu.
        # The average of (x - mu)^2 is s^2 + (mean - mu)^2.
        mean_square = s**2 + (mean - mu) ** 2
        gradient_sigma = mean_square / sigma**3 - 1 / sigma
        sigma = sigma + step_sigma * gradient_sigma

        if not 1e-30 <= sigma <= 1e30:  # not positive, or floats would soon overflow
            break
        mus.append(mu)
        sigmas.append(sigma)
    return np.array(mus), np.array(sigmas)


def best_sigma(mu, mean, s):
    """Return the sigma at which gradient_sigma is zero: the best one for this mu."""
    return np.sqrt(s**2 + (mean - mu) ** 2)


def log_likelihood(mu, sigma, mean, s):
    """Return the average over the samples of log p(x), p the density of the guess."""
    mean_square = s**2 + (mean - mu) ** 2
    return -np.log(2 * np.pi) / 2 - np.log(sigma) - mean_square / (2 * sigma**2)


# ------------------------------------------------------- the verdict and the table
MOST_ITERATIONS = 1_000_000  # the largest N_ITERATIONS; so many take a few seconds
LEAP = "For this MU_START and these steps, so small a SIGMA_START makes a huge step."


def verdict(x, mu_start, sigma_start, step_mu, step_sigma, n_iterations):
    """Return a text: whether the run converged; if not, why, and settings to paste."""
    mean, s = np.mean(x), np.std(x)
    # Near: within the standard error of s, and within what a figure shows.
    near = min(s / math.sqrt(2 * len(x)), s / 100)
    # 20,000 iterations more, too few to wait for, tell if it stays or arrives late.
    n_longer = n_iterations + 20_000
    mus, sigmas = fit(x, mu_start, sigma_start, step_mu, step_sigma, n_longer)
    i = len(sigmas)  # the iteration that broke off, if one did
    broke_off = i <= n_longer
    far = np.flatnonzero((abs(mus - mean) > near) | (abs(sigmas - s) > near))
    arrival = far[-1] + 1 if far.size else 0  # all are near from here on
    if arrival <= n_iterations and not broke_off:
        distance = "within one standard error of the maximum"
        return f"Converged at iteration {arrival}, {distance}."

    edits = safe_settings(mean, s)  # replaced below if more iterations are enough
    end = f"\nIteration {i} takes sigma out of 1e-30 to 1e30." if broke_off else ""
    # Below both limits, all runs arrive in the end, as README.md proves, unless fit
    # breaks off. A step goes past its goal if sigma^2 is below the step size.
    mu_overshoots = broke_off and step_mu > sigmas[-1] ** 2
    if step_mu >= 2 * s**2 and (mu_overshoots or mus.min() < mean < mus.max()):
        reason = f"STEP_MU is not below 2 s^2 = {2 * s**2:.6g}, and overshoots.{end}"
    elif step_sigma > s**2 and step_sigma > sigmas.min() ** 2:
        reason = f"STEP_SIGMA is not below s^2 = {s**2:.6g}, and overshoots.{end}"
    elif broke_off:
        reason = f"iteration {i} takes sigma from {sigmas[-1]:.4g} beyond 1e30.\n{LEAP}"
    elif arrival <= min(n_longer, MOST_ITERATIONS):
        reason = f"N_ITERATIONS is too small, it arrives at iteration {arrival}."
        edits = f"N_ITERATIONS = {arrival}  # other samples may need more"
    else:
        reason = why_slow(sigmas[: n_iterations + 1], s + near, step_sigma, n_longer)
    paste = "With these samples, this converges. Paste it over the constants:"
    return f"Not converged: {reason}\n{paste}\n{edits}"


def why_slow(sigmas, goal, step_sigma, n_longer):
    """Return why n_longer iterations are too few, given the sigmas in the figure."""
    # As gradient_sigma > -1 / sigma, an iteration takes < 2 step_sigma off sigma^2. So
    # from above too_high, sigma cannot come down to its goal in n_longer iterations.
    too_high = math.sqrt(goal**2 + 2 * step_sigma * n_longer)
    highest = sigmas.max()
    if highest <= too_high:
        return "the steps are too small, or too near their limits."
    n_down = (highest**2 - goal**2) / (2 * step_sigma)
    unit = 10 ** (math.floor(math.log10(n_down)) - 2)  # to round down to three digits
    way_down = f"The way down takes at least {n_down // unit * unit:.3g} iterations."
    if sigmas[1] > max(too_high, 2 * sigmas[0]):
        reason = f"iteration 1 takes sigma from {sigmas[0]:.4g} to {sigmas[1]:.4g}."
        return f"{reason}\n{LEAP}\n{way_down}"
    return f"sigma gets as high as {highest:.4g}, too high for STEP_SIGMA.\n{way_down}"


def safe_settings(mean, s):
    """Return settings to paste that converge for all samples, as README.md proves."""
    short_s = float(f"{s:.1e}")  # two digits, to be short to type
    short_mean = short_s * round(mean / short_s)  # at most short_s / 2 from mean
    return (  # .15g, because 3 * 0.1 is 0.30000000000000004
        f"MU_START = {short_mean - 2 * short_s:.15g}\n"  # 2 s off: a path to see
        f"SIGMA_START = {3 * short_s:.15g}\n"  # so high that sigma only falls
        f"STEP_MU = {short_s**2 / 2:.15g}\n"  # a quarter of its limit
        f"STEP_SIGMA = {short_s**2 / 4:.15g}\n"  # a quarter of its limit
        "N_ITERATIONS = 100"  # README.md proves that they are enough
    )


def table(gaussians, mean, s, n):
    """Return a table of Gaussians {label: (mu, sigma)} and of errors for n samples."""
    error_mu, error_sigma = s / math.sqrt(n), s / math.sqrt(2 * n)  # standard errors
    decimals = max(0, 1 - math.floor(math.log10(error_sigma)))  # 3 for 0.014
    largest = np.abs(list(gaussians.values())).max()  # a float has 15 digits
    style = f"20.{decimals}f" if largest * 10**decimals < 1e15 else "20.12g"
    text = f"{n:>10,} samples{'mu':>20}{'sigma':>20}{'log-likelihood':>20}\n"
    for label, (mu, sigma) in gaussians.items():
        value = log_likelihood(mu, sigma, mean, s)
        text += f"{label:18}{mu:{style}}{sigma:{style}}{value:20.7g}\n"
    return text + f"{'standard error':18}{error_mu:{style}}{error_sigma:{style}}"


# --------------------------------------------------------------------- the figure
BLUE, ORANGE = "#0060a8", "#e08a00"  # in grey, one is dark and the other light
RUN = {"color": BLUE, "lw": 0.6, "marker": ".", "ms": 3}  # a dot for each iteration
# A line for each bell, a marker for its mu and sigma; sizes differ, so that none hides.
LOOKS = {
    "true": {"color": ORANGE, "lw": 4, "marker": "o", "ms": 14, "fillstyle": "none"},
    "start": {"color": BLUE, "marker": "o", "ms": 9, "fillstyle": "none"},
    "final": {"color": BLUE, "lw": 2.5, "marker": "o", "ms": 6},
    "maximum likelihood": {"color": "black", "ls": ":", "marker": "+", "ms": 14},
}


def draw(x, mean, s, mus, sigmas, gaussians, headline):
    """Return the figure of a run: mus, sigmas, densities, and the log-likelihood."""
    figure, axes = plt.subplots(2, 2, figsize=(8, 5.5), layout="constrained")
    (mu_ax, density_ax), (sigma_ax, hill_ax) = axes
    sigma_ax.sharex(mu_ax)
    hill_ax.sharey(sigma_ax)  # both show sigma
    for label, (mu, sigma) in gaussians.items():
        if label in ("true", "maximum likelihood"):
            mu_ax.axhline(mu, markevery=[], **LOOKS[label])  # a line, no markers
            sigma_ax.axhline(sigma, markevery=[], **LOOKS[label])
    for ax, trajectory in ((mu_ax, mus), (sigma_ax, sigmas)):
        ax.plot(trajectory, **RUN)
        ax.plot(0, trajectory[0], clip_on=False, **LOOKS["start"])  # not cut off
        ax.plot(len(trajectory) - 1, trajectory[-1], clip_on=False, **LOOKS["final"])
    mu_ax.update_datalim([(0, mean - s / 2), (1, mean + s / 2)])  # even if it rests
    hill_ax.update_datalim([(mean - 3 * s, s / 2), (mean + 3 * s, 1.5 * s)])

    mu_ax.set_title(r"mean $\mu$")
    sigma_ax.set(title=r"standard deviation $\sigma$", xlabel="iteration")
    sigma_ax.locator_params("x", integer=True)
    hill_ax.set(xlabel=r"$\mu$", ylabel=r"$\sigma$")
    if sigma_ax.get_ylim()[1] > 40 * s:  # s would be hard to tell from 0
        sigma_ax.set(title=r"standard deviation $\sigma$ (log scale)", yscale="log")
        hill_ax.set_ylabel(r"$\sigma$ (log scale)")
    else:
        sigma_ax.set_ylim(bottom=0)
    draw_hill(hill_ax, mean, s, mus, sigmas, gaussians)
    draw_density(density_ax, x, mean, s, gaussians)
    figure.suptitle(headline)
    figure.legend(loc="outside lower center", ncols=5, frameon=False)  # of all panels
    return figure


def draw_hill(ax, mean, s, mus, sigmas, gaussians):
    """Draw the run and the Gaussians on the log-likelihood, a hill seen from above."""
    ax.plot(mus, sigmas, **RUN)
    for label, (mu, sigma) in gaussians.items():
        ax.plot(mu, sigma, clip_on=False, **LOOKS[label])
    mu_limits, (low, high) = ax.get_xlim(), ax.get_ylim()  # contourf would widen them
    mu_axis = np.union1d(np.linspace(*mu_limits, 200), mean)  # mean: the curve's tip
    sigma_axis = np.geomspace(low or high / 1000, high, 400)  # 0 has no logarithm
    height = log_likelihood(*np.meshgrid(mu_axis, sigma_axis), mean, s)
    depth = log_likelihood(mean, s, mean, s) - height
    levels = 0.05 * 4.0 ** np.arange(8)  # each is four times as deep
    shades = plt.get_cmap("Greens")(np.linspace(0, 0.4, 9))  # one more than levels
    ax.contourf(mu_axis, sigma_axis, depth, levels, colors=shades, extend="both")
    curve = best_sigma(mu_axis, mean, s)
    ax.plot(mu_axis, curve, color="0.3", label=r"best $\sigma$ for each $\mu$")
    ax.set(xlim=mu_limits, ylim=(low, high), title="log-likelihood: lighter is higher")
    ax.locator_params("x", nbins=4)  # more numbers may touch


def draw_density(ax, x, mean, s, gaussians):
    """Draw a histogram of x, and each Gaussian as a bell."""
    # Of whole numbers, bars of width 1.5 would be uneven: one number, then two. So the
    # width, about s / 3, is a multiple of the gap between samples.
    gaps = np.diff(np.unique(x[:: 1 + len(x) // 10_000]))  # to sort all would take long
    gap = min(gaps[(gaps > s / 1000) & (gaps <= s)], default=s / 3)
    width = gap * max(1, round(s / 3 / gap))
    edges = np.arange(x.min() - gap / 2, x.max() + width, width)  # beyond all x
    heights = ax.hist(x, edges, density=True, histtype="stepfilled", color="0.8")[0]
    low = np.clip(edges[0], mean - 10 * s, mean - 4 * s)  # further out, bells get thin
    high = np.clip(edges[-1], mean + 4 * s, mean + 10 * s)
    n_outside = np.sum((x < low) | (x > high))
    if n_outside:
        ax.set_xlabel(f"samples outside: {n_outside:,}")
    for label, (mu, sigma) in gaussians.items():
        grid = np.union1d(np.linspace(low, high, 1000), mu)  # mu is a thin bell's top
        bell = np.exp(-(((grid - mu) / sigma) ** 2) / 2) / (sigma * np.sqrt(2 * np.pi))
        ax.plot(grid, bell, label=label, markevery=[], **LOOKS[label])
    ax.set(title="samples and Gaussians", xlim=(low, high), yticks=[])
    ax.set_ylim(-0.03 / s, max(0.9 / s, 1.05 * heights.max()))  # best bell: 0.4 / s
    ax.locator_params("x", nbins=4)


# ---------------------------------------------- the samples, the checks, the whole
def load_samples():
    """Return the samples, shape (n,). Stop with one line if DATA are not usable."""
    if DATA is None:
        return np.random.default_rng(SEED).normal(MU_TRUE, SIGMA_TRUE, N_SAMPLES)
    try:
        if np.iscomplexobj(DATA) or np.ma.is_masked(DATA):
            raise TypeError("some are complex or masked")
        x = np.asarray(DATA, dtype=float)
    except (OverflowError, TypeError, ValueError) as error:
        raise SystemExit(f"DATA must be real numbers: {error}; see README.md") from None
    if x.ndim != 1 or len(x) < 2:
        raise SystemExit(f"DATA must be 2 or more numbers, not of shape {x.shape}")
    bad = np.flatnonzero(~(abs(x) <= 1e15))  # nan is not <= 1e15
    if bad.size:
        raise SystemExit(f"DATA[{bad[0]}] is {x[bad[0]]}, not from -1e15 to 1e15")
    if np.ptp(x) <= 4 * np.spacing(abs(x).max()):  # the gap between floats
        raise SystemExit("DATA are all alike, but for rounding: sigma would go to 0")
    if np.std(x) < 1e-11 * abs(x[0]):  # of a float's 16 digits, 5 are left for s
        raise SystemExit(f"DATA differ too little, so far from 0: subtract {x[0]:g}")
    if np.std(x) < 1e-9:
        raise SystemExit("DATA differ too little: multiply them, by 1e9 or more")
    return x


def check(name, value, low=1e-30, high=1e30, kind=Real):
    """Stop with one line, unless value is a number of the kind and in the range."""
    if not (isinstance(value, kind) and low <= value <= high):
        noun = "whole number" if kind is Integral else "number"
        limits = f"from {low:,} to {high:,}" if high < math.inf else "0 or more"
        raise SystemExit(f"{name} must be a {noun} {limits}, not {value!r}")


def check_constants():
    """Stop with one line if a constant is of no use, or beyond what floats can do."""
    check("N_SAMPLES", N_SAMPLES, 2, 100_000_000, Integral)
    check("MU_TRUE", MU_TRUE, -1_000_000, 1_000_000)
    check("SIGMA_TRUE", SIGMA_TRUE, 0.001, 1_000_000)
    if SEED is not None:
        check("SEED", SEED, 0, math.inf, Integral)
    check("MU_START", MU_START, -1e30)
    check("SIGMA_START", SIGMA_START)
    check("STEP_MU", STEP_MU)
    check("STEP_SIGMA", STEP_SIGMA)
    check("N_ITERATIONS", N_ITERATIONS, 1, MOST_ITERATIONS, Integral)
    if not (FIGURE and isinstance(FIGURE, str)):
        raise SystemExit(f"FIGURE must be the name of a file, not {FIGURE!r}")


def main():
    """Take the samples, fit, tell the result, draw it, save the figure, show it."""
    check_constants()
    x = load_samples()
    mean, s = np.mean(x), np.std(x)
    floats = map(float, [MU_START, SIGMA_START, STEP_MU, STEP_SIGMA])
    settings = *floats, int(N_ITERATIONS)  # NumPy's own numbers are slower
    mus, sigmas = fit(x, *settings)
    gaussians = {"true": (MU_TRUE, SIGMA_TRUE)} if DATA is None else {}
    gaussians |= {"start": (mus[0], sigmas[0]), "final": (mus[-1], sigmas[-1])}
    gaussians["maximum likelihood"] = mean, s
    text = verdict(x, *settings)
    print(table(gaussians, mean, s, len(x)), text, sep="\n")

    figure = draw(x, mean, s, mus, sigmas, gaussians, headline=text.splitlines()[0])
    # Beside this file, or where a notebook runs, which has no __file__.
    folder = Path(__file__).parent if "__file__" in globals() else Path()
    name = FIGURE if Path(FIGURE).suffix else f"{FIGURE}.png"  # as savefig does
    try:
        figure.savefig(folder / name, dpi=220)  # 1760 pixels wide
    except (OSError, RuntimeError, ValueError) as error:
        raise SystemExit(f"FIGURE = {FIGURE!r} cannot be saved: {error}") from None
    print("Figure:", name, flush=True)  # now, as show waits for the window
    plt.show()


if __name__ == "__main__":
    main()
