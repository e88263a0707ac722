"""Fit a Gaussian with unknown mean and standard deviation by gradient ascent.

Run it, edit the constants below, run it again. README.md explains it. The names:

    x            the samples
    mean, s      their mean and standard deviation, where the log-likelihood is highest
    mu, sigma    the current guess; sigma is a standard deviation, not a variance
    mus, sigmas  all guesses of a run, the start first: the trajectories
"""

import math
from pathlib import Path
from statistics import NormalDist

import matplotlib.pyplot as plt
import numpy as np

# ----------------------------------------------------------- edit these constants
DATA = None  # your own samples, such as [70, 65, 82]; None draws them as follows
N_SAMPLES = 10_000  # how many; the more, the nearer the maximum is to the truth
MU_TRUE = 2.0  # mean they are drawn with; a larger one moves them to the right
SIGMA_TRUE = 2.0  # standard deviation they are drawn with; a larger one spreads them
SEED = 0  # picks the samples; another number picks others, None new ones every run

MU_START = -3.0  # first guess of mu; the further from mean, the longer the way
SIGMA_START = 1.0  # first guess of sigma; a larger one makes the first steps smaller
STEP_MU = 0.1  # step size of mu; larger is faster up to s^2, and unstable from 2 s^2 on
STEP_SIGMA = 0.01  # of sigma; larger is faster up to s^2 / 2, and unstable from s^2 on
N_ITERATIONS = 500  # updates of mu and sigma; more take longer and come nearer

FIGURE = "example2_nf.png"  # saved beside this file; the course page calls it so


# --------------------------------------------------------------------- the ascent
def fit(x, mu_start, sigma_start, step_mu, step_sigma, n_iterations):
    """Return n_iterations + 1 mus and sigmas for the samples x, or fewer: see break."""
    # The log-likelihood and its gradients are averages over the samples. They need only
    # mean and s, because the average of (x - mu)^2 is s^2 + (mean - mu)^2.
    mean, s = float(np.mean(x)), float(np.std(x))  # in a loop, NumPy's floats are slow
    mu, sigma = float(mu_start), float(sigma_start)
    mus, sigmas = [mu], [sigma]
    for _ in range(n_iterations):
        # The average of (x - mu) / sigma^2.
        gradient_mu = (mean - mu) / sigma**2
        mu = mu + step_mu * gradient_mu

        # The average of (x - mu)^2 / sigma^3 - 1 / sigma. Not simultaneous: mu is the
        # new one already, as on the course page, so that sigma follows it at once.
        mean_square = s**2 + (mean - mu) ** 2
        gradient_sigma = mean_square / sigma**3 - 1 / sigma
        sigma = sigma + step_sigma * gradient_sigma

        if not 1e-30 <= sigma <= 1e30:  # negative, or floats would soon overflow
            break
        mus.append(mu)
        sigmas.append(sigma)
    return np.array(mus), np.array(sigmas)


def best_sigma(mu, mean, s):
    """Return the sigma with the highest log-likelihood at mu: its gradient is zero."""
    return np.sqrt(s**2 + (mean - mu) ** 2)


def log_likelihood(mu, sigma, mean, s):
    """Return the average over the samples of log p(x), p the density of the guess."""
    mean_square = s**2 + (mean - mu) ** 2
    return -np.log(2 * np.pi) / 2 - np.log(sigma) - mean_square / (2 * sigma**2)


# ------------------------------------------------------- the verdict and the table
MOST_ITERATIONS = 1_000_000  # largest N_ITERATIONS accepted or proposed; takes seconds
PASTE = "This converges; paste it over the constants of the same names:"


def verdict(x, mu_start, sigma_start, step_mu, step_sigma, n_iterations):
    """Return lines: whether the run converged; if not, why, and settings to paste."""
    mean, s = np.mean(x), np.std(x)
    # Run again with 20,000 iterations more, to see whether it stays, or arrives late.
    n_longer = n_iterations + 20_000
    mus, sigmas = fit(x, mu_start, sigma_start, step_mu, step_sigma, n_longer)
    n_done = mus.size - 1  # without the start
    # Near is within the smaller standard error, s's, and too little for the figure.
    near = min(s / math.sqrt(2 * len(x)), s / 100)
    far = np.flatnonzero((abs(mus - mean) > near) | (abs(sigmas - s) > near))
    arrival = far[-1] + 1 if far.size else 0  # from here on, all are near
    more_would_do = arrival <= min(n_done, MOST_ITERATIONS)
    peak = np.argmax(sigmas[: n_iterations + 1])
    n_down = iterations_down(sigmas[peak], s, step_sigma)
    edits = [PASTE, *safe_settings(mean, s)]
    # Above a limit, small errors grow. Below both, all runs arrive in the end, as
    # README.md proves, if floats can hold their sigma.
    if step_mu >= 2 * s**2:
        reason = f"STEP_MU must be below 2 s^2 = {2 * s**2:.4g}."
    elif step_sigma >= s**2:
        reason = f"STEP_SIGMA must be below s^2 = {s**2:.4g}."
    elif n_done < n_longer:
        reason = f"iteration {n_done + 1} takes sigma out of 1e-30 to 1e+30."
    elif arrival <= n_iterations:
        return [f"Converged at iteration {arrival}."]
    elif more_would_do:
        reason = "it needs more iterations."
        edits = [PASTE, f"N_ITERATIONS = {arrival}"]
    elif n_down > n_longer:
        reason = f"sigma is {sigmas[peak]:.4g} at iteration {peak}, far too high."
        edits = [f"The way down takes at least {n_down:.3g} iterations.", *edits]
    else:
        reason = "the steps are too small, or too near their limits."
    return [f"Not converged: {reason}", *edits]


def iterations_down(sigma, s, step_sigma):
    """Return the least number of iterations from sigma down to s, with three digits."""
    # One iteration lowers sigma^2 by < 2 step_sigma, as gradient_sigma > -1 / sigma.
    number = (sigma**2 - s**2) / (2 * step_sigma)
    third_digit = 10.0 ** (math.floor(math.log10(max(1, number))) - 2)
    return number // third_digit * third_digit  # rounded down


def safe_settings(mean, s):
    """Return lines with settings that converge for any samples, as README.md proves."""
    short_s = float(f"{s:.1e}")  # two digits
    short_mean = short_s * round(mean / short_s)  # also few digits; at most s / 2 off
    return [  # .15g writes 0.3 for 0.30000000000000004
        f"MU_START = {short_mean - 2 * short_s:.15g}",  # a way to see
        f"SIGMA_START = {3 * short_s:.15g}",  # best_sigma is 2.7 s at most: it falls
        f"STEP_MU = {short_s**2 / 2:.15g}",  # a quarter of its limit
        f"STEP_SIGMA = {short_s**2 / 4:.15g}",  # a quarter of its limit
        "N_ITERATIONS = 100",
    ]


def table(gaussians, mean, s, n):
    """Return a table of the Gaussians {label: (mu, sigma)}, fitted to n samples."""
    error_mu, error_sigma = s / math.sqrt(n), s / math.sqrt(2 * n)
    places = max(0, 1 - math.floor(math.log10(error_sigma)))  # two digits of it
    largest = max(abs(mu) + sigma for mu, sigma in gaussians.values())
    style = f"20.{places}f" if places + math.log10(1 + largest) < 16 else "20.12g"
    text = f"{'':18}{'mu':>20}{'sigma':>20}{'log-likelihood':>20}\n"
    for label, (mu, sigma) in gaussians.items():
        height = log_likelihood(mu, sigma, mean, s)
        text += f"{label:18}{mu:{style}}{sigma:{style}}{height:20.7g}\n"
    return text + f"{'standard error':18}{error_mu:{style}}{error_sigma:{style}}"


# --------------------------------------------------------------------- the figure
BLUE, ORANGE = "#0060a8", "#e08a00"  # in grey, one is dark and the other light
# The look of each Gaussian: a line for its bell, a marker for its mu and sigma.
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
    hill_ax.sharey(sigma_ax)
    # Lines at the truth and the maximum, without the markers.
    for label, (mu, sigma) in gaussians.items():
        if label in ("true", "maximum likelihood"):
            mu_ax.axhline(mu, **LOOKS[label]).set_marker("")
            sigma_ax.axhline(sigma, **LOOKS[label]).set_marker("")
    for ax, trajectory in ((mu_ax, mus), (sigma_ax, sigmas)):
        ax.plot(trajectory, color=BLUE, lw=2)
        ax.plot(0, trajectory[0], **LOOKS["start"])
        ax.plot(trajectory.size - 1, trajectory[-1], **LOOKS["final"])
    # Invisible: each axis shows at least this much, also of a run that hardly moves.
    mu_ax.plot([0, 1], [mean - s / 2, mean + s / 2], alpha=0)
    hill_ax.plot([mean - 3 * s, mean + 3 * s], [s / 2, 1.5 * s], alpha=0)

    mu_ax.set_title(r"mean $\mu$")
    sigma_ax.set(title=r"standard deviation $\sigma$", xlabel="iteration")
    sigma_ax.locator_params(axis="x", integer=True)
    shown = np.append(sigmas, [sigma for _, sigma in gaussians.values()])
    if shown.max() > 10 * shown.min():
        sigma_ax.set(yscale="log", title=r"standard deviation $\sigma$ (log scale)")
        sigma_ax.yaxis.set_minor_formatter("")  # only powers of ten
    draw_hill(hill_ax, mean, s, mus, sigmas, gaussians)
    draw_density(density_ax, x, mean, s, gaussians)
    figure.suptitle(headline)
    figure.legend(loc="outside lower center", ncols=4, frameon=False)
    return figure


def draw_hill(ax, mean, s, mus, sigmas, gaussians):
    """Draw the run and the Gaussians on the log-likelihood, a hill seen from above."""
    ax.plot(mus, sigmas, color=BLUE, lw=0.6, marker=".", ms=3, label="run")
    for label, (mu, sigma) in gaussians.items():
        ax.plot(mu, sigma, **LOOKS[label])
    mu_limits, sigma_limits = ax.get_xlim(), ax.get_ylim()  # for what is drawn so far
    mu_axis = np.union1d(np.linspace(*mu_limits, 200), mean)  # where best_sigma dips
    sigma_axis = np.geomspace(*sigma_limits, 200)  # for a linear or a log axis
    height = log_likelihood(*np.meshgrid(mu_axis, sigma_axis), mean, s)
    depth = log_likelihood(mean, s, mean, s) - height
    levels = [0.05, 0.2, 0.8, 3, 12, 50, 200, 800]  # the same shades in all runs
    # Light greens: one between two levels, and one at each end.
    shades = plt.get_cmap("Greens")(np.linspace(0, 0.4, len(levels) + 1))
    ax.contourf(mu_axis, sigma_axis, depth, levels, colors=shades, extend="both")
    curve = best_sigma(mu_axis, mean, s)
    ax.plot(mu_axis, curve, color="0.3", lw=1, label=r"best $\sigma$ for each $\mu$")
    ax.set(xlim=mu_limits, xlabel=r"$\mu$", ylim=sigma_limits, ylabel=r"$\sigma$")
    ax.locator_params(axis="x", nbins=4)  # because more numbers may touch
    ax.set_title("log-likelihood: lighter is higher")


def draw_density(ax, x, mean, s, gaussians):
    """Draw the histogram of x, and each Gaussian as a bell, marked at its mu."""
    # Of rounded samples, each bar should hold equally many values: edges between them.
    gaps = np.diff(np.unique(x[:10_000]))  # of more, np.unique would be slow
    gap = min(s, min(gaps[gaps > s / 1000], default=s / 1000))  # less is rounding
    scott = 3.5 * s / x.size ** (1 / 3)  # a good width for a Gaussian: Scott's rule
    width = gap * max(1, round(scott / gap))
    an_edge = x[np.argmin(abs(x - mean))] + gap / 2  # within 2 s of mean
    n_bars = math.ceil(6 * s / width)  # on each side: 2 s, and the 4 s shown
    edges = an_edge + width * np.arange(-n_bars, n_bars + 1)
    ax.hist(x, edges, density=True, histtype="stepfilled", color="0.8", label="samples")
    low, high = mean - 4 * s, mean + 4 * s
    for label, (mu, sigma) in gaussians.items():
        points = np.union1d(np.linspace(low, high, 1000), mu)  # mu for its top
        bell = [NormalDist(mu, sigma).pdf(point) for point in points]
        top = points.searchsorted(mu)
        ax.plot(points, bell, markevery=[top], label=label, **LOOKS[label])
    ax.set(title="density of $x$", xlim=(low, high), yticks=[])
    ax.set_ylim(-0.06 / s, 0.9 / s)  # room below for markers of flat bells
    ax.locator_params(axis="x", nbins=4)


# ---------------------------------------------- the samples, the checks, the whole
def load_samples():
    """Return the samples, shape (n,). Stop with one line if they cannot be fitted."""
    name, x = "DATA (in suitable units)", DATA  # the name is for messages
    if DATA is None:
        name = "N(MU_TRUE, SIGMA_TRUE)"
        x = np.random.default_rng(SEED).normal(MU_TRUE, SIGMA_TRUE, N_SAMPLES)
    try:
        x = np.asarray(x, dtype=float)
    except (OverflowError, TypeError, ValueError) as error:
        raise SystemExit(f"DATA must be numbers: {error}") from None
    if x.ndim != 1 or x.size < 2:
        raise SystemExit(f"DATA must be 2 or more numbers, not of shape {x.shape}")
    worst = np.argmax(abs(x))  # a nan, if there is one, which check refuses, too
    check(f"Sample {worst} of {name}", float(x[worst]), -1e15, 1e15)
    least = max(1e-9, 1e-11 * abs(np.mean(x)))  # less would drown in rounding
    check(f"The standard deviation of {name}", float(np.std(x)), least, 1e15)
    return x


def check(name, value, low, high, kind="a number"):
    """Stop with one line, unless value is of the kind, and from low to high."""
    types = int if kind == "a whole number" else (int, float)
    if not (isinstance(value, types) and low <= value <= high):
        wanted = f"{kind} from {low:g} to {high:g}"
        raise SystemExit(f"{name} must be {wanted}, not {value!r}")


def check_constants():
    """Stop with a line if a constant is of no use, or so large that floats overflow."""
    check("N_SAMPLES", N_SAMPLES, 2, 100_000_000, "a whole number")
    check("MU_TRUE", MU_TRUE, -1e15, 1e15)
    check("SIGMA_TRUE", SIGMA_TRUE, 1e-9, 1e15)
    check("SEED", 0 if SEED is None else SEED, 0, 10**18, "a whole number")
    check("MU_START", MU_START, -1e30, 1e30)
    check("SIGMA_START", SIGMA_START, 1e-30, 1e30)
    check("STEP_MU", STEP_MU, 1e-30, 1e30)
    check("STEP_SIGMA", STEP_SIGMA, 1e-30, 1e30)
    check("N_ITERATIONS", N_ITERATIONS, 1, MOST_ITERATIONS, "a whole number")


def main():
    """Take the samples, fit, tell the result, draw it, save the figure, show it."""
    check_constants()
    x = load_samples()
    mean, s = np.mean(x), np.std(x)
    settings = MU_START, SIGMA_START, STEP_MU, STEP_SIGMA, N_ITERATIONS
    mus, sigmas = fit(x, *settings)
    lines = verdict(x, *settings)
    gaussians = {"true": (MU_TRUE, SIGMA_TRUE)} if DATA is None else {}
    gaussians["start"] = mus[0], sigmas[0]
    gaussians["final"] = mus[-1], sigmas[-1]
    gaussians["maximum likelihood"] = mean, s
    print(table(gaussians, mean, s, x.size), *lines, sep="\n")

    figure = draw(x, mean, s, mus, sigmas, gaussians, headline=lines[0])
    folder = Path(__file__).parent if "__file__" in globals() else Path()  # notebook
    try:
        name = FIGURE if Path(FIGURE).suffix else f"{FIGURE}.png"
        figure.savefig(folder / name, dpi=220)  # 1760 pixels wide
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        raise SystemExit(f"FIGURE = {FIGURE!r} cannot be saved: {error}") from None
    print("Figure:", name, flush=True)  # now, because a window waits to be closed
    plt.show()


if __name__ == "__main__":
    main()
