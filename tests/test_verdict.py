"""The verdict: each rule on both sides of its limit, and the edits it leads to."""

import ast
import math

import numpy as np
import pytest
from conftest import PAGE

from fit_gaussian import fit, known_settings, maximum_likelihood, verdict

TWO = [1.0, 5.0] * 50  # mean 3, standard deviation 2, exactly; errors 0.2 and 0.1414
TINY = {"step_mu": 1e-80, "step_sigma": 1e-80, "n_iterations": 1}  # nothing moves
PASTE = "This converges; paste it over the constants of the same names:"


def samples(mean, s, n):
    """Return n samples with this mean and standard deviation, but for rounding."""
    return mean + s * np.resize([-1.0, 1.0], n)


def judge(x=TWO, **changes):
    """Return converged or not, the lines on what happened, and the edits."""
    settings = {**PAGE, **changes}
    converged, text = verdict(x, **settings)
    assert text.isascii() and max(map(len, text.split("\n"))) < 80
    if converged:
        return True, [text], {}
    told, paste = text.split(f"\n{PASTE}\n")
    first, *lines = told.split("\n")
    assert first == "Not converged." and lines
    edits = {}  # only of what needs one
    for line in paste.split("\n"):
        name, value = line.split(" = ")
        edits[name.lower()] = ast.literal_eval(value)
        assert name.isupper() and edits[name.lower()] != settings[name.lower()]
    return False, lines, edits


def climb_by_hand(mean, s, mu_start, sigma_start, step_mu, step_sigma, n_iterations):
    """An ascent of our own, on NumPy's longest floats, as (mu, sigma) rows."""
    mu, sigma = np.longdouble(mu_start), np.longdouble(sigma_start)
    path = [(mu, sigma)]
    for _ in range(n_iterations):
        mu = mu - step_mu * (mu - mean) / sigma / sigma
        mean_square = s * s + (mu - mean) ** 2
        sigma = sigma + step_sigma * (mean_square / sigma**2 - 1) / sigma
        path.append((mu, sigma))
    return np.array(path)


# ----------------------------------------------------------------------- converged
def test_page_settings_converge_at_the_iteration_counted_by_hand(page_samples):
    mean, s = np.mean(page_samples), np.std(page_samples)
    path = climb_by_hand(mean, s, **{**PAGE, "n_iterations": 5000})
    near = abs(path - (mean, s)) <= np.array([s / 100, s / math.sqrt(20_000)])
    count = 1 + np.flatnonzero(~near.all(axis=1))[-1]
    assert judge(page_samples) == (True, [f"Converged at iteration {count}."], {})
    # One iteration more, or one less, is the difference between the two answers.
    assert judge(page_samples, n_iterations=count)[0]
    more = ["It is on its way and needs more iterations."], {"n_iterations": count}
    assert judge(page_samples, n_iterations=count - 1) == (False, *more)


# A hundredth of s, and then the standard errors, 2 / sqrt(n) and 2 / sqrt(2 n).
NEAR = [(2, 0.02, 0.02), (10_000, 0.02, 0.02 / 2**0.5), (40_000, 0.01, 0.01 / 2**0.5)]


@pytest.mark.parametrize("n, near_mu, near_sigma", NEAR)
@pytest.mark.parametrize("share", [-1.01, -0.99, 0.99, 1.01])
def test_a_standard_error_and_a_hundredth_of_s_decide(n, near_mu, near_sigma, share):
    for mu, sigma in ((3 + share * near_mu, 2), (3, 2 + share * near_sigma)):
        _, lines, _ = judge(samples(3, 2, n), **TINY, mu_start=mu, sigma_start=sigma)
        assert (lines == ["Converged at iteration 0."]) == (abs(share) < 1)


@pytest.mark.parametrize("leaves_at, stays", [(20_010, True), (19_990, False)])
def test_it_must_stay_near_for_20000_iterations(leaves_at, stays):
    # sigma stays at 1.99, a bit below s, where mu's errors grow by 1 - STEP_MU / 1.99^2,
    # with a STEP_MU that is a bit below its limit: slowly enough to leave in time.
    off = 0.02 / (1 + 1e-5) ** (300 + leaves_at)  # near is 0.02
    start = {"mu_start": 3 + off, "sigma_start": 1.99, "n_iterations": 300}
    steps = {"step_mu": 1.99**2 * (2 + 1e-5), "step_sigma": 1e-80}
    assert judge(samples(3.0, 2.0, 5000), **start, **steps)[0] == stays


@pytest.mark.parametrize("needed, proposed", [(998_000, True), (1_002_000, False)])
def test_no_more_iterations_are_proposed_than_are_accepted(needed, proposed):
    # sigma / s shrinks slowly from 1.02 to 1.01, in a time that an integral gives.
    integral = (1.02**2 - 1.01**2) / 2 + math.log((1.02**2 - 1) / (1.01**2 - 1)) / 2
    slow = {"mu_start": 3, "sigma_start": 2.04, "step_sigma": 4 * integral / needed}
    _, _, edits = judge(TWO[:2], **slow, n_iterations=990_000)
    expected = pytest.approx(needed, abs=100) if proposed else None
    assert edits.get("n_iterations") == expected


# ---------------------------------------------------------------------- what happened
@pytest.mark.parametrize("mean, s", [(3.0, 2.0), (-7.0, 0.03)])
@pytest.mark.parametrize("step, limit", [("step_mu", 2), ("step_sigma", 1)])
def test_a_step_must_be_below_its_limit(mean, s, step, limit):
    x = samples(mean, s, 100)
    mean, s = maximum_likelihood(x)
    good = known_settings(mean, s)
    near = {"mu_start": mean + s / 1000, "sigma_start": 1.001 * s, "n_iterations": 3000}
    assert judge(x, **{**good, **near, step: 0.99 * limit * s**2})[0]
    at = f"{'2 ' if limit == 2 else ''}s^2 = {limit * s**2:.4g}"
    line = f"{step.upper()} is not below {at}: {step[5:]} would bounce."
    for share in (1, 1.01, 3):
        changes = {**good, **near, step: share * limit * s**2}
        converged, lines, edits = judge(x, **changes)
        assert (converged, lines[0], edits[step]) == (False, line, good[step])
    # On the maximum, too, where nothing moves.
    assert judge(x, **{**changes, "mu_start": mean, "sigma_start": s})[1][0] == line


# As in PAGE: mu_start, sigma_start, step_mu, step_sigma.
OVER = [(-300, 1, 0.1, 0.01), (-3, 0.01, 7.9, 0.01), (-3, 1, 30, 0.01)]
OVER += [(-3, 1, 1e-7, 0.01), (300, 1, 0.1, 1e-3), (-3, 1, 1e-9, 2.5)]
OVER += [(3.5, 5, 1e-7, 0.01), (-3, 1, 0.1, 6), (3, 9, 0.1, 1e-6)]
for share in (0.99, 1.01):  # of s / 100: sigma leaps so far, and mu bounces so wide
    leap = 4.0025**0.5 + share * 0.02 - 1.9
    OVER += [(3.05, 1.9, 1e-9, leap / (4.0025 / 1.9**3 - 1 / 1.9))]
    OVER += [(3.02, 2, 4 * (2 + share), 1e-80)]


@pytest.mark.parametrize("settings", OVER, ids=str)
def test_what_is_taken_too_far_is_told_with_its_iteration(settings):
    """By the theorem, sigma passes the curve where the factor in README.md is < 0."""
    settings = dict(zip(PAGE, (*settings, 500)))
    _, lines, _ = judge(**settings)
    path = climb_by_hand(3, 2, **settings)
    (mu, sigma), (mu_next, sigma_next) = path[:-1].T, path[1:].T
    best = np.sqrt(4 + (mu_next - 3) ** 2)
    factor_mu = 1 - settings["step_mu"] / sigma**2
    factor_sigma = 1 - settings["step_sigma"] * (sigma + best) / sigma**3
    away = (factor_mu < -1) & (abs(mu_next - 3) - abs(mu - 3) > 0.02)
    up = (factor_sigma < 0) & (sigma < best) & (sigma_next - best > 0.02)
    expected = []
    for i in np.flatnonzero(away)[:1]:
        ends = f"{mu[i]:.4g} to {mu_next[i]:.4g}"
        expected += [f"Iteration {i + 1} takes mu from {ends}, past the mean."]
    for i in np.flatnonzero(up)[:1]:
        ends = f"{sigma[i]:.4g} to {sigma_next[i]:.4g}"
        expected += [f"Iteration {i + 1} takes sigma from {ends},"]
        expected += [f"past {best[i]:.4g}, the best sigma for its mu."]
    assert ("STEP_MU" in lines[0]) == (settings["step_mu"] >= 8)
    told = [line for line in lines if line.startswith(("It", "past"))]
    assert told == (expected or ["It is on its way, but far too slowly."])


@pytest.mark.parametrize("n_iterations", [1, 2, 3, 500])
def test_the_end_of_an_ascent_is_told_also_if_it_comes_later(n_iterations):
    start = {"mu_start": 3, "sigma_start": 1.72, "step_sigma": 24}
    path = climb_by_hand(3, 2, **{**PAGE, **start, "n_iterations": 3})
    line = f"Iteration 3 would take sigma to {path[3, 1]:.4g}, and end the ascent."
    assert judge(**start, n_iterations=n_iterations)[1][-1] == line


# -------------------------------------------------------------------------- the edits
@pytest.mark.parametrize("decade", [-40, -27, 0, 9, 38])
def test_known_settings_satisfy_the_theorem_and_100_iterations_are_enough(decade):
    for i, digits in enumerate(np.geomspace(1, 10, 400, endpoint=False)):
        s = float(digits * 10.0**decade)
        mean = [0.0, 0.77 * s, -3e5 * s, 2.5e3 * s][i % (4 if decade < 30 else 2)]
        known = known_settings(mean, s)
        mu, sigma, step_mu, step_sigma, n_iterations = known.values()
        assert sigma >= math.hypot(s, mean - mu) and n_iterations == 100
        assert step_mu <= s**2 and step_sigma <= s**2 / 2
        # Typed by a person: mu to the first digit of s, the others to two.
        place = 10.0 ** math.floor(math.log10(s))
        assert mu / place == pytest.approx(round(mu / place))
        assert abs(mu - (mean - 2 * s)) <= 0.51 * place
        for value in (sigma, step_mu, step_sigma):
            assert value == float(f"{value:.1e}")
        mus, sigmas = fit([mean - s, mean + s], **known)
        near = 1e-4 * s  # for 100,000,000 samples
        assert abs(mus[-1] - mean) <= near and abs(sigmas[-1] - s) <= near / 2**0.5


@pytest.mark.filterwarnings("error")
def test_small_numpy_numbers_do_not_overflow_and_no_minus_zero_is_proposed():
    small = {"sigma_start": np.float32(1), "n_iterations": np.int8(100)}
    assert "\nSIGMA_START = " in verdict([1e39, 3e39], **{**PAGE, **small})[1]
    assert "\nMU_START = 0.0\n" in verdict([1, 3, 5], **{**PAGE, "mu_start": -300})[1]


def test_edits_are_pasted_as_they_stand_and_leave_out_what_needs_none():
    good = {"mu_start": -1.0, "sigma_start": 6.0, "step_mu": 2.0, "step_sigma": 1.0}
    for name, value in good.items():
        changes = {**good, name: 1e9 if name == "mu_start" else 1e-9}
        _, _, edits = judge(**changes, n_iterations=99)
        assert edits == {name: value, "n_iterations": 100}
        for n_iterations in (100, 101):  # more do no harm
            assert judge(**changes, n_iterations=n_iterations)[2] == {name: value}


@pytest.mark.parametrize("seed", range(60))
def test_one_round_of_edits_is_enough(seed):
    rng = np.random.default_rng(seed)
    low, high = [-3, 0.31, -3, -3, -6, -6, 0], [5, 4, 4, 3, 2, 2, 3.5]
    far, n, off, wide, step_mu, step_sigma, n_iterations = 10 ** rng.uniform(low, high)
    s = 10 ** (rng.uniform(-30, 30) if seed % 3 else rng.uniform(-1, 2.5))
    mean = rng.choice([-1, 1]) * s * far
    settings = PAGE  # own data under the shipped settings
    if seed % 3:
        settings = {"step_mu": s**2 * step_mu, "step_sigma": s**2 * step_sigma}
        settings["mu_start"] = mean + rng.choice([-1, 1]) * s * off
        settings["sigma_start"] = s * wide
        settings["n_iterations"] = int(n_iterations)
    x = rng.normal(mean, s, int(n))
    converged, _, edits = judge(x, **settings)
    assert converged or judge(x, **{**settings, **edits})[0]
