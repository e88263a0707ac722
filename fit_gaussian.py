"""Fit a Gaussian with unknown mean and standard deviation by gradient ascent.

Run `python fit_gaussian.py`, edit the constants below, run it again. Notation:
    x          n samples of N(MU_TRUE, SIGMA_TRUE); sigma is the standard deviation
    mean, s    mean and standard deviation (divide by n) of x, the maximum-likelihood
               fit in closed form: the maximum that the ascent should find
    mu, sigma  the current guess, which climbs there from (MU_START, SIGMA_START)
README.md derives the formulas and the rules.
"""

import math
import sys
from contextlib import suppress
from math import inf
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

# ------------------------------------------------------------------- edit these
N_SAMPLES = 10_000  # samples drawn; raised, the maximum comes closer to the truth
MU_TRUE = 2.0  # their true mean; raised, mu starts further away
SIGMA_TRUE = 2.0  # their true standard deviation; raised, the ascent is slower
MU_START = -3.0  # first guess of mu; raised, a shorter way; far off, sigma overshoots
SIGMA_START = 1.0  # first guess of sigma; raised, the first steps are smaller
STEP_MU = 0.1  # step size of mu; raised, faster up to s^2, unstable from 2 s^2 on
STEP_SIGMA = 0.01  # step size of sigma; raised, faster to s^2 / 2, unstable from s^2 on
N_ITERATIONS = 500  # updates of mu and sigma; raised, they end closer to the maximum
SEED = 0  # picks the samples; raised, you get others; None draws new ones every run
FIGURE = Path(__file__).with_name("example2_nf.png")  # where the picture is saved
# ------------------------------------------------------------------------------


def maximum_likelihood(x):
    """Return mean, s and their two standard errors, for x of shape (n,), in its unit.

    Raises ValueError if x has no maximum-likelihood fit.
    """
    x = np.asarray(x, dtype=float)
    if x.ndim != 1 or x.size < 2:
        raise ValueError(f"x must be a row of 2 or more numbers, not shape {x.shape}")
    with np.errstate(all="ignore"):  # a NaN or an overflow fails the next check
        low, high, mean = x.min(), x.max(), float(x.mean())
        # 100,000 at a time, to spare the memory; part @ part is its sum of squares.
        parts = (x[i : i + 100_000] - mean for i in range(0, x.size, 100_000))
        s = math.sqrt(sum(part @ part for part in parts) / x.size)
    if not (low < high and 0 < s < inf):
        raise ValueError(f"x has no finite spread: it goes from {low:g} to {high:g}")
    return mean, s, s / math.sqrt(x.size), s / math.sqrt(2 * x.size)


def log_likelihood(mu, sigma, mean, s):
    """Return the average log-likelihood at (mu, sigma), floats or arrays."""
    mean_square = (s / sigma) ** 2 + ((mean - mu) / sigma) ** 2  # of (x - mu) / sigma
    return -0.5 * np.log(2 * np.pi) - np.log(sigma) - 0.5 * mean_square


def fit(x, mu, sigma, step_mu, step_sigma, n_iterations):
    """Climb the average log-likelihood of x, by the alternating updates in README.md.

    Parameters
    ----------
    x : array-like of numbers, shape (n,)
    mu, sigma, step_mu, step_sigma : float
        The start, in the unit of x, and the step sizes, in that unit squared.
    n_iterations : int

    Returns
    -------
    mus, sigmas : float arrays, shape (n_iterations + 1,)
        The trajectories, the start first.

    Raises
    ------
    ValueError
        If x has no maximum-likelihood fit.
    ArithmeticError
        If sigma leaves the model: it must be positive, with a square that fits a float.
    """
    mean, s, *_ = maximum_likelihood(x)
    s2 = s * s
    # Python's floats: in a loop they are faster than NumPy's, and do not warn.
    mu, sigma, step_mu, step_sigma = map(float, (mu, sigma, step_mu, step_sigma))
    mus, sigmas = np.empty((2, n_iterations + 1))
    for t in range(n_iterations + 1):
        mus[t], sigmas[t] = mu, sigma
        sigma2 = sigma * sigma
        if not (sigma > 0 and 0 < sigma2 < inf):
            raise ArithmeticError(f"sigma = {sigma:.3g} at iteration {t}")
        mu += step_mu * (mean - mu) / sigma2
        # Alternating on purpose, not simultaneous: sigma's step uses the new mu.
        # mean((x - mu)^2) = s^2 + (mean - mu)^2, so no step looks at x again.
        error = mean - mu
        mean_square = s2 + error * error
        sigma += step_sigma * (mean_square / sigma2 - 1) / sigma
    return mus, sigmas


# The lesson ends here. What follows judges the ascent, reports it and draws it.

LOOK_AHEAD = 20_000  # iterations; raised, patience is advised where now an edit is


def verdict(x, mu, sigma, step_mu, step_sigma, n_iterations):
    """Return whether `fit` settles, and a line of why, or why not and what to edit.

    README.md, "Why it converges", derives the rules.
    """
    mean, s, se_mu, se_sigma = maximum_likelihood(x)

    def advise(why, constant, value):
        return False, f"{why}: try {constant} = {value}"

    def one_digit(value):
        return float(f"{value:.1g}")

    # A step size beyond its limit adds to the error that it should take away.
    steps = (("SIGMA", step_sigma, "s^2", s**2), ("MU", step_mu, "2 s^2", 2 * s**2))
    for name, step, formula, limit in steps:
        if step >= limit:
            why = f"STEP_{name} = {step:g} is not below its stability limit "
            why += f"{formula} = {limit:.3g}, so {name.lower()} cannot settle"
            return advise(why, f"STEP_{name}", one_digit(limit / 20))

    n_ahead = n_iterations + LOOK_AHEAD
    try:
        mus, sigmas = fit(x, mu, sigma, step_mu, step_sigma, n_ahead)
    except ArithmeticError:  # the start leads beyond the range of floats
        far = ""
    else:
        # Settled: from here on both stay within one standard error of the maximum.
        off = np.abs([(sigmas - s) / se_sigma, (mus - mean) / se_mu])
        outside = np.flatnonzero(off.max(axis=0) > 1)
        settled = 1 + int(outside.max(initial=-1))
        where = "sigma is {:.2f} and mu {:.2f} standard errors from the maximum"
        where = where.format(*off[:, n_iterations])
        if settled <= n_iterations:
            return True, where

        # More iterations will do, or a step that needs fewer, unless sigma overshot.
        overshot = sigmas.max() > 10 * max(s, sigma)
        if settled <= n_ahead and not overshot:
            why = f"too few iterations; {where}, {settled - n_iterations} more will do"
            unit = 10 ** max(0, len(str(settled)) - 2)  # rounds up to two digits
            return advise(why, "N_ITERATIONS", math.ceil(settled / unit) * unit)
        for (name, step, _, limit), distance in zip(steps, off[:, -1]):
            wait = limit / (2 * min(step, limit - step))  # for the error to fall e-fold
            if wait > 1000 and distance > 1 and not overshot:
                more = LOOK_AHEAD + math.log(distance) * wait
                why = f"too few iterations for STEP_{name} = {step:g}; {where}, "
                why += f"about {more:.1g} more would do"
                return advise(why, f"STEP_{name}", one_digit(limit / 20))
        far = f"sigma {'overshot' if overshot else 'goes up'} to {sigmas.max():.3g}, "
        far += f"and sigma^2 falls by at most 2 STEP_SIGMA = {2 * step_sigma:g} "
        far += "an iteration. "

    # Of the constants of the start, edit the one that is further, as a ratio, from 2 s.
    away, wide = abs(mu - mean) / s, sigma / s
    if away > wide and away * wide > 4:
        why = f"{far}MU_START is {away:.3g} standard deviations off the samples' mean"
        near = mean + math.copysign(2 * s, mu - mean)
        first_digit_of_s = -math.floor(math.log10(s))
        return advise(why, "MU_START", round(near, first_digit_of_s) + 0.0)  # no -0.0
    why = f"{far}SIGMA_START is {wide:.3g} times the samples' standard deviation"
    return advise(why, "SIGMA_START", one_digit(2 * s))


def report(x, mus, sigmas, mu_true, sigma_true):
    """Return the table of the run, in ASCII."""
    mean, s, se_mu, se_sigma = maximum_likelihood(x)
    text = "               true         start         final     max. lik.    std. error"
    for name, *values in (
        ("mu", mu_true, mus[0], mus[-1], mean, se_mu),
        ("sigma", sigma_true, sigmas[0], sigmas[-1], s, se_sigma),
    ):
        text += f"\n{name:5}" + "".join(f"{value:#14.6g}" for value in values)
    return text


def draw(x, mus, sigmas, mu_true, sigma_true):
    """Return the figure: both trajectories, and the climb over the log-likelihood."""
    mean, s, *_ = maximum_likelihood(x)
    blue, orange = "#0072b2", "#d55e00"  # apart for colour-blind eyes
    fig, axes = plt.subplots(ncols=3, figsize=(11, 4), layout="tight")
    for ax, symbol, ml_symbol, path, true, ml in (
        (axes[0], r"\mu", r"\bar{x}", mus, mu_true, mean),
        (axes[1], r"\sigma", "s", sigmas, sigma_true, s),
    ):
        ax.plot(path, color=blue, lw=3, label=f"${symbol}_t$")
        ax.axhline(true, color=orange, ls="--", label=f"true ${symbol}$")
        ax.axhline(ml, color="black", ls=":", label=f"maximum likelihood ${ml_symbol}$")
        ax.set(xlabel="iteration $t$", ylabel=f"${symbol}_t$")

    def grid(*points):
        margin = 0.05 * (max(points) - min(points))
        even = np.linspace(min(points) - margin, max(points) + margin, 200)
        return np.unique([*even, *points])  # the points too, the very top is one

    # The panel shows the path, the truth and the maximum; in log sigma, for overshoots.
    mu = grid(mus.min(), mus.max(), mu_true, mean, mean - 1.5 * s, mean + 1.5 * s)
    region = (sigmas.min(), sigmas.max(), sigma_true, s, 0.5 * s, 1.5 * s)
    sigma = np.exp(grid(*np.log(region)))
    surface = log_likelihood(mu, sigma[:, np.newaxis], mean, s)
    # Quantiles as levels: every band gets a tenth of the panel, however steep it is.
    levels = np.quantile(surface, np.linspace(0, 1, 11))
    greys = [str(grey) for grey in np.linspace(0.5, 1, 10)]
    ax = axes[2]
    bands = ax.contourf(mu, sigma, surface, levels, colors=greys)
    fig.colorbar(bands, ax=ax, format="%.3g", label="average log-likelihood")
    ax.plot(mus, sigmas, ".-", color=blue, ms=4, lw=1, label="ascent")
    ax.plot(mus[0], sigmas[0], "ow", mec="black", label="start")
    ax.plot(mean, s, "*k", ms=8, label="maximum")
    ax.plot(mu_true, sigma_true, "o", mfc="none", mec=orange, ms=12, label="true")
    ax.set(xlabel=r"$\mu$", ylabel=r"$\sigma$")
    ax.set_yscale("log" if sigma[-1] > 20 * sigma[0] else "linear")
    for ax in axes:  # above the axes, where a legend covers no curve
        legend = ax.legend(loc="lower center", ncols=2, frameon=False)
        legend.set_bbox_to_anchor((0.5, 1.04))
    return fig


def check_constants():
    """Exit with one line that names the first wrong constant and what it must be."""

    def count(value, rows):  # raises if it is not whole, or memory can't hold the rows
        return np.empty((rows, value)).shape[1]

    def positive(value):
        return math.isfinite(value) and value > 0

    for names, is_right, must_be in (
        ("N_SAMPLES", lambda v: count(v, 2) > 1, "a whole number > 1, within memory"),
        ("MU_TRUE MU_START", math.isfinite, "a finite number"),
        ("SIGMA_TRUE SIGMA_START", positive, "a finite number > 0"),
        ("STEP_MU STEP_SIGMA", positive, "a finite number > 0"),
        ("N_ITERATIONS", lambda v: count(v, 10), "a whole number > 0, within memory"),
        ("SEED", np.random.default_rng, "a whole number >= 0, or None"),
        ("FIGURE", lambda v: Path(v).suffix == ".png", "the path of a .png file"),
    ):
        for name in names.split():
            value, right = globals()[name], False
            with suppress(TypeError, ValueError, OverflowError, MemoryError):
                right = is_right(value)
            if not right:
                sys.exit(f"fit_gaussian.py: {name} must be {must_be}, not {value!a}")


def main():
    """Draw samples, climb, save the figure, say what came of it, show the figure."""
    check_constants()
    rng = np.random.default_rng(SEED)
    x = rng.normal(loc=MU_TRUE, scale=SIGMA_TRUE, size=N_SAMPLES)
    settings = (MU_START, SIGMA_START, STEP_MU, STEP_SIGMA, N_ITERATIONS)
    try:
        converged, why = verdict(x, *settings)
        mus, sigmas = fit(x, *settings)
    except ValueError as error:
        must_be = "neither lost beside MU_TRUE nor too large to square"
        sys.exit(f"fit_gaussian.py: SIGMA_TRUE must be {must_be}: {error}")
    except ArithmeticError as error:
        sys.exit(f"Not converged: the ascent left the model, {error}. {why}")
    figure, path = draw(x, mus, sigmas, MU_TRUE, SIGMA_TRUE), Path(FIGURE)
    try:
        figure.savefig(path, dpi=160)
    except (OSError, ValueError):
        sys.exit(f"fit_gaussian.py: FIGURE must be writable, not {str(path)!a}")
    print(report(x, mus, sigmas, MU_TRUE, SIGMA_TRUE))
    print("Converged:" if converged else "Not converged:", why)
    # Run from another folder, it prints the whole path, escaped to ASCII.
    print("Figure:", path.name if path.parent == Path.cwd() else ascii(str(path)))
    if plt.get_backend().lower() != "agg":  # Matplotlib's choice without a display
        plt.show()


if __name__ == "__main__":
    main()
