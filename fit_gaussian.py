# /// script
# requires-python = ">=3.9"
# dependencies = ["numpy>=1.21", "matplotlib>=3.6"]
# ///
"""Fit a Gaussian with unknown mean and standard deviation by gradient ascent.

Run `python fit_gaussian.py`, edit the constants below, run it again. Notation:
    x          n samples of N(MU_TRUE, SIGMA_TRUE); sigma is the standard deviation
    mean, s    mean and standard deviation (divide by n) of x: the likelihood's maximum
    ml         mean, s and their standard errors, as maximum_likelihood returns them
    mu, sigma  the current guess, which climbs there from (MU_START, SIGMA_START)
"""

import math
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np

# ------------------------------------------------------------------- edit these
N_SAMPLES = 10_000  # samples to draw; the more, the closer the maximum is to the truth
MU_TRUE = 2.0  # their true mean; the larger, the further away from MU_START
SIGMA_TRUE = 2.0  # their true standard deviation; the larger, the slower the ascent
MU_START = -3.0  # first guess of mu; the further from the mean, the higher sigma goes
SIGMA_START = 1.0  # first guess of sigma; the larger, the smaller the first steps
STEP_MU = 0.1  # step size of mu; the larger, the faster, but unstable from 2 s^2 on
STEP_SIGMA = 0.01  # step size of sigma; likewise, but unstable from s^2 on
N_ITERATIONS = 500  # updates of mu and sigma; the more, the closer to the maximum
SEED = 0  # picks the samples; another number picks others, None new ones every run
FIGURE = "example2_nf.png"  # the picture; a relative path starts in this file's folder
# ------------------------------------------------------------------------------


def maximum_likelihood(x):
    """Return mean, s and their standard errors, for x of shape (n,), in its unit."""
    x = np.asarray(x, dtype=float).ravel()
    require(int, 2, math.inf, **{"the size of x": x.size})
    with np.errstate(all="ignore"):  # a NaN or an overflow fails the next check
        mean = float(x.mean())
        # 100,000 at a time, to spare the memory; part @ part is its sum of squares.
        parts = (x[i : i + 100_000] - mean for i in range(0, x.size, 100_000))
        s = math.sqrt(sum(part @ part for part in parts) / x.size)
    least = 8 * np.spacing(abs(mean)) * math.sqrt(x.size)  # else mu can't come near
    if not least < s < math.inf:
        beside = f"finite and above {least:.1g} at a mean (MU_TRUE) of {mean:g}"
        raise ValueError(f"the spread of x (SIGMA_TRUE) must be {beside}, not {s:g}")
    return mean, s, s / math.sqrt(x.size), s / math.sqrt(2 * x.size)


def log_likelihood(mu, sigma, mean, s):
    """Return the average log-likelihood at (mu, sigma), floats or arrays."""
    mean_square = (s / sigma) ** 2 + ((mean - mu) / sigma) ** 2  # of (x - mu) / sigma
    return -0.5 * np.log(2 * np.pi) - np.log(sigma) - 0.5 * mean_square


def require(kind, low, high, **values):
    """Raise ValueError that names the first value of another kind or out of range."""
    number = "whole number (10_000, not 1e4)" if kind is int else "number"
    for name, value in values.items():
        if not (isinstance(value, (int, kind)) and low <= value <= high):
            wanted = f"a {number} from {low:,.9g} to {high:,.9g}"
            raise ValueError(f"{name} must be {wanted}, not {value!a}")


def climb(mean, s, mu, sigma, step_mu, step_sigma, n_iterations):
    """Return the trajectories of `fit` as one array, and the sigma that ended them."""
    require(float, 1e-150, 1e150, sigma=sigma, step_mu=step_mu, step_sigma=step_sigma)
    require(int, 1, math.inf, n_iterations=n_iterations)
    # Python's floats: in a loop they are faster than NumPy's, and do not warn.
    mu, sigma, step_mu, step_sigma = map(float, (mu, sigma, step_mu, step_sigma))
    mus, sigmas, s2, sigma2 = [mu], [sigma], s * s, sigma * sigma
    for _ in range(n_iterations):
        mu += step_mu * (mean - mu) / sigma2
        # Alternating on purpose, not simultaneous: sigma's step uses the new mu.
        # mean((x - mu)^2) = s^2 + (mean - mu)^2, so no step looks at x again.
        sigma += step_sigma * ((s2 + (mean - mu) * (mean - mu)) / sigma2 - 1) / sigma
        sigma2 = sigma * sigma
        if not (sigma > 0 and 0 < sigma2 < math.inf):
            break
        mus.append(mu)
        sigmas.append(sigma)
    return np.array([mus, sigmas]), sigma


def fit(x, mu, sigma, step_mu, step_sigma, n_iterations):
    """Climb the average log-likelihood of x, shape (n,), as README.md derives it.

    Return mus, sigmas, n_iterations + 1 values each, the start first; fewer if the next
    sigma is not above 0 or too large to square. ValueError if an argument is invalid.
    """
    mean, s, *_ = maximum_likelihood(x)
    return climb(mean, s, mu, sigma, step_mu, step_sigma, n_iterations)[0]


def verdict(ml, mu, sigma, step_mu, step_sigma, n_iterations):
    """Return whether the ascent converged, and a line: what happened, what to do."""
    mean, s, *errors = ml
    near = np.minimum(errors, s / 100)  # within it, neither data nor eye can tell
    units = ["std. errors" if e <= s / 100 else "% of s" for e in errors]
    told = f"mu is {{:.3g}} {units[0]} and sigma {{:.3g}} {units[1]} from the maximum"
    now, n = (mu, sigma, step_mu, step_sigma), n_iterations + 20_000
    path, next_sigma = climb(mean, s, *now, n)
    mus, sigmas = path[:, : n_iterations + 1]
    off = abs(path.T - (mean, s)) / near
    settled = 1 + np.flatnonzero((off > 1).any(axis=1)).max(initial=-1)
    why = told.format(*off[sigmas.size - 1].round(2))
    # What an iteration multiplies small errors of mu and sigma by (see README.md).
    factors = {"STEP_MU": 1 - step_mu / s**2, "STEP_SIGMA": 1 - 2 * step_sigma / s**2}
    if min(factors.values()) > -1 and path.shape[1] > n:
        if settled <= n_iterations:
            return True, why
        enough = int(float(f"{1.05 * settled:.1e}"))  # two digits, and not too few
        if settled <= n and enough <= 1_000_000:
            why += f"; it converges at iteration {settled}"
            return False, f"{why}: try N_ITERATIONS = {enough}"
    # Try four edits, one at a time, each to a value that suits these samples.
    safe = mean + math.copysign(2 * s, mu - mean), 2 * s, s**2 / 10, s**2 / 20
    lower, tried = log_likelihood(mus[-1], sigmas[-1], mean, s) - 1, []
    for i, name in enumerate(("MU_START", "SIGMA_START", "STEP_MU", "STEP_SIGMA")):
        digits = -math.floor(math.log10(safe[i] if i else s))
        value = round(safe[i], digits) + 0.0  # as a person would type it; no -0.0
        if value != now[i]:
            edited, _ = climb(mean, s, *now[:i], value, *now[i + 1 :], n_iterations)
            height = log_likelihood(*edited[:, -1], mean, s)
            rank = height > lower, factors.get(name, 0) <= -1, height
            tried.append((*rank, name, value, edited[:, -1]))
    # Do no harm; then, edit a step that must be edited; then, end as high as possible.
    *_, name, value, end = max(tried)
    if name in factors:
        why = f"{name} multiplies a small error by {factors[name]:.5g} an iteration"
    if sigmas.max() > 2 * s:
        why += f"; sigma is largest, {sigmas.max():.3g}, at iteration {sigmas.argmax()}"
        why += f"; sigma^2 cannot fall by {2 * step_sigma:.3g} in one iteration"
    if sigmas.size <= n_iterations:
        why += f"; at iteration {sigmas.size} sigma would be {next_sigma:.3g}: invalid"
    after = told.format(*(abs(end - (mean, s)) / near).round(2))
    return False, f"{why}; with this edit, {after}: try {name} = {value}"


def report(ml, mus, sigmas, truth=None):
    """Return the table of the run, in ASCII; truth is (mu, sigma), if it is known."""
    text = "          start       final   max. lik.  std. error"
    text += "      true" * bool(truth)
    for i, (name, path) in enumerate((("mu", mus), ("sigma", sigmas))):
        digits = max(0, 1 - math.floor(math.log10(ml[i + 2])))  # two of the error
        numbers = (f"  {v:10.{digits}f}" for v in (path[-1], ml[i], ml[i + 2]))
        text += f"\n{name:5}{path[0]:10g}" + "".join(numbers)
        text += f"{truth[i]:10g}" if truth else ""
    return text


@plt.rc_context({"font.size": 11.5, "axes.formatter.limits": (-3, 4)})
def draw(x, ml, mus, sigmas, truth=None):
    """Return the figure: each of four Gaussians is a point on the hill and a bell."""
    mean, s, *_ = ml
    mu = np.r_[mus, truth[0] if truth else mean, mean - 3 * s, mean + 3 * s]
    sigma = np.r_[sigmas, truth[1] if truth else s, s / 2, 1.5 * s]
    mu_lim = mu.min() - 0.05 * np.ptp(mu), mu.max() + 0.05 * np.ptp(mu)
    sigma_lim = 0.9 * sigma.min(), 1.1 * sigma.max()
    scale = "log" if sigma.max() > 20 * sigma.min() else "linear"
    fig, axes = plt.subplots(2, 2, sharex="col", width_ratios=(2, 3), figsize=(9, 5.5))
    fig.subplots_adjust(0.09, 0.11, 0.98, 0.87, 0.08, 0.25)
    (mu_ax, bells), (sigma_ax, hill) = axes
    hill.sharey(sigma_ax)
    hill.tick_params(labelleft=False)
    hill.set(title="log-likelihood: lighter is higher", xlabel=r"$\mu$ and $x$")
    sigma_ax.set(title=r"standard deviation $\sigma_t$", xlabel="iteration $t$")
    sigma_ax.set(yscale=scale, ylim=sigma_lim)
    mu_ax.set(title=r"mean $\mu_t$", ylim=mu_lim)
    mu, sigma = np.linspace(*mu_lim, 200), np.geomspace(*sigma_lim, 200)
    mu, sigma = np.meshgrid(np.union1d(mu, mean), np.union1d(sigma, s))  # with the top
    depth = log_likelihood(mean, s, mean, s) - log_likelihood(mu, sigma, mean, s)
    # Each shade ends twice as far below the maximum as the one before.
    depths = 0.05 * 2.0 ** np.arange(2 + int(np.log2(depth.max() / 0.05)))
    shades = np.linspace((1, 1, 1), (0.45, 0.65, 0.5), depths.size)
    hill.contourf(mu, sigma, depth, [0, *depths], colors=shades)
    t, blue, keys = np.arange(mus.size), "#0072b2", ("c", "lw", "ms", "mfc")
    dots = "." if t.size > 20_000 else ".-"  # a million hairlines would take a minute
    for ax, *path in ((mu_ax, t, mus), (sigma_ax, t, sigmas), (hill, mus, sigmas)):
        ax.plot(*path, dots, color=blue, ms=3, lw=0.6)
    bars = {"bins": "rice", "density": True, "histtype": "stepfilled", "color": "0.85"}
    bells.hist(x[:: 1 + len(x) // 100_000], **bars, label="samples")
    cut = 2.2 * np.exp(log_likelihood(mean, s, mean, 0))  # narrow bells go on above it
    bells.set(title="density", yticks=[], xlim=mu_lim, ylim=(0, cut))
    for label, point, ts, fmt, *style in (
        ("start", (mus[0], sigmas[0]), t[:1], "o-", blue, 1.2, 7, "white"),
        ("final", (mus[-1], sigmas[-1]), t[-1:], "o-", blue, 2.5, 7, blue),
        (r"true $\mu, \sigma$", truth, t[[0, -1]], "o--", "#d55e00", 4, 13, "none"),
        (r"maximum likelihood $\bar{x}, s$", ml[:2], t[[0, -1]], "+:", "k", 1, 13, "k"),
    ):
        if point:
            style = dict(zip(keys, style), zorder=9 - style[1], clip_on=False)
            mu_ax.plot(ts, [point[0]] * ts.size, fmt, markevery=[-1], **style)
            sigma_ax.plot(ts, [point[1]] * ts.size, fmt, markevery=[-1], **style)
            hill.plot(*point, fmt, **style)
            bell_x = (point[0] + point[1] * np.linspace(-4, 4, 81)).clip(*mu_lim)
            bell = np.exp(log_likelihood(*point, bell_x, 0)).clip(0, cut)
            bells.plot(bell_x, bell, fmt, markevery=[40], label=label, **style)
    fig.legend(loc="upper center", ncols=5, frameon=False)
    return fig


@plt.style.context("default")  # the same picture, whatever a matplotlibrc says
def main():
    """Draw samples, climb, save the figure, say what came of it, show the figure."""
    try:
        require(int, 2, 100_000_000, N_SAMPLES=N_SAMPLES)
        require(float, -1e6, 1e6, MU_TRUE=MU_TRUE)
        require(float, 1e-6, 1e6, SIGMA_TRUE=SIGMA_TRUE)
        require(float, -1e7, 1e7, MU_START=MU_START)
        require(float, 1e-12, 1e7, SIGMA_START=SIGMA_START)
        require(float, 1e-26, 1e15, STEP_MU=STEP_MU, STEP_SIGMA=STEP_SIGMA)
        require(int, 1, 1_000_000, N_ITERATIONS=N_ITERATIONS)
        require(int, 0, math.inf, SEED=0 if SEED is None else SEED)
        x = np.random.default_rng(SEED).normal(MU_TRUE, SIGMA_TRUE, N_SAMPLES)
        ml = maximum_likelihood(x)
    except ValueError as error:
        raise SystemExit(f"fit_gaussian.py: {error}") from None
    settings = (MU_START, SIGMA_START, STEP_MU, STEP_SIGMA, N_ITERATIONS)
    (mus, sigmas), _ = climb(*ml[:2], *settings)
    figure = draw(x, ml, mus, sigmas, (MU_TRUE, SIGMA_TRUE))
    try:
        path = Path(globals().get("__file__", "")).parent / FIGURE
        with TemporaryDirectory(dir=path.parent) as folder:  # moved when it is whole
            figure.savefig(Path(folder, path.name), dpi=200)
            Path(folder, path.name).replace(path)
    except (OSError, TypeError, ValueError):
        wrong = f"FIGURE must be a picture to write, like a.png, not {FIGURE!a}"
        raise SystemExit(f"fit_gaussian.py: {wrong}") from None
    print(report(ml, mus, sigmas, (MU_TRUE, SIGMA_TRUE)))
    converged, why = verdict(ml, *settings)
    print("Converged:" if converged else "Not converged:", why)
    print("Figure:", ascii(str(FIGURE))[1:-1], flush=True)  # before the window opens
    if plt.get_backend().lower() not in ("agg", "cairo", "pdf", "pgf", "ps", "svg"):
        plt.show()


if __name__ == "__main__":
    main()
