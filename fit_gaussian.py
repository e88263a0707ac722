"""Fit a Gaussian with unknown mean and standard deviation by gradient ascent.

Run it, edit the constants below, run it again. README.md explains it. The names:

    x            the samples
    mean, s      their mean and standard deviation, where the log-likelihood is highest
    mu, sigma    the current guess; sigma is a standard deviation, not a variance
    mus, sigmas  all guesses of a run, the start first: the trajectories
"""

import math
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

# ----------------------------------------------------------- edit these constants
DATA = None  # your own samples, such as [70, 65, 82]; None draws them as follows
N_SAMPLES = 10_000  # how many; the more, the nearer the maximum is to the truth
MU_TRUE = 2.0  # mean they are drawn with; a larger one moves them to the right
SIGMA_TRUE = 2.0  # standard deviation they are drawn with; a larger one spreads them
SEED = 0  # picks the samples; another number picks others, None new ones every run

MU_START = -3.0  # first guess of mu; the further from mean, the longer the way
SIGMA_START = 1.0  # first guess of sigma; a larger one makes the steps of mu smaller
STEP_MU = 0.1  # step size of mu; larger: longer steps, unstable above 2 s^2, about 8
STEP_SIGMA = 0.01  # of sigma; larger: longer steps, unstable above s^2, about 4
N_ITERATIONS = 500  # updates of mu and sigma; more take longer and come nearer

FIGURE = "example2_nf.png"  # nf: normalizing flows, the course; saved beside this file


# --------------------------------------------------------------------- the ascent
def fit(x, mu_start, sigma_start, step_mu, step_sigma, n_iterations):
    """Return n_iterations + 1 mus and sigmas; fewer if sigma leaves 1e-30 to 1e30."""
    mean, s = float(np.mean(x)), float(np.std(x))  # all that is needed of x
    mu, sigma = float(mu_start), float(sigma_start)  # NumPy's own floats are slower
    mus, sigmas = [mu], [sigma]
    for _ in range(n_iterations):
        # The average of (x - mu) / sigma^2 over the samples.
        gradient_mu = (mean - mu) / sigma**2
        mu = mu + step_mu * gradient_mu

        # The average of (x - mu)^2 / sigma^3 - 1 / sigma, at the new mu. On purpose:
        # with the old one, sigma would fit a mu that is no longer there.
        mean_square = s**2 + (mean - mu) ** 2  # the average of (x - mu)^2
        gradient_sigma = mean_square / sigma**3 - 1 / sigma
        sigma = sigma + step_sigma * gradient_sigma

        if not 1e-30 <= sigma <= 1e30:  # negative, or floats would soon overflow
            break
        mus.append(mu)
        sigmas.append(sigma)
    return np.array(mus), np.array(sigmas)


def best_sigma(mu, mean, s):
    """Return the sigma at which gradient_sigma is zero: the best one at this mu."""
    return np.sqrt(s**2 + (mean - mu) ** 2)


def log_likelihood(mu, sigma, mean, s):
    """Return the average over the samples of log p(x), p the density of the guess."""
    mean_square = s**2 + (mean - mu) ** 2
    return -np.log(2 * np.pi) / 2 - np.log(sigma) - mean_square / (2 * sigma**2)


# ------------------------------------------------------- the verdict and the table
MOST_ITERATIONS = 1_000_000  # the largest N_ITERATIONS; so many take a few seconds


def verdict(x, mu_start, sigma_start, step_mu, step_sigma, n_iterations):
    """Return a text: whether the run converged; if not, why, and settings to paste."""
    mean, s = np.mean(x), np.std(x)
    # Near: closer than s / sqrt(2 n), the standard error of s, and than a figure shows.
    near = min(s / math.sqrt(2 * len(x)), s / 100)
    # 20,000 iterations more, too few to wait for, tell if it stays or arrives late.
    n_longer = min(n_iterations + 20_000, MOST_ITERATIONS)
    mus, sigmas = fit(x, mu_start, sigma_start, step_mu, step_sigma, n_longer)
    is_far = (abs(mus - mean) > near) | (abs(sigmas - s) > near)
    arrival = 1 + max(np.flatnonzero(is_far), default=-1)  # all are near from here on

    edits = safe_settings(mean, s)  # replaced below if more iterations are enough
    # Beside the maximum, an iteration multiplies the error of mu by 1 - step_mu / s^2
    # and that of sigma by 1 - 2 step_sigma / s^2: at the limits, by -1. Below them, all
    # runs arrive in the end, as README.md proves, unless fit breaks off.
    if step_mu >= 2 * s**2:
        reason = f"STEP_MU must be below 2 s^2 = {2 * s**2:.4g}."
    elif step_sigma >= s**2:
        reason = f"STEP_SIGMA must be below s^2 = {s**2:.4g}."
    elif len(sigmas) <= n_longer:  # fit broke off
        reason = f"iteration {len(sigmas)} takes sigma out of the range 1e-30 to 1e+30."
    elif arrival <= n_iterations:
        return f"Converged at iteration {arrival}."
    elif arrival <= n_longer:
        reason = "it needs more iterations."
        edits = f"N_ITERATIONS = {arrival}"
    else:
        shown = sigmas[: n_iterations + 1]  # what the figure shows
        reason = why_slow(shown, s, step_sigma, n_longer)
    paste = "This converges; paste it over the constants of the same names:"
    return f"Not converged: {reason}\n{paste}\n{edits}"


def why_slow(sigmas, s, step_sigma, n_longer):
    """Return why n_longer iterations are too few, given the sigmas in the figure."""
    highest, where = sigmas.max(), sigmas.argmax()
    # As gradient_sigma > -1 / sigma, an iteration takes < 2 step_sigma off sigma^2.
    n_down = (highest**2 - s**2) / (2 * step_sigma)
    if n_down <= n_longer:
        return "the steps are too small, or too near their limits."
    unit = 10 ** (len(str(int(n_down))) - 3)  # of the third digit
    n_least = int(n_down) // unit * unit  # rounded down, because it is at least so many
    reason = f"sigma is {highest:.4g} at iteration {where}, too high for STEP_SIGMA."
    return f"{reason}\nThe way down takes at least {n_least:.3g} iterations."


def safe_settings(mean, s):
    """Return settings to paste that converge for all samples, as README.md proves."""
    short_s = float(f"{s:.1e}")  # two digits, to be short to type
    short_mean = short_s * round(mean / short_s)  # at most short_s / 2 from mean
    return (  # .15g, because 3 * 0.1 is 0.30000000000000004
        f"MU_START = {short_mean - 2 * short_s:.15g}\n"  # 2 s off: a path to see
        f"SIGMA_START = {3 * short_s:.15g}\n"  # best_sigma is lower: sigma only falls
        f"STEP_MU = {short_s**2 / 2:.15g}\n"  # a quarter of its limit
        f"STEP_SIGMA = {short_s**2 / 4:.15g}\n"  # a quarter of its limit
        "N_ITERATIONS = 100"  # README.md proves that 94 are enough
    )


def table(gaussians, mean, s, n):
    """Return a table of Gaussians {label: (mu, sigma)} and of errors for n samples."""
    error_mu, error_sigma = s / math.sqrt(n), s / math.sqrt(2 * n)  # standard errors
    decimals = max(0, 1 - math.floor(math.log10(error_sigma)))  # 3 for 0.014
    largest = max(abs(mu) + sigma for mu, sigma in gaussians.values())
    fits = largest * 10**decimals < 1e15  # as a float has 15 digits, a column 20
    style = f"20.{decimals}f" if fits else "20.12g"
    text = f"{n:>10,} samples{'mu':>20}{'sigma':>20}{'log-likelihood':>20}\n"
    for label, (mu, sigma) in gaussians.items():
        value = log_likelihood(mu, sigma, mean, s)
        text += f"{label:18}{mu:{style}}{sigma:{style}}{value:20.7g}\n"
    return text + f"{'standard error':18}{error_mu:{style}}{error_sigma:{style}}"


# --------------------------------------------------------------------- the figure
BLUE, ORANGE = "#0060a8", "#e08a00"  # in grey, one is dark and the other light
# A line for each bell, a marker for its mu and sigma; sizes differ, so that none hides.
LOOKS = {
    "true": {"color": ORANGE, "lw": 4, "marker": "o", "ms": 14, "fillstyle": "none"},
    "start": {"color": BLUE, "lw": 1, "marker": "o", "ms": 9, "fillstyle": "none"},
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
        ax.plot(trajectory, color=BLUE, lw=2)
        ax.plot(0, trajectory[0], **LOOKS["start"])
        ax.plot(len(trajectory) - 1, trajectory[-1], **LOOKS["final"])
    # Invisible lines, to widen the axes of a run that hardly moves.
    mu_ax.plot([0, 1], [mean - s / 2, mean + s / 2], alpha=0)
    hill_ax.plot([mean - 3 * s, mean + 3 * s], [s / 2, 1.5 * s], alpha=0)

    mu_ax.set_title(r"mean $\mu$")
    sigma_ax.set(title=r"standard deviation $\sigma$", xlabel="iteration")
    sigma_ax.locator_params(axis="x", integer=True)
    all_sigmas = np.append(sigmas, [sigma for _, sigma in gaussians.values()])
    if all_sigmas.max() > 10 * all_sigmas.min():  # up to 10, margins stay above 0
        sigma_ax.set(title=r"standard deviation $\sigma$ (log scale)", yscale="log")
        sigma_ax.yaxis.set_minor_formatter("")  # ticks without numbers, on hill_ax, too
    draw_hill(hill_ax, mean, s, mus, sigmas, gaussians)
    draw_density(density_ax, x, mean, s, gaussians)
    figure.suptitle(headline)
    figure.legend(loc="outside lower center", ncols=4, frameon=False)  # of all panels
    return figure


def draw_hill(ax, mean, s, mus, sigmas, gaussians):
    """Draw the run and the Gaussians on the log-likelihood, a hill seen from above."""
    ax.plot(mus, sigmas, color=BLUE, lw=0.6, marker=".", ms=3, label="run")
    for label, (mu, sigma) in gaussians.items():
        ax.plot(mu, sigma, **LOOKS[label])
    mu_limits, sigma_limits = ax.get_xlim(), ax.get_ylim()  # what follows widens them
    mu_axis = np.union1d(np.linspace(*mu_limits, 200), mean)  # the lowest best_sigma
    sigma_axis = np.geomspace(*sigma_limits, 200)  # above 0: see all_sigmas in draw
    height = log_likelihood(*np.meshgrid(mu_axis, sigma_axis), mean, s)
    depth = log_likelihood(mean, s, mean, s) - height
    levels = [0.05, 0.2, 0.8, 3, 12, 50, 200, 800]  # four times as deep is twice as far
    shades = plt.get_cmap("Greens")(np.linspace(0, 0.4, len(levels) + 1))
    ax.contourf(mu_axis, sigma_axis, depth, levels, colors=shades, extend="both")
    curve = best_sigma(mu_axis, mean, s)
    ax.plot(mu_axis, curve, color="0.3", lw=1, label=r"best $\sigma$ for each $\mu$")
    ax.set(xlim=mu_limits, xlabel=r"$\mu$", ylim=sigma_limits, ylabel=r"$\sigma$")
    ax.locator_params(axis="x", nbins=4)  # more numbers may touch
    ax.set_title("log-likelihood: lighter is higher")


def draw_density(ax, x, mean, s, gaussians):
    """Draw a histogram of x, and each Gaussian as a bell, marked at its mu."""
    edges = bar_edges(x, s)
    ax.hist(x, edges, density=True, histtype="stepfilled", color="0.8", label="samples")
    low, high = mean - 4 * s, mean + 4 * s
    for label, (mu, sigma) in gaussians.items():
        grid = np.union1d(np.linspace(low, high, 1000), mu)  # mu is a thin bell's top
        bell = np.exp(-(((grid - mu) / sigma) ** 2) / 2) / (sigma * np.sqrt(2 * np.pi))
        at_mu = np.argmin(abs(grid - mu))
        ax.plot(grid, bell, label=label, markevery=[at_mu], **LOOKS[label])
    ax.set(title="density of $x$", xlim=(low, high), yticks=[])
    ax.set_ylim(-0.06 / s, 0.9 / s)  # best bell: 0.4 / s; flat ones' markers need room
    ax.locator_params(axis="x", nbins=4)


def bar_edges(x, s):
    """Return the edges of the bars of a histogram of x."""
    # Of whole numbers, bars of width 1.5 would be uneven: one number, then two. So the
    # width is a multiple of the gap between values.
    gaps = np.diff(np.unique(x[:: 1 + len(x) // 10_000]))  # many would take long
    gap = min(gaps[gaps > s / 1000], default=s / 1000)  # less is rounding, or unseen
    best_width = 3.5 * s / len(x) ** (1 / 3)  # Scott's rule, for a Gaussian
    width = gap * max(1, round(best_width / gap))
    return np.arange(x.min() - gap / 2, x.max() + width, width)  # beyond all x


# ---------------------------------------------- the samples, the checks, the whole
def load_samples():
    """Return the samples, shape (n,). Stop with one line if DATA cannot be fitted."""
    if DATA is None:
        return np.random.default_rng(SEED).normal(MU_TRUE, SIGMA_TRUE, N_SAMPLES)
    try:
        x = np.asarray(DATA, dtype=float)
    except (OverflowError, TypeError, ValueError) as error:
        raise SystemExit(f"DATA must be numbers: {error}") from None
    if x.ndim != 1 or len(x) < 2:
        raise SystemExit(f"DATA must be 2 or more numbers, not of shape {x.shape}")
    worst = np.argmax(abs(x))  # the first nan, if any, which check refuses
    check(f"In suitable units, DATA[{worst}]", float(x[worst]), -1e15, 1e15)
    return x


def check(name, value, low, high, types=(int, float)):
    """Stop with one line, unless value has one of the types and is in the range."""
    kind = "a whole number" if types is int else "a number"
    if not (isinstance(value, types) and low <= value <= high):
        wanted = f"{kind} from {low:g} to {high:g}"
        raise SystemExit(f"{name} must be {wanted}, not {value!r}")


def check_constants():
    """Stop with one line if a constant is of no use, or beyond what floats can do."""
    check("N_SAMPLES", N_SAMPLES, 2, 100_000_000, int)
    check("MU_TRUE", MU_TRUE, -1e15, 1e15)
    check("SIGMA_TRUE", SIGMA_TRUE, 1e-9, 1e15)
    if SEED is not None:
        check("SEED", SEED, 0, math.inf, int)
    check("MU_START", MU_START, -1e30, 1e30)
    check("SIGMA_START", SIGMA_START, 1e-30, 1e30)
    check("STEP_MU", STEP_MU, 1e-30, 1e30)
    check("STEP_SIGMA", STEP_SIGMA, 1e-30, 1e30)
    check("N_ITERATIONS", N_ITERATIONS, 1, MOST_ITERATIONS, int)


def main():
    """Take the samples, fit, tell the result, draw it, save the figure, show it."""
    check_constants()
    x = load_samples()
    mean, s = np.mean(x), np.std(x)
    name = "In suitable units, the standard deviation of DATA or SIGMA_TRUE"
    check(name, float(s), 1e-9 + 1e-11 * abs(mean), 1e15)  # s keeps 5 digits
    settings = MU_START, SIGMA_START, STEP_MU, STEP_SIGMA, N_ITERATIONS
    mus, sigmas = fit(x, *settings)
    gaussians = {"true": (MU_TRUE, SIGMA_TRUE)} if DATA is None else {}
    gaussians |= {"start": (mus[0], sigmas[0]), "final": (mus[-1], sigmas[-1])}
    gaussians["maximum likelihood"] = mean, s
    text = verdict(x, *settings)
    print(table(gaussians, mean, s, len(x)), text, sep="\n")

    figure = draw(x, mean, s, mus, sigmas, gaussians, headline=text.splitlines()[0])
    # Beside this file, or where a notebook runs, which has no __file__.
    folder = Path(__file__).parent if "__file__" in globals() else Path()
    try:
        name = FIGURE if Path(FIGURE).suffix else f"{FIGURE}.png"  # as savefig does
        figure.savefig(folder / name, dpi=220)  # 1760 pixels wide
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        raise SystemExit(f"FIGURE = {FIGURE!r} cannot be saved: {error}") from None
    print("Figure:", name, flush=True)  # now, as show waits for the window
    plt.show()


if __name__ == "__main__":
    main()
