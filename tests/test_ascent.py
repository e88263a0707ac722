"""The ascent and the verdict: against the page's loop, the closed form, and proofs."""

import math
import re

import numpy as np
import pytest
from helpers import START, page_loop, page_samples, pasted, settings

from fit_gaussian import fit, log_likelihood, safe_settings, verdict

ELEVEN = (1, 2, 1, 2, 3, 2, 1, 2, 0.5, 0.4, -0.1)
SAMPLES = [page_samples(), ELEVEN, np.array([1, 2, 4], "uint8"), [5e5, 5e5 + 3]]
RUNS = [settings(), settings(STEP_MU=4.0, STEP_SIGMA=2.0), [1, 2, 1.0, 0.7, 50]]


def test_the_shipped_settings_find_the_truth_and_the_maximum():
    x = page_samples()
    mus, sigmas = fit(x, *settings())
    error_mu, error_sigma = 2 / math.sqrt(10_000), 2 / math.sqrt(20_000)
    assert abs(mus[-1] - 2) < 3 * error_mu and abs(sigmas[-1] - 2) < 3 * error_sigma
    assert abs(mus[-1] - x.mean()) < error_mu
    assert abs(sigmas[-1] - x.std()) < error_sigma


@pytest.mark.parametrize("x", SAMPLES, ids=len)
@pytest.mark.parametrize("run", RUNS, ids=str)
def test_the_trajectories_are_those_of_the_page_s_loop(x, run):
    np.testing.assert_allclose(fit(x, *run), page_loop(x, *run), rtol=1e-8)


@pytest.mark.parametrize("mu, sigma", [(-3, 1), (2, 0.5), (0, 3), (1.3, 0.88)])
def test_steps_follow_finite_differences_of_the_log_likelihood(mu, sigma):
    ell = lambda mu, sigma: log_likelihood(mu, sigma, np.mean(ELEVEN), np.std(ELEVEN))
    h, (mus, sigmas) = 1e-5, fit(ELEVEN, mu, sigma, 0.02, 0.01, 1)
    slope_mu = (ell(mu + h, sigma) - ell(mu - h, sigma)) / (2 * h)
    slope_sigma = (ell(mus[1], sigma + h) - ell(mus[1], sigma - h)) / (2 * h)
    found = [(mus[1] - mu) / 0.02, (sigmas[1] - sigma) / 0.01]
    assert found == pytest.approx([slope_mu, slope_sigma], rel=1e-6, abs=1e-8)


ONE = [-1.0, 1.0]  # mean 0, s 1: then d = -mu, w = sigma, a and b are the step sizes


def random_rows(low, high, n):
    return np.exp(np.random.default_rng(n).uniform(np.log(low), np.log(high), (n, 4)))


def test_below_both_limits_it_arrives_from_every_start():
    for d, w, a, b in random_rows([0.01, 0.7, 0.1, 0.1], [9, 9, 2, 1], 14):
        mus, sigmas = fit(ONE, d, w, min(a, 1.99), b, 40_000)
        near = 1e-6 if b < 0.98 else 0.02  # at b = 1, errors shrink like 1 / sqrt(t)
        assert abs(mus[-1]) < 1e-9 and abs(sigmas[-1] - 1) < near


def test_the_first_iteration_decides_whether_it_leaps():
    leaping = 0
    for d, w, a, b in random_rows([0.01, 0.1, 0.01, 0.01], [30, 9, 2, 0.5], 300):
        mus, sigmas = fit(ONE, d, w, a, b, 200)
        curve = np.hypot(1, mus[1:])
        mu_leaps = abs(mus[1:]) > abs(mus[:-1])
        sigma_leaps = (sigmas[:-1] < curve) & (sigmas[1:] > curve * (1 + 1e-12))
        predicted = w**2 < a / 2, w < curve[0] and w**3 < b * (w + curve[0])
        assert predicted == (mu_leaps[0], sigma_leaps[0])
        leaping += any(predicted)
        if not any(predicted):
            assert not mu_leaps.any() and not sigma_leaps.any()
            assert (np.diff(log_likelihood(mus, sigmas, 0, 1)) > -1e-12).all()
        # sigma^2 falls by less than 2 b in an iteration, but for rounding.
        assert (-np.diff(sigmas**2) < 2 * b + 1e-15 * sigmas[1:] ** 2).all()
    assert 60 < leaping < 240


def test_from_above_it_goes_straight_and_the_time_is_bounded():
    for d, w, a, b in random_rows([0.01, 1, 0.05, 0.05], [5, 3, 1, 0.5], 100):
        mus, sigmas = fit(ONE, -d, w * math.hypot(1, d), a, b, 400)
        assert (np.diff(sigmas) <= 1e-15).all() and (np.diff(mus) >= 0).all()
        y = sigmas**2 + mus**2 - 1
        y = y[y > 1e-9]  # below, rounding decides
        assert (-np.diff(y + np.log(y)) >= min(a, b * (2 - b)) * (1 - 1e-6)).all()
        assert (abs(mus[: y.size]) <= np.sqrt(y)).all() and (mus <= 0).all()
        assert (abs(sigmas[: y.size] - 1) <= y / 2 + 1e-15).all()


TWO = [1.0, 5.0] * 50  # mean 3, s 2
SMALL = [-7.5, -6.5] * 50  # mean -7, s 0.5, so that s^2 is not 2 s^2 of the other
BESIDE = {"MU_START": -7.001, "SIGMA_START": 0.501, "STEP_MU": 0.1, "STEP_SIGMA": 0.05}
MAXIMUM = {"MU_START": 3.0, "SIGMA_START": 2.0}
ABOVE = {"MU_START": 3.0, "SIGMA_START": 2.04, "N_ITERATIONS": 990_000}
# From there, sigma comes near in TIME / STEP_SIGMA iterations, by an integral.
TIME = 2 * (1.02**2 - 1.01**2 + math.log((1.02**2 - 1) / (1.01**2 - 1)))
YES, MORE = "Converged at iteration 0.", "it needs more iterations."
MU, SIGMA = "STEP_MU must be below 2 s^2 = ", "STEP_SIGMA must be below s^2 = "
SLOW = "the steps are too small, or too near their limits."
OUT = "iteration 1 takes sigma out of the range 1e-30 to 1e+30."

# Samples, edits, and the first line, but for "Not converged: ".
FIRST_LINES = [
    (SMALL, {**BESIDE, "STEP_MU": 0.5}, MU + "0.5."),  # 2 s^2, not 2 s or s^2
    (SMALL, {**BESIDE, "STEP_MU": 0.499}, YES),
    (SMALL, {**BESIDE, "STEP_SIGMA": 0.25}, SIGMA + "0.25."),
    (SMALL, {**BESIDE, "STEP_SIGMA": 0.249}, YES),
    (TWO, {"STEP_MU": 9.0, "STEP_SIGMA": 5.0}, MU + "8."),  # one is enough
    (TWO, {**MAXIMUM, "STEP_MU": 8.0}, MU + "8."),
    (TWO, {**MAXIMUM, "STEP_SIGMA": 4.0}, SIGMA + "4."),
    (TWO, {"SIGMA_START": 1e-20, "N_ITERATIONS": 1}, OUT),
    (TWO, {"SIGMA_START": 20.0, "N_ITERATIONS": 1}, SLOW),  # a shorter way down
    (TWO, {**ABOVE, "STEP_SIGMA": TIME / 998_000}, MORE),
    (TWO, {**ABOVE, "STEP_SIGMA": TIME / 1_002_000}, SLOW),  # main accepts a million
]


@pytest.mark.parametrize("x, changes, line", FIRST_LINES)
def test_the_first_line_and_what_follows(x, changes, line):
    first, *more = verdict(x, *settings(**changes)).split("\n")
    assert first == (line if line == YES else f"Not converged: {line}")
    assert len(first) < 80 and first.isascii()
    paste = "This converges; paste it over the constants of the same names:"
    names = {YES: [], MORE: [paste, "N_ITERATIONS"]}.get(line, [paste, *START])
    assert [edit.split(" = ")[0] for edit in more] == names


DOWN = [(TWO, {"MU_START": mu}) for mu in (-300.0, -1e4, -299.0, -9e5, -310.0)]
DOWN += [([70, 65, 82, 71, 55, 90], {}), (TWO, {"SIGMA_START": 30, "N_ITERATIONS": 1})]


@pytest.mark.parametrize("x, changes", DOWN)
def test_the_highest_sigma_and_the_way_down_to_three_digits_not_more(x, changes):
    first, second, *_ = verdict(x, *settings(**changes)).split("\n")
    sigmas = page_loop(x, *settings(**changes))[1]
    peak = f"{sigmas.max():.4g} at iteration {sigmas.argmax()}"
    assert first == f"Not converged: sigma is {peak}, too high for STEP_SIGMA."
    least = (sigmas.max() ** 2 - np.var(x)) / (2 * 0.01)
    shown = float(re.fullmatch(r"The way down takes at least (\S+) it.*", second)[1])
    assert shown == float(f"{shown:.3g}") and 0 <= least - shown < 0.01 * shown


@pytest.mark.parametrize("x", [page_samples(), TWO], ids=len)
def test_it_converges_at_the_iteration_that_the_page_s_loop_tells(x):
    mus, sigmas = page_loop(x, *settings(N_ITERATIONS=3000))
    near = min(np.std(x) / 100, np.std(x) / math.sqrt(2 * len(x)))
    far = np.maximum(abs(mus - np.mean(x)), abs(sigmas - np.std(x))) > near
    count = int(np.flatnonzero(far)[-1]) + 1
    lines = [verdict(x, *settings(N_ITERATIONS=count + i)) for i in (-1, 0, 200)]
    assert lines[1:] == [f"Converged at iteration {count}."] * 2
    assert pasted(lines[0]) == {"N_ITERATIONS": count}


# Samples, the arguments of a run that hardly moves, and whether it is near throughout.
EDGES = []
for n, near in ((2, 0.02), (4_900, 0.02), (20_000, 0.01)):  # s / 100, or s / sqrt(2 n)
    for share in (-1.01, -0.99, 0.99, 1.01):
        for start in ((3 + share * near, 2), (3, 2 + share * near)):
            EDGES.append((n, (*start, 1e-30, 1e-30, 1), abs(share) < 1))
for n in (20_010, 19_990):
    # sigma stays at 1.99, where mu's errors grow by STEP_MU / 1.99^2 - 1: the step is a
    # bit below its limit at s, and so slowly that mu leaves in about n of the 20,000.
    off, step = 0.02 / (1 + 1e-5) ** (300 + n), 1.99**2 * (2 + 1e-5)
    EDGES.append((5_000, (3 + off, 1.99, step, 1e-30, 300), n > 20_000))


@pytest.mark.parametrize("n, run, near", EDGES)
def test_near_is_one_distance_for_both_and_kept_for_20000_iterations(n, run, near):
    assert verdict(TWO[:2] * (n // 2), *run).startswith("Converged") == near


@pytest.mark.parametrize("decade", [-9, -3, 0, 4, 14])
def test_what_is_proposed_satisfies_the_proof_and_is_typed_by_a_person(decade):
    for i, s in enumerate(np.geomspace(1, 9.99, 60) * 10.0**decade):
        mean = [0.0, 0.77 * s, -3e5 * s, 2e9 * s][i % 4]
        text = safe_settings(mean, s)
        mu, sigma, step_mu, step_sigma, n = pasted(text).values()
        d, w, b = (mean - mu) / s, sigma / s, step_sigma / s**2
        assert w >= math.hypot(1, d) and step_mu <= s**2 and b <= 1 / 2 and n == 100
        y, c = w**2 + d**2 - 1, min(step_mu / s**2, b * (2 - b))
        assert (y + math.log(y) + math.log(2e8)) / c <= 94
        for number in re.findall("(?:SIGMA_START|STEP.*) = (.*)", text):
            assert len(re.sub(r"e.*|\D", "", number).strip("0")) <= 6, number
            assert ("e" in number) <= (not 1e-4 <= float(number) < 1e7)
    assert safe_settings(4.0, 2.0).startswith("MU_START = 0\n")  # not -0


@pytest.mark.parametrize("seed", range(60))
def test_one_round_of_edits_is_enough(seed):
    rng = np.random.default_rng(seed)
    n, far, offset, wide = 10 ** rng.uniform([0.31, -3, -3, -3], [4, 8, 3, 2])
    s = 10 ** rng.uniform(-7, 5)
    mean = rng.choice([-1, 1]) * s * far
    x, run = rng.normal(mean, s, int(n)), settings()
    if seed % 4:  # other settings, too
        steps = s**2 * 10 ** rng.uniform(-5, [1, 1])
        run = [mean + s * offset, s * wide, *steps, int(10 ** rng.uniform(0, 3.5))]
    again = {**dict(zip(START, run)), **pasted(verdict(x, *run))}
    assert verdict(x, *again.values()).startswith("Converged")
