"""Fit a Gaussian with unknown mean and standard deviation by gradient ascent.

Run `python fit_gaussian.py`, edit the constants below, run it again. README.md has
the mathematics, and the course page that it follows. The names:

    x            the n samples, shape (n,)
    mean, s      their mean and standard deviation, where the log-likelihood is highest
    mu, sigma    the current guess; sigma is a standard deviation, not a variance
    mus, sigmas  all guesses, the start first: the trajectories
"""

import math
from numbers import Integral, Real
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np

# ----------------------------------------------------------- edit these constants
# The samples: your own numbers, or drawn from a Gaussian.
DATA = None  # your own, such as [70, 65, 82]; None draws samples as the next four say
N_SAMPLES = 10_000  # how many; the more, the nearer the maximum is to the truth
MU_TRUE = 2.0  # mean of the Gaussian; a larger one moves the samples to the right
SIGMA_TRUE = 2.0  # its standard deviation; a larger one spreads the samples out
SEED = 0  # picks the samples; another number picks others, None new ones every run

# The ascent: where it starts, how far it steps, how often. s is the standard deviation
# of the samples; the limits are derived in README.md.
MU_START = -3.0  # first guess of mu; the further from mean, the longer the way
SIGMA_START = 1.0  # first guess of sigma; a larger one makes smaller steps of mu
STEP_MU = 0.1  # step size of mu; near the maximum fastest at s^2, unstable above 2 s^2
STEP_SIGMA = 0.01  # the same for sigma; fastest at s^2 / 2, unstable above s^2
N_ITERATIONS = 500  # updates of mu and sigma; more take longer and come nearer

# The picture: saved beside this file, and named as on the course page.
FIGURE = "example2_nf.png"

# ---------------------------------------------------------------- the mathematics
# Sigma stays in this range, because sigma^3 must be a float, which end at 1e-308 and
# 1e308. The step sizes have the same range, to have one less to remember.
SMALLEST, LARGEST = 1e-90, 1e90


def log_likelihood(mu, sigma, mean, s):
    """Return the average log-likelihood of the samples at mu, sigma (or arrays).

    The average of (x - mu)^2 is s^2 + (mean - mu)^2: only mean and s of x are needed.
    """
    mean_square = s**2 + (mean - mu) ** 2
    return -0.5 * np.log(2 * np.pi) - np.log(sigma) - mean_square / (2 * sigma**2)


def best_sigma(mu, mean, s):
    """Return the sigma with the highest log-likelihood at mu.

    It is where gradient_sigma in `climb` is zero: the steps of sigma lead towards it.
    """
    return np.sqrt(s**2 + (mean - mu) ** 2)


def climb(mean, s, mu_start, sigma_start, step_mu, step_sigma, n_iterations):
    """Return mus and sigmas, each with the start first, and invalid_sigma.

    invalid_sigma is None, or a sigma that is not in SMALLEST to LARGEST: it ended the
    ascent early, and is not in sigmas.
    """
    # Python's floats, because NumPy's are slower in a loop and warn of an overflow.
    mu, sigma = float(mu_start), float(sigma_start)
    step_mu, step_sigma = float(step_mu), float(step_sigma)
    mus, sigmas = [mu], [sigma]
    for _ in range(n_iterations):
        gradient_mu = (mean - mu) / sigma**2
        mu = mu + step_mu * gradient_mu

        # Not simultaneous: sigma's gradient is taken at the new mu, as on the course
        # page, because the new mu is the better guess. It changes the path but not
        # its end, because at the maximum both gradients are zero.
        distance = mean - mu
        # distance**2 would raise OverflowError. A product becomes inf, and sigma, too,
        # which ends the ascent below.
        mean_square = s**2 + distance * distance
        gradient_sigma = mean_square / sigma**3 - 1 / sigma
        sigma = sigma + step_sigma * gradient_sigma

        if not SMALLEST <= sigma <= LARGEST:
            return np.array(mus), np.array(sigmas), sigma
        mus.append(mu)
        sigmas.append(sigma)
    return np.array(mus), np.array(sigmas), None


# --------------------------------------------------------- samples and settings
# For samples in these limits, what `known_settings` proposes, such as s^2 / 2, is in
# SMALLEST to LARGEST, and mean - 2 s within LARGEST_MU.
LARGEST_SAMPLE = 1e40
SMALLEST_S = 1e-40
LARGEST_MU = 1e41
MOST_ITERATIONS = 1_000_000  # with the figure, they take 7 s


def check(name, value, low, high, kind=Real):
    """Raise ValueError that names the constant, unless it is a number in the range."""
    if isinstance(value, np.generic):
        value = value.item()  # because comparing np.float32 with 1e90 overflows
    right_kind = isinstance(value, kind) and not isinstance(value, bool)
    if not (right_kind and low <= value <= high):
        number = "whole number" if kind is Integral else "number"
        wanted = f"a {number} from {low:,} to {high:,}"
        raise ValueError(f"{name} must be {wanted}, not {value!r}")


def as_samples(x, name):
    """Return x as an array of floats, or raise ValueError that calls it by name."""
    if np.ma.is_masked(x):  # a NumPy array that hides values; asarray would show them
        raise ValueError(f"{name} must have no masked values")
    try:
        array = np.asarray(x)
    except ValueError:  # x has lists of several lengths, which the loop below refuses
        array = np.asarray(x, dtype=object)
    if array.ndim != 1 or array.size < 2:
        wanted = "a list or column of 2 or more numbers"
        raise ValueError(f"{name} must be {wanted}, not of shape {array.shape}")
    if array.dtype.kind in "iuf":  # integers, unsigned integers, floats
        array = array.astype(float, copy=False)
        # NaN fails both comparisons.
        if array.min() >= -LARGEST_SAMPLE and array.max() <= LARGEST_SAMPLE:
            return array
    # Find what cannot be used: text, None, NaN, too large a number. Look in x, because
    # asarray turns the 70 of [70, "65"] into text, too.
    for i, value in enumerate(x):
        check(f"{name}[{i}]", value, -LARGEST_SAMPLE, LARGEST_SAMPLE)
    return array.astype(float)  # all are numbers, such as fractions


def maximum_likelihood(x, name="x"):
    """Return mean and s of the samples x, shape (n,): the maximum in closed form.

    Raise ValueError with the name if x cannot be fitted.
    """
    x = as_samples(x, name)
    mean = float(x.mean())
    # The same as x.std(), which divides by n, but faster where there are many samples.
    s = float(np.linalg.norm(x - mean)) / math.sqrt(x.size)
    # To converge, mu must come within a standard error of mean and within s / 100. It
    # cannot if floats near mean are too far apart: 10 of their gaps leave a margin.
    near = min(s / math.sqrt(x.size), s / 100)
    if s < SMALLEST_S or near < 10 * np.spacing(abs(mean)):
        spread = f"their standard deviation is {s:.2g} at a mean of {mean:.2g}"
        raise ValueError(f"{name} must differ by more than rounding: {spread}")
    return mean, s


def load_samples():
    """Return the samples, and the true mu and sigma or None if they are unknown."""
    if DATA is not None:
        maximum_likelihood(DATA, "DATA")  # for its error only, which says DATA
        return DATA, None
    check("N_SAMPLES", N_SAMPLES, 2, 100_000_000, Integral)  # 1e8 take 14 s
    check("MU_TRUE", MU_TRUE, -LARGEST_SAMPLE, LARGEST_SAMPLE)
    check("SIGMA_TRUE", SIGMA_TRUE, SMALLEST_S, LARGEST_SAMPLE)
    if SEED is not None:
        check("SEED", SEED, 0, 10**18, Integral)  # far beyond what anyone types
    truth = float(MU_TRUE), float(SIGMA_TRUE)
    x = np.random.default_rng(SEED).normal(*truth, N_SAMPLES)
    # For its error only: SIGMA_TRUE may be lost in rounding beside MU_TRUE.
    maximum_likelihood(x, "N(MU_TRUE, SIGMA_TRUE)")
    return x, truth


def fit(x, mu_start, sigma_start, step_mu, step_sigma, n_iterations):
    """Return mus and sigmas of the ascent for the samples x, shape (n,).

    n_iterations + 1 values each, the start first; fewer if sigma leaves its range.
    Raise ValueError if x or a setting cannot be used. The equations are in README.md.
    """
    check("MU_START", mu_start, -LARGEST_MU, LARGEST_MU)
    check("SIGMA_START", sigma_start, SMALLEST, LARGEST)
    check("STEP_MU", step_mu, SMALLEST, LARGEST)
    check("STEP_SIGMA", step_sigma, SMALLEST, LARGEST)
    check("N_ITERATIONS", n_iterations, 1, MOST_ITERATIONS, Integral)
    mean, s = maximum_likelihood(x)
    mus, sigmas, _ = climb(
        mean, s, mu_start, sigma_start, step_mu, step_sigma, n_iterations
    )
    return mus, sigmas


# -------------------------------------------------------------------- the verdict
def standard_errors(s, n):
    """Return the standard errors of mean and s: how far they typically are from truth.

    They are those of n samples of a Gaussian, as README.md derives them.
    """
    return s / math.sqrt(n), s / math.sqrt(2 * n)


def arrival(mus, sigmas, mean, s, n):
    """Return the iteration from which mu and sigma stay near, None if they do not.

    Near is within a standard error of the maximum, as close as n samples can tell, and
    within s / 100 of it, as close as one can see in the figure.
    """
    error_mu, error_sigma = standard_errors(s, n)
    far_mu = abs(mus - mean) > min(error_mu, s / 100)
    far_sigma = abs(sigmas - s) > min(error_sigma, s / 100)
    far = np.flatnonzero(far_mu | far_sigma)
    arrived = int(far[-1]) + 1 if far.size else 0  # after the last that is far
    # arrived == mus.size means that even the last one is far.
    return arrived if arrived < mus.size else None


def unstable_steps(s, step_mu, step_sigma):
    """Return a line for each step size that is not below its limit.

    Near the maximum, an iteration multiplies the error of mu by 1 - step_mu / s^2 and
    that of sigma by 1 - 2 step_sigma / s^2. At -1 and below, errors do not shrink.
    """
    lines = []
    if step_mu >= 2 * s**2:
        lines.append(f"STEP_MU is not below 2 s^2 = {2 * s**2:.4g}: mu would bounce.")
    if step_sigma >= s**2:
        lines.append(f"STEP_SIGMA is not below s^2 = {s**2:.4g}: sigma would bounce.")
    return lines


def leaps(mus, sigmas, mean, s):
    """Return lines on the first iteration at which mu goes too far, and sigma likewise.

    Less than s / 100 does not count, because it is not visible in the figure.
    """
    lines = []
    # Each step takes mu towards mean. If mu ends further away, it has gone too far.
    distance = abs(mean - mus)
    mu_leaps = np.flatnonzero(distance[1:] > distance[:-1] + s / 100)
    if mu_leaps.size:
        i = mu_leaps[0]
        change = f"{mus[i]:.4g} to {mus[i + 1]:.4g}"
        lines.append(f"Iteration {i + 1} takes mu from {change}, past the mean.")
    # Each step then takes sigma towards the best one for the new mu. Only steps up are
    # looked at: one down goes past it only if step_sigma is above s^2 / 2, and it is
    # `unstable_steps` that tells when this matters.
    best = best_sigma(mus[1:], mean, s)
    sigma_leaps = np.flatnonzero((sigmas[:-1] < best) & (sigmas[1:] > best + s / 100))
    if sigma_leaps.size:
        i = sigma_leaps[0]
        change = f"{sigmas[i]:.4g} to {sigmas[i + 1]:.4g}"
        lines.append(f"Iteration {i + 1} takes sigma from {change},")
        lines.append(f"past {best[i]:.4g}, the best sigma for its mu.")
    return lines


def known_settings(mean, s):
    """Return settings of `fit` that converge, as README.md proves.

    sigma starts above the best sigma for mu_start, and the steps are half of s^2 and of
    s^2 / 2: then sigma only falls, and each step brings mu nearer to mean.
    """
    digits = -math.floor(math.log10(s))  # 2 for s = 0.034, to round to 0.01
    mu_start = round(mean - 2 * s, digits)  # 2.5 s from mean, at most
    return {
        "mu_start": mu_start + 0.0,  # + 0.0 makes 0.0 of -0.0
        "sigma_start": float(f"{3 * s:.1e}"),  # 2 digits; the best is 2.7 s, at most
        "step_mu": float(f"{s**2 / 2:.1e}"),
        "step_sigma": float(f"{s**2 / 4:.1e}"),
        "n_iterations": 100,  # measured: 41 are enough even for 1e8 samples
    }


def verdict(x, **settings):
    """Return whether fit(x, **settings) converged, and a text for people."""
    fit(x, **settings)  # raises ValueError if x or a setting cannot be used
    mean, s = maximum_likelihood(x)
    # Python's numbers, because np.int8(100) + 20_000 would overflow.
    settings = {name: np.asarray(value).item() for name, value in settings.items()}
    n_iterations = settings["n_iterations"]
    # Climb further, to see when it arrives, and because an ascent that bounces may be
    # near at the last iteration by chance. 20,000 iterations take 0.01 s.
    further = {**settings, "n_iterations": n_iterations + 20_000}
    mus, sigmas, invalid_sigma = climb(mean, s, **further)
    arrived = arrival(mus, sigmas, mean, s, len(x))
    unstable = unstable_steps(s, settings["step_mu"], settings["step_sigma"])
    # An unstable ascent that starts on the maximum stays there, but only by luck.
    converges = arrived is not None and not unstable

    if converges and arrived <= n_iterations:
        return True, f"Converged at iteration {arrived}."
    if converges and arrived <= MOST_ITERATIONS:  # `fit` refuses more
        lines = ["It is on its way and needs more iterations."]
        edits = {"n_iterations": arrived}
    else:
        lines = unstable + leaps(mus, sigmas, mean, s)
        if invalid_sigma is not None:
            failed = sigmas.size  # because sigmas[0] is the start
            change = f"would take sigma to {invalid_sigma:.4g}"
            lines.append(f"Iteration {failed} {change}, and end the ascent.")
        if not lines:  # no unstable step, no leap, no early end
            lines.append("It is on its way, but far too slowly.")
        edits = known_settings(mean, s)
        edits["n_iterations"] = max(edits["n_iterations"], n_iterations)  # never fewer
    lines.append("This converges; paste it over the constants of the same names:")
    for name, value in edits.items():
        if value != settings[name]:
            lines.append(f"{name.upper()} = {value}")
    return False, "\n".join(["Not converged.", *lines])


# ---------------------------------------------------------------------- the table
def cell(number, error):
    """Return number as 16 characters, rounded like an error with two digits."""
    decimals = max(0, 1 - math.floor(math.log10(error)))  # 3 for an error of 0.020
    text = f"{number:.{decimals}f}"
    if len(text) > 14:  # too long beside other columns
        text = f"{number:.8g}"
    return f"{text:>16}"


def report(x, mus, sigmas, truth=None):
    """Return the table of a run as text; truth is the true mu and sigma, if known."""
    mean, s = maximum_likelihood(x)
    error_mu, error_sigma = standard_errors(s, len(x))
    # One standard error from the maximum, the log-likelihood is 0.5 / n lower.
    error_log_lik = 0.5 / len(x)
    rows = {"start": (mus[0], sigmas[0]), "final": (mus[-1], sigmas[-1])}
    rows["max. lik."] = mean, s
    if truth is not None:
        rows["true"] = truth
    text = f"{'':10}{'mu':>16}{'sigma':>16}{'log-lik.':>16}\n"
    for label, (mu, sigma) in rows.items():
        text += f"{label:10}" + cell(mu, error_mu) + cell(sigma, error_sigma)
        text += cell(log_likelihood(mu, sigma, mean, s), error_log_lik) + "\n"
    text += f"{'std. error':10}" + cell(error_mu, error_mu)
    return text + cell(error_sigma, error_sigma)


# --------------------------------------------------------------------- the figure
STYLE = [
    "default",  # because the user's matplotlibrc should not change the figure
    {"font.size": 11.5},  # because README.md shows the figure at half its size
    # There is no room for long numbers: from 10,000 on, and below 0.01, their power of
    # ten is at the end of the axis, and so is what they share: +1.2e3 of 1200.5, 1201.
    {"axes.formatter.limits": (-2, 4), "axes.formatter.offset_threshold": 2},
]
BLUE, ORANGE = "#0060a8", "#f5a623"  # in grey, one is dark and the other light
RUN = {"color": BLUE, "lw": 0.6, "marker": ".", "ms": 3}
# For each Gaussian, lw is for its bell, and the marker for its point (mu, sigma).
START = {"color": BLUE, "lw": 1, "marker": "o", "ms": 7, "mfc": "white"}
FINAL = {"color": BLUE, "lw": 2.5, "marker": "o", "ms": 7}
TRUE = {"color": ORANGE, "lw": 4, "marker": "o", "ms": 13, "mfc": "none", "mew": 2}
MAXIMUM = {"color": "black", "lw": 1, "ls": ":", "marker": "+", "ms": 13}


def draw_trajectory(ax, path, maximum):
    """Draw mus or sigmas over the iterations, and a level line at the maximum."""
    ax.axhline(maximum, color="black", lw=1, ls=":")
    ax.plot(path, **RUN)
    ax.plot(0, path[0], **START)
    ax.plot(path.size - 1, path[-1], **FINAL)
    ax.locator_params(axis="x", integer=True)  # because there is no iteration 0.5


def draw_hill(ax, mus, sigmas, mean, s, gaussians):
    """Draw the run and the Gaussians on the log-likelihood, a hill seen from above.

    gaussians is a list of (label, mu, sigma, style).
    """
    ax.plot(mus, sigmas, **RUN)
    for _, mu, sigma, style in gaussians:
        ax.plot(mu, sigma, **style)
    if ax.get_ylim()[0] <= 0:  # the automatic margin reaches where no sigma is
        ax.set_yscale("log")
        ax.yaxis.set_minor_formatter("")  # because numbers between powers overlap
    # Freeze the limits, here and in the panels that share them.
    ax.set(xlim=ax.get_xlim(), ylim=ax.get_ylim())

    # The maximum is on the grid, or its light shade could be lost between two points.
    # geomspace is fine enough on both kinds of axis.
    mu_axis = np.union1d(np.linspace(*ax.get_xlim(), 200), mean)
    sigma_axis = np.union1d(np.geomspace(*ax.get_ylim(), 200), s)
    mu_grid, sigma_grid = np.meshgrid(mu_axis, sigma_axis)
    highest = log_likelihood(mean, s, mean, s)
    depth = highest - log_likelihood(mu_grid, sigma_grid, mean, s)
    # Levels 0.05, 0.1, 0.2, ... 1638 below the highest: the same in all runs, so that a
    # shade means the same. They double, to cover shallow and deep starts; deeper ones
    # have the last shade.
    levels = 0.05 * 2.0 ** np.arange(16)
    white, green = (1, 1, 1), (0.35, 0.55, 0.4)
    shades = np.linspace(white, green, levels.size + 1)  # first, 15 between, last
    ax.contourf(mu_grid, sigma_grid, depth, levels, colors=shades, extend="both")
    best = best_sigma(mu_axis, mean, s)
    ax.plot(mu_axis, best, color="0.3", lw=1, label=r"best $\sigma$ for each $\mu$")


def draw_bells(ax, x, mean, s, gaussians):
    """Draw the histogram of x, and the density of each Gaussian, marked at its mu."""
    # Not over all of x, because a single outlier would make every bin wide.
    ends = mean - 4 * s, mean + 4 * s
    # Twice Rice's 2 n^(1/3) bins, because 8 s may be twice the range of the samples.
    n_bins = 4 * math.ceil(x.size ** (1 / 3))
    bars = {"density": True, "histtype": "stepfilled", "color": "0.85"}
    ax.hist(x, n_bins, range=ends, label="samples", **bars)
    # As far as 40 sigma, where exp(-40^2 / 2) is 0, because the flanks of a narrow and
    # high bell can be seen until there.
    z = np.linspace(-40, 40, 1601)
    for label, mu, sigma, style in gaussians:
        density = np.exp(-(z**2) / 2) / (sigma * math.sqrt(2 * math.pi))
        # The marker is at the peak, where z[800] is 0.
        ax.plot(mu + sigma * z, density, markevery=[800], label=label, **style)
    # The best bell is 0.4 / s high. One half as wide, 0.8 / s high, has room, too.
    ax.set_ylim(0, 0.9 / s)


def draw(x, mus, sigmas, truth=None):
    """Return the figure of a run; truth is the true mu and sigma, if known.

    Left, mus and sigmas over the iterations. Right, Gaussians as points on the
    log-likelihood and, straight above them, as bells over the samples.
    """
    x = as_samples(x, "x")
    mean, s = maximum_likelihood(x)
    fig, axes = plt.subplots(2, 2, sharex="col", figsize=(9, 5.5))
    (mu_ax, bells_ax), (sigma_ax, hill_ax) = axes
    hill_ax.sharey(sigma_ax)  # because both show sigma

    gaussians = [
        ("start", mus[0], sigmas[0], START),
        ("final", mus[-1], sigmas[-1], FINAL),
        ("maximum likelihood", mean, s, MAXIMUM),
    ]
    if truth is not None:  # first, because what is drawn first lies below
        gaussians.insert(0, ("true", *truth, TRUE))
        mu_ax.axhline(truth[0], color=ORANGE, lw=4)
        sigma_ax.axhline(truth[1], color=ORANGE, lw=4)
    # Include these points in the automatic limits, or they would zoom in on a run that
    # hardly moves. sigma_ax has the limits of hill_ax.
    mu_ax.update_datalim([(0, mean - s / 2), (0, mean + s / 2)])
    hill_ax.update_datalim([(mean - 3 * s, s / 2), (mean + 3 * s, 1.5 * s)])
    draw_trajectory(mu_ax, mus, mean)
    draw_trajectory(sigma_ax, sigmas, s)
    draw_hill(hill_ax, mus, sigmas, mean, s, gaussians)
    draw_bells(bells_ax, x, mean, s, gaussians)  # second, as the hill sets the limits

    mu_ax.set_title(r"mean $\mu_t$")
    sigma_ax.set(title=r"standard deviation $\sigma_t$", xlabel="iteration $t$")
    bells_ax.set(title="density", yticks=[])
    hill_ax.set(title="log-likelihood: lighter is higher", xlabel=r"$\mu$ and $x$")
    hill_ax.locator_params(axis="x", nbins=6)  # because more numbers would touch
    hill_ax.label_outer()  # because sigma is numbered in the panel on its left
    fig.subplots_adjust(left=0.1, bottom=0.11, right=0.97, top=0.86, wspace=0.13)
    # It collects the labels of all panels: samples, bells, and the line on the hill.
    fig.legend(loc="upper center", ncols=6, frameon=False, columnspacing=1.2)
    return fig


# ------------------------------------------------------------------------ the run
def save(figure, path):
    """Save the figure beside path, then move it: if that fails, the old one stays."""
    with TemporaryDirectory(dir=path.parent) as folder:
        draft = Path(folder, path.name)
        kind = path.suffix[1:] or "png"  # savefig would add .png to the name
        figure.savefig(draft, dpi=200, format=kind)  # 1800 pixels wide
        draft.replace(path)


def main():
    """Take the samples, fit, report, judge, draw, save and show."""
    settings = {
        "mu_start": MU_START,
        "sigma_start": SIGMA_START,
        "step_mu": STEP_MU,
        "step_sigma": STEP_SIGMA,
        "n_iterations": N_ITERATIONS,
    }
    try:
        x, truth = load_samples()
        mus, sigmas = fit(x, **settings)
    except ValueError as error:
        raise SystemExit(f"fit_gaussian.py: {error}") from None
    print(report(x, mus, sigmas, truth))
    _, text = verdict(x, **settings)  # True or False is for other programs
    print(text)

    # Load the back end before the style begins. A notebook's back end turns the setting
    # "interactive" on when it is loaded: the style would turn it off again at its end,
    # and later plots would not show.
    plt.switch_backend(plt.get_backend())
    # In a notebook cell there is no __file__: FIGURE starts in the current folder.
    folder = Path(__file__).parent if "__file__" in globals() else Path()
    with plt.style.context(STYLE):
        figure = draw(x, mus, sigmas, truth)
        try:
            save(figure, folder / FIGURE)
        except (OSError, TypeError, ValueError) as error:
            # TypeError: FIGURE is no text. ValueError: its ending is of no picture.
            line = f"FIGURE = {FIGURE!r} cannot be saved: {error}"
            raise SystemExit(f"fit_gaussian.py: {line}") from None
    print("Figure:", FIGURE, flush=True)  # now, because a window waits to be closed
    plt.show()


if __name__ == "__main__":
    main()
