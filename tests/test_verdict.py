"""The verdict: each rule on both sides of its limit, and the edits it leads to."""

import ast
import math
import re
import statistics

import numpy as np
import pytest
from conftest import PAGE_FIT

from fit_gaussian import LOOK_AHEAD, fit, verdict

FOUR = [0.0, 4.0] * 50  # n = 100, mean 2, s = 2: standard errors 0.2 and 0.1414
ARGUMENT = {
    "MU_START": "mu",
    "SIGMA_START": "sigma",
    "STEP_MU": "step_mu",
    "STEP_SIGMA": "step_sigma",
    "N_ITERATIONS": "n_iterations",
}


def edit_of(why):
    """The one edit that the line ends with, as (argument of fit, value)."""
    assert why.count("try ") == 1
    constant, value = re.fullmatch(r".*: try ([A-Z_]+) = (\S+)", why).groups()
    return ARGUMENT[constant], ast.literal_eval(value)


def judge(x=FOUR, **changes):
    """(Converged or not, the argument to edit or None, the line) near page settings."""
    converged, why = verdict(x, **{**PAGE_FIT, **changes})
    assert why.isascii() and "\n" not in why
    return converged, None if converged else edit_of(why)[0], why


def is_near(x, mus, sigmas):
    """Are the final values within a standard error of the closed form?"""
    s, slack = statistics.pstdev(x), 1 + 1e-9  # of rounding
    near_mu = abs(mus[-1] - statistics.fmean(x)) <= s / math.sqrt(len(x)) * slack
    return near_mu and abs(sigmas[-1] - s) <= s / math.sqrt(2 * len(x)) * slack


# -------------------------------------------------------------------- converged


def test_page_settings_converge(page_samples):
    converged, why = verdict(page_samples, **PAGE_FIT)
    _, sigmas = fit(page_samples, **PAGE_FIT)
    s = np.std(page_samples)
    off_sigma = (s - sigmas[-1]) / (s / 20_000**0.5)
    assert converged
    assert why == (
        f"sigma is {off_sigma:.2f} and mu 0.00 standard errors from the maximum"
    )


def test_one_iteration_decides():
    sigma_s = math.sqrt(1 / 200) * 2
    _, sigmas = fit(FOUR, 2, 1, 0.1, 0.01, 2000)
    enough = int(np.argmax(sigmas >= 2 - sigma_s))  # it rises all the way
    late = {"mu": 2, "sigma": 1}
    assert judge(**late, n_iterations=enough)[0]
    short = 2 - fit(FOUR, 2, 1, 0.1, 0.01, enough - 1)[1][-1]
    assert judge(**late, n_iterations=enough - 1)[2].startswith(
        f"too few iterations; sigma is {short / sigma_s:.2f} and mu 0.00 standard "
        "errors from the maximum, 1 more will do: try N_ITERATIONS = "
    )


@pytest.mark.parametrize("constant", ["mu", "sigma"])
@pytest.mark.parametrize("share, converged", [(0.99, True), (1.01, False)])
def test_one_standard_error_decides(constant, share, converged):
    start = {"mu": 2 + share * 0.2} if constant == "mu" else {"mu": 2}
    start["sigma"] = 2 + share * 0.1 * math.sqrt(2) if constant == "sigma" else 2
    tiny = {"step_mu": 1e-5, "step_sigma": 1e-5, "n_iterations": 1}
    assert judge(**start, **tiny)[0] == converged


def test_passing_through_is_not_converging():
    x = [0.0, 4.0] * 5  # n = 10: one standard error of sigma is 22 % of it
    swing = {"mu": 2, "sigma": 1.57, "step_sigma": 3.95, "n_iterations": 1}
    start = {**PAGE_FIT, **swing, "n_iterations": 0}
    assert is_near(x, *fit(x, **start))
    assert not is_near(x, *fit(x, **{**PAGE_FIT, **swing}))  # 1.57 is thrown to 3.1
    assert not verdict(x, **start)[0]
    assert judge(x, **{**swing, "n_iterations": 500})[0]


# ----------------------------------------------------------- step sizes and limits


@pytest.mark.parametrize("n", [10, 11, 100, 10_000])
@pytest.mark.parametrize(
    "step, multiple", [("step_mu", 2), ("step_sigma", 1)], ids=["mu", "sigma"]
)
def test_stability_limit_is_that_of_the_samples(n, step, multiple):
    x = np.random.default_rng(n).normal(2, 2, n)
    s2 = statistics.pvariance(x)
    start = {"mu": statistics.fmean(x) + math.sqrt(s2 / n) / 9, "sigma": math.sqrt(s2)}
    assert judge(x, **start, **{step: 0.99 * multiple * s2}, n_iterations=2000)[0]
    converged, edit, why = judge(
        x, **start, **{step: 1.01 * multiple * s2}, n_iterations=2000
    )
    assert (converged, edit) == (False, step)
    formula = "s^2" if multiple == 1 else "2 s^2"
    assert f"not below its stability limit {formula} = {multiple * s2:.3g}" in why


def test_at_its_limit_a_step_cannot_settle():
    assert judge(step_sigma=4)[1] == "step_sigma"
    assert judge(step_mu=8)[1] == "step_mu"


@pytest.mark.parametrize("n", [10, 20, 50])
def test_bouncing_near_the_maximum_is_not_converging(n):
    x = np.random.default_rng(n).normal(2, 2, n)
    s = statistics.pstdev(x)
    bounce = {"mu": statistics.fmean(x), "sigma": 1.01 * s, "step_sigma": 1.01 * s**2}
    for n_iterations in (501, 502):
        settings = {**PAGE_FIT, **bounce, "n_iterations": n_iterations}
        assert is_near(x, *fit(x, **settings))
        assert judge(x, **settings)[:2] == (False, "step_sigma")


def test_a_proposed_step_has_the_factor_0_9():
    for step, limit in (("step_mu", 8), ("step_sigma", 4)):
        argument, value = edit_of(judge(**{step: 100 * limit})[2])
        assert argument == step
        assert 1 - 2 * value / limit == pytest.approx(0.9)
    x = np.array(FOUR) * math.sqrt(3.04 / 4)  # s^2 / 20 = 0.152
    assert edit_of(judge(x, step_sigma=100)[2]) == ("step_sigma", 0.2)


# ---------------------------------------------------------- overshoots and the start


def test_overshoot_is_ten_times_s():
    # With mu = mean, the first step from 0.2 is the only one that goes up.
    for peak, edit in ((0.99 * 20, "n_iterations"), (1.01 * 20, "sigma")):
        step = (peak - 0.2) / ((4 / 0.2**2 - 1) / 0.2)
        start = {"mu": 2, "sigma": 0.2, "step_sigma": step, "n_iterations": 1}
        _, actual, why = judge(**start)
        assert actual == edit
    assert why == (
        "sigma overshot to 20.2, and sigma^2 falls by at most 2 STEP_SIGMA = "
        f"{2 * step:g} an iteration. SIGMA_START is 0.1 times the samples' standard "
        "deviation: try SIGMA_START = 4.0"
    )


def test_overshoot_is_ten_times_the_start():
    wide = {"mu": 2, "sigma": 30, "step_sigma": 1, "n_iterations": 1}
    assert judge(**wide)[1] == "n_iterations"


def test_the_constant_further_off_is_edited():
    # From sigma_0 = 1 it is mu_0 if that is more than 4 s^2 / sigma_0 = 16 away.
    throw = {"sigma": 1, "step_sigma": 3}
    assert judge(mu=2 - 0.99 * 16, **throw)[1] == "sigma"
    assert judge(mu=2 - 1.01 * 16, **throw)[1] == "mu"
    # From a wide sigma_0, if it is further from the mean than sigma_0 is wide.
    slow = {"sigma": 1000, "n_iterations": 1}
    assert judge(mu=2 + 0.99 * 1000, **slow)[1] == "sigma"
    assert judge(mu=2 + 1.01 * 1000, **slow)[1] == "mu"
    assert judge(**slow)[2].startswith("sigma goes up to 1e+03, and sigma^2 falls by ")


@pytest.mark.parametrize("mu, proposed", [(-300, -2), (300, 6)])
def test_proposed_mu_is_two_s_from_the_mean_on_the_same_side(mu, proposed):
    why = judge(mu=mu)[2]
    assert edit_of(why) == ("mu", proposed)
    assert (
        f"MU_START is {abs(mu - 2) / 2:.3g} standard deviations off the samples'" in why
    )


def test_proposed_mu_is_below_a_mean_it_was_below():
    assert edit_of(judge(np.array(FOUR) + 1000, mu=700)[2]) == ("mu", 998)


def test_proposed_mu_is_never_minus_zero():
    x = np.array(FOUR) + 1.7  # mean - 2 s = -0.3, which rounds to zero
    assert judge(x, mu=-300)[2].endswith("try MU_START = 0.0")


def test_proposed_sigma_is_two_s():
    assert edit_of(judge(sigma=0.01)[2]) == ("sigma", 4)


def test_a_start_beyond_floats_is_advised_too():
    for start, edit in (({"mu": 1e200}, "mu"), ({"sigma": 1e-200}, "sigma")):
        with pytest.raises(ArithmeticError):
            fit(FOUR, **{**PAGE_FIT, **start})
        _, actual, why = judge(**start)
        assert actual == edit
        assert why.startswith(f"{edit.upper()}_START is ")


# ------------------------------------------------------------------ too few iterations


@pytest.mark.parametrize("n_iterations", [1, 20, 60])
def test_the_number_of_missing_iterations_is_exact(n_iterations):
    _, _, why = judge(n_iterations=n_iterations)
    more = int(re.search(r"(\d+) more will do", why)[1])
    assert judge(n_iterations=n_iterations + more)[0]
    assert not judge(n_iterations=n_iterations + more - 1)[0]
    proposed = edit_of(why)[1]
    assert isinstance(proposed, int)
    assert n_iterations + more <= proposed < 1.1 * (n_iterations + more)
    assert len(str(proposed).rstrip("0")) <= 2


def test_less_than_a_hundred_iterations_are_not_rounded():
    quick = {"mu": 2, "sigma": 3, "step_sigma": 0.1}
    _, _, why = judge(**quick, n_iterations=1)
    more = int(re.search(r"(\d+) more will do", why)[1])
    assert edit_of(why) == ("n_iterations", 1 + more)
    assert 10 < more < 98
    assert (1 + more) % 10 != 0


FAR = {"mu": 402, "sigma": 400, "step_mu": 0.5, "step_sigma": 0.5}


@pytest.mark.parametrize("step, limit", [("step_mu", 8), ("step_sigma", 4)])
def test_a_step_that_takes_off_less_than_a_thousandth_is_slow(step, limit):
    # Too far and too wide for 20,000 iterations: is it the step, or is it the start?
    assert judge(**{**FAR, step: 0.99 * 5e-4 * limit})[1] == step
    assert judge(**{**FAR, step: 1.01 * 5e-4 * limit})[1] == "sigma"


@pytest.mark.parametrize("step, limit", [("step_mu", 8), ("step_sigma", 4)])
def test_a_step_just_below_its_limit_is_slow(step, limit):
    assert judge(**{**FAR, step: limit - 0.99 * 5e-4 * limit})[1] == step


def test_a_slow_step_that_has_nothing_to_do_is_not_to_blame():
    assert judge(mu=10, sigma=2, step_sigma=1e-7, step_mu=1e-7)[1] == "step_mu"


def test_a_slow_step_that_arrives_is_not_to_blame():
    slow = {"step_sigma": 0.99 * 5e-4 * 4, "step_mu": 1e-7}
    assert judge(mu=2.5, sigma=2.3, **slow)[1] == "step_mu"


def test_an_overshoot_comes_before_a_slow_step():
    assert judge(mu=-300, step_sigma=1e-3)[1] == "mu"


def test_slow_step_names_what_is_left():
    slow = {"mu": 2, "sigma": 2.5, "step_sigma": 1e-6, "n_iterations": 1}
    _, edit, why = judge(**slow)
    assert edit == "step_sigma"
    # From 0.5 to 0.1414 at a factor of 1 - 2e-6 / 4 an iteration.
    needed = math.log(0.5 / 0.1414) / (2e-6 / 4)
    assert float(re.search(r"about (\S+) more", why)[1]) == pytest.approx(
        needed, rel=0.3
    )
    assert re.fullmatch(
        r"too few iterations for STEP_SIGMA = 1e-06; sigma is 3\.54 and mu 0\.00 "
        r"standard errors from the maximum, about \S+ more would do: try STEP_SIGMA = 0\.2",
        why,
    )
    assert not judge(mu=2, sigma=2.1, step_sigma=1e-6, n_iterations=1)[1]


def test_advice_on_iterations_ends_with_the_look_ahead():
    rise = {"mu": 2, "sigma": 1, "n_iterations": 1}
    _, sigmas = fit(FOUR, 2, 1, 0.1, 1e-4, 60_000)
    needed = int(np.argmax(sigmas >= 2 - 0.2 / math.sqrt(2)))
    within = 1e-4 * needed / (LOOK_AHEAD * 0.99)
    beyond = 1e-4 * needed / (LOOK_AHEAD * 1.01)
    assert judge(**rise, step_sigma=within)[1] == "n_iterations"
    assert judge(**rise, step_sigma=beyond)[1] == "step_sigma"


# -------------------------------------------------------------------- edit by edit


def is_short(argument, value, s):
    """Is it what a person would type? Two digits, one digit, or to the digit of s."""
    if argument == "n_iterations":
        return isinstance(value, int) and len(str(value).rstrip("0")) <= 2
    if argument == "mu":
        return value == round(value, -math.floor(math.log10(s)))
    return value == float(f"{value:.0e}")


def random_constants(rng):
    """Any valid constants: log-uniform, half of the steps within reach of a limit."""

    def spread(low, high):
        return math.exp(rng.uniform(math.log(low), math.log(high)))

    def spread_or_near(value, low, high):
        near = min(max(value * spread(0.03, 30), low), high)
        return near if rng.random() < 0.5 else spread(low, high)

    sigma_true = spread(0.001, 1000)
    mu_true = rng.choice([-1, 1]) * spread(0.001, 10_000)
    x = rng.normal(mu_true, sigma_true, int(spread(10, 100_000)))
    mu = rng.choice([-1, 1]) * spread(0.001, 10_000)
    if rng.random() < 0.5:
        mu = mu_true + rng.normal() * 3 * sigma_true
    return x, {
        "mu": min(max(mu, -10_000), 10_000),
        "sigma": spread_or_near(sigma_true, 0.001, 1000),
        "step_mu": spread_or_near(sigma_true**2, 1e-5, 1000),
        "step_sigma": spread_or_near(sigma_true**2, 1e-5, 1000),
        "n_iterations": int(spread(1, 10_000)),
    }


@pytest.mark.parametrize("seed", range(50))
def test_every_edit_leads_on_and_five_are_enough(seed):
    x, settings = random_constants(np.random.default_rng(seed))
    edited = []
    converged, why = verdict(x, **settings)
    while not converged:
        argument, value = edit_of(why)
        assert argument not in edited, "no constant needs a second edit"
        assert value != settings[argument]
        assert is_short(argument, value, np.std(x))
        edited.append(argument)
        settings[argument] = value
        converged, why = verdict(x, **settings)
    assert settings["n_iterations"] <= 10_000 + LOOK_AHEAD
    assert settings["step_mu"] < 2 * np.var(x) and settings["step_sigma"] < np.var(x)
    assert is_near(x, *fit(x, **settings))
