"""The verdict: each rule on both sides of its limit, and the edits it leads to."""

import ast
import math
import re

import numpy as np
import pytest
from conftest import EDITABLE, PAGE_FIT

from fit_gaussian import climb, fit, log_likelihood, maximum_likelihood, verdict

ARGUMENT = dict(zip(EDITABLE, PAGE_FIT))
LIMIT = {"STEP_MU": 2, "STEP_SIGMA": 1}  # of stability, over s^2
FOUR = [0.0, 4.0] * 50
FOUR_ML = 2.0, 2.0, 0.2, math.sqrt(0.02)  # mean, s and their standard errors


def exact(mean=2.0, s=2.0, n=100):
    """What maximum_likelihood returns of n samples with this mean and s."""
    return mean, s, s / math.sqrt(n), s / math.sqrt(2 * n)


def judge(ml=FOUR_ML, **changes):
    """(Converged or not, the constant to edit, its value, the line), near the page."""
    converged, line = verdict(ml, **{**PAGE_FIT, **changes})
    assert line.isascii() and "\n" not in line
    if converged:
        assert "try" not in line
        return True, None, None, line
    assert line.count("try ") == 1
    constant, value = re.fullmatch(r".*: try ([A-Z_]+) = (\S+)", line).groups()
    return False, constant, ast.literal_eval(value), line


def safe(mean, s, mu):
    """The four safe values, as a person would type them, as arguments of fit."""
    mu = round(mean + (2 if mu > mean else -2) * s, -math.floor(math.log10(s)))
    rest = (float(f"{v:.0e}") for v in (2 * s, s * s / 10, s * s / 20))
    return dict(zip(PAGE_FIT, (mu, *rest)))


def height(ml, settings):
    """The log-likelihood at the end of the ascent."""
    mean, s, *_ = ml
    return log_likelihood(*climb(mean, s, **settings)[0][:, -1], mean, s)


def test_page_settings_converge(page_samples):
    _, s, _, se_sigma = ml = maximum_likelihood(page_samples)
    off = abs(fit(page_samples, **PAGE_FIT)[1, -1] - s) / se_sigma
    line = f"mu is 0 std. errors and sigma {off:.2g} std. errors from the maximum"
    assert judge(ml) == (True, None, None, line)


@pytest.mark.parametrize("n", [2, 100, 10_000, 100_000])
@pytest.mark.parametrize("share", [-1.01, -0.99, 0.99, 1.01])
def test_a_standard_error_and_a_hundredth_of_s_decide(n, share):
    mean, s, *errors = ml = maximum_likelihood(np.tile([0.0, 4.0], n // 2))
    assert (mean, s) == (2, 2)
    assert errors == pytest.approx([2 / math.sqrt(n), 2 / math.sqrt(2 * n)])
    tiny = {"step_mu": 1e-9, "step_sigma": 1e-9, "n_iterations": 1}
    near_mu, near_sigma = (share * min(error, 0.02) for error in errors)
    for off in ({"mu": 2 + near_mu, "sigma": 2}, {"mu": 2, "sigma": 2 + near_sigma}):
        assert judge(ml, **off, **tiny)[0] == (abs(share) < 1)


def test_passing_through_is_not_converging():
    # sigma a bit below s, STEP_MU a bit below its limit: mu's errors grow by 0.75 %.
    start = {"mu": 2 + 0.0198, "sigma": 1.99, "step_mu": 7.95, "step_sigma": 1e-9}
    mus, _ = fit(FOUR, **start, n_iterations=3)
    assert list(abs(mus - 2) <= 0.02) == [True, True, False, False]
    assert not judge(exact(n=5000), **start, n_iterations=1)[0]


@pytest.mark.parametrize("mean, s, n", [(2, 2, 10), (-7, 0.03, 10_000)])
@pytest.mark.parametrize("edit", LIMIT)
def test_a_step_settles_below_its_limit_only(mean, s, n, edit):
    ml, step, limit = exact(mean, s, n), ARGUMENT[edit], LIMIT[edit] * s * s
    good = safe(mean, s, math.inf)
    start = {**good, "mu": mean + s / 1000, "sigma": 1.001 * s, "n_iterations": 2000}
    assert judge(ml, **{**start, step: 0.99 * limit})[0]
    path, _ = climb(mean, s, **{**start, step: limit})
    assert np.all(abs(path.T - (mean, s)) < s / 200)  # it bounces, and stays inside
    for share in (1, 1.01):
        *actual, line = judge(ml, **{**start, step: share * limit})
        assert actual == [False, edit, good[step]]
        assert re.search(
            rf"{step.upper()} multiplies a small error by {1 - 2 * share:g} ", line
        )


@pytest.mark.parametrize("edit", LIMIT)
def test_a_step_beyond_its_limit_is_edited_before_a_start_that_would_help_more(edit):
    far = {**PAGE_FIT, "mu": -300, ARGUMENT[edit]: 4.05 * LIMIT[edit]}
    better = height(FOUR_ML, {**far, "mu": -2})
    step = ARGUMENT[edit]
    assert better > height(FOUR_ML, {**far, step: safe(2, 2, -300)[step]})
    assert judge(**far)[1] == edit


def test_the_iteration_that_turns_sigma_negative_is_named():
    start = {"mu": 2, "sigma": 1.72, "step_sigma": 24}
    (_, sigmas), negative = climb(2, 2, **{**PAGE_FIT, **start})
    assert len(sigmas) == 3 and negative < 0
    line = judge(**start)[-1]
    assert f"sigma would be {negative:.3g}" in line and "at iteration 3" in line
    assert "would be" not in judge(**start, n_iterations=2)[-1]


@pytest.mark.parametrize("n_iterations, sigma", [(1, 2.05), (1, 1), (20, 1), (200, 10)])
def test_the_number_of_missing_iterations_is_exact(n_iterations, sigma):
    _, edit, proposed, line = judge(sigma=sigma, n_iterations=n_iterations)
    enough = int(re.search(r"converges at iteration (\d+):", line)[1])
    assert enough > n_iterations
    assert judge(sigma=sigma, n_iterations=enough)[0]
    assert not judge(sigma=sigma, n_iterations=enough - 1)[0]
    assert edit == "N_ITERATIONS" and isinstance(proposed, int)
    assert enough <= proposed <= 1.11 * enough
    assert len(str(proposed).rstrip("0")) <= 2


@pytest.mark.parametrize("needed, edit", [(989_000, "N_ITERATIONS"), (1_005_000, None)])
def test_no_more_than_a_million_iterations_are_proposed(needed, edit):
    # The error of sigma takes this long to shrink from 2.2 standard errors to one.
    *_, se_sigma = ml = exact(n=10**8)
    slow = {"mu": 2, "sigma": 2 + 2.2 * se_sigma, "n_iterations": 988_000}
    _, actual, value, _ = judge(ml, **slow, step_sigma=2 * math.log(2.2) / needed)
    assert actual == (edit or "STEP_SIGMA")
    assert value == (1_000_000 if edit else 0.2)


@pytest.mark.parametrize("mean", [2, 0.0, -1234.5678, 1e5])
@pytest.mark.parametrize("s", [2, 0.00345, 678.9])
@pytest.mark.parametrize(
    "mu", [-3e7, 3e7, 1e150]
)  # the last: sigma is infinite at once
def test_safe_values_are_short(mean, s, mu):
    good = safe(mean, s, mu)
    far = mu, 1e-5 * s, 1e3 * s * s, 90 * s * s
    for name, argument, value in zip(EDITABLE, good, far):
        settings = {**good, argument: value, "n_iterations": 300}
        assert judge(exact(mean, s), **settings)[:3] == (False, name, good[argument])


def test_a_safe_mu_is_never_minus_zero():
    assert judge(exact(mean=3.7), mu=-300)[-1].endswith(": try MU_START = 0.0")


@pytest.mark.parametrize("n", [2, 100, 10**8])
@pytest.mark.parametrize("mean", [0, -1.7, 321.0, 1e6])
def test_from_safe_values_the_ascent_settles_within_200_iterations(n, mean):
    for s in np.geomspace(1e-6, 1e6, 25):
        if s > 8 * np.spacing(abs(mean)) * math.sqrt(n):
            for side in (-math.inf, math.inf):
                settings = safe(mean, s, side)
                path, _ = climb(mean, s, **settings, n_iterations=400)
                near = np.reshape(exact(mean, s, n)[2:], (2, 1)).clip(max=s / 100)
                assert np.all(abs(path.T - (mean, s)).T[:, 200:] <= near)
    assert judge(exact(mean, s, n), **settings, n_iterations=200)[0]


FAR = [({"mu": -300}, "MU_START"), ({"mu": 300, "step_sigma": 1e-3}, "MU_START")]
FAR += [({"sigma": 0.01}, "SIGMA_START"), ({"sigma": 1000}, "SIGMA_START")]
FAR += [({"mu": 10, "sigma": 3, "step_mu": 1e-7}, "STEP_MU")]
FAR += [({"mu": 2, "sigma": 9, "step_sigma": 1e-6}, "STEP_SIGMA")]


@pytest.mark.parametrize("far, edit", FAR)
def test_the_edit_is_the_one_that_ends_highest_and_its_numbers_are_true(far, edit):
    settings = {**PAGE_FIT, **far}
    ends = {}
    for argument, value in safe(2, 2, settings["mu"]).items():
        path = fit(FOUR, **{**settings, argument: value})
        ends[argument] = *path[:, -1], log_likelihood(*path[:, -1], 2, 2)
    assert max(ends, key=lambda name: ends[name][2]) == ARGUMENT[edit]
    _, actual, _, line = judge(**far)
    assert actual == edit
    mus, sigmas = fit(FOUR, **settings)
    said = [
        float(number) for number in re.findall(r"(?:mu is|sigma) (\S+) % of s", line)
    ]
    true = np.array([mus[-1], sigmas[-1], *ends[ARGUMENT[edit]][:2]])[-len(said) :]
    assert len(said) == (2 if edit in LIMIT else 4)
    assert said == pytest.approx(list(abs(true - 2) / 0.02), rel=0.005, abs=0.0051)
    if sigmas.max() > 4:
        peak = sigmas.argmax()
        assert f"largest, {sigmas[peak]:.3g}, at iteration {peak}" in line
        assert f"cannot fall by {2 * settings['step_sigma']:.3g} " in line
    assert ("largest" in line) == (sigmas.max() > 4)


def follow(ml, settings):
    """Edit as told until converged. Return the harmful edits, as constants."""
    edited, harmful = [], []
    while True:
        converged, edit, value, _ = judge(ml, **settings)
        if converged:
            assert len(edited) <= 5
            return harmful
        assert edit not in edited, "no constant needs a second edit"
        edited.append(edit)
        before, old = height(ml, settings), settings[ARGUMENT[edit]]
        settings = {**settings, ARGUMENT[edit]: value}
        if height(ml, settings) < before - 1:
            limit = LIMIT.get(edit, math.inf) * ml[1] ** 2
            assert old >= limit > value, "harm for no need"
            harmful.append(edit)


def spread(rng, low, high):
    """Log-uniform."""
    return math.exp(rng.uniform(math.log(low), math.log(high)))


@pytest.mark.parametrize("seed", range(60))
def test_from_any_constants_the_edits_lead_to_convergence(seed):
    rng = np.random.default_rng(seed)
    sigma_true = spread(rng, 1e-3, 1e3)
    mu_true, mu = rng.choice([-1, 1], 2) * spread(rng, 1e-3, 1e4)
    if rng.random() < 0.5:
        mu = mu_true + rng.normal() * 3 * sigma_true
    sizes = []
    for close, low in zip(sigma_true ** np.array([1, 2, 2]), (1e-3, 1e-5, 1e-5)):
        near = min(max(close * spread(rng, 0.03, 30), low), 1e3)
        sizes.append(near if rng.random() < 0.5 else spread(rng, low, 1e3))
    n, n_iterations = int(spread(rng, 10, 1e5)), int(spread(rng, 1, 1e4))
    ml = maximum_likelihood(rng.normal(mu_true, sigma_true, n))
    follow(ml, dict(zip(PAGE_FIT, (mu, *sizes, n_iterations))))


@pytest.mark.parametrize("seed", range(60))
def test_from_own_data_no_edit_does_harm(seed):
    rng = np.random.default_rng(seed)
    n, sigma_true = int(spread(rng, 10, 1e4)), spread(rng, 0.1, 300)
    x = rng.normal(rng.uniform(-4, 4) * sigma_true, sigma_true, n)
    assert follow(maximum_likelihood(x), PAGE_FIT) == []
