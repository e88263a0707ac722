"""The verdict: each rule on both sides of its limit, and the edits it leads to."""

import ast
import math
import re

import numpy as np
import pytest
from conftest import PAGE

from fit_gaussian import arrival, fit, known_settings, maximum_likelihood, verdict

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
    lines = text.split("\n")
    assert text.isascii() and max(map(len, lines)) < 80
    if converged:
        assert len(lines) == 1
        return True, lines, {}
    assert lines[0] == "Not converged."
    paste = lines.index(PASTE)
    assert 1 < paste < len(lines) - 1
    edits = {}
    for line in lines[paste + 1 :]:
        name, value = line.split(" = ")
        assert name.isupper() and name.lower() in PAGE
        edits[name.lower()] = ast.literal_eval(value)
        assert edits[name.lower()] != settings[name.lower()]  # or it needs no edit
    return False, lines[1:paste], edits


def climb_by_hand(mean, s, mu_start, sigma_start, step_mu, step_sigma, n_iterations):
    """An ascent of our own, on NumPy's longest floats, as (mu, sigma) rows."""
    mu, sigma = np.longdouble(mu_start), np.longdouble(sigma_start)
    path = [(mu, sigma)]
    for _ in range(n_iterations):
        mu = mu - step_mu * (mu - mean) / sigma / sigma
        sigma = sigma * (1 - step_sigma / sigma**2) + step_sigma / sigma**3 * (
            s * s + (mu - mean) ** 2
        )
        path.append((mu, sigma))
    return np.array(path)


# ----------------------------------------------------------------------- converged
def test_page_settings_converge_at_the_iteration_counted_by_hand(page_samples):
    mean, s = np.mean(page_samples), np.std(page_samples)
    path = climb_by_hand(mean, s, **{**PAGE, "n_iterations": 5000})
    near = abs(path - (mean, s)) <= np.array([s / 100, s / math.sqrt(20_000)])
    count = 5000
    while near[count].all():
        count -= 1
    assert judge(page_samples) == (True, [f"Converged at iteration {count + 1}."], {})
    # One iteration more, or one less, is the difference between the two answers.
    assert judge(page_samples, n_iterations=count + 1)[0]
    on_its_way = ["It is on its way and needs more iterations."]
    edits = {"n_iterations": count + 1}
    assert judge(page_samples, n_iterations=count) == (False, on_its_way, edits)


@pytest.mark.parametrize("n, near", [(2, (0.02, 0.02)), (10**4, (0.02, 0.01 * 2**0.5))])
@pytest.mark.parametrize("n_times", [1, 4])
@pytest.mark.parametrize("share", [-1.01, -0.99, 0.99, 1.01])
def test_a_standard_error_and_a_hundredth_of_s_decide(n, near, n_times, share):
    x = samples(3.0, 2.0, n * n_times)
    near_mu, near_sigma = near
    if n > 2:  # the standard errors, 2 / sqrt(n) and 2 / sqrt(2 n), are the smaller
        near_mu, near_sigma = near_mu / n_times**0.5, near_sigma / n_times**0.5
    for mu, sigma in ((3 + share * near_mu, 2), (3, 2 + share * near_sigma)):
        converged, _, _ = judge(x, mu_start=mu, sigma_start=sigma, **TINY)
        assert converged == (abs(share) < 1)


def test_it_must_stay_near_for_20000_iterations():
    # sigma stays at 1.99, a bit below s, where mu's errors grow by 1 - STEP_MU / 1.99^2,
    # with a STEP_MU that is a bit below its limit: slowly enough to leave in time.
    x = samples(3.0, 2.0, 5000)  # near is 0.02
    step_mu = 1.99**2 * (2 + 1e-5)
    growth = abs(1 - step_mu / 1.99**2)
    start = {"sigma_start": 1.99, "step_mu": step_mu, "step_sigma": 1e-80}
    for n_iterations in (1, 300):
        for leaves_at, stays in ((20_010, True), (19_990, False)):
            off = 0.02 / growth ** (n_iterations + leaves_at)
            changes = {**start, "mu_start": 3 + off, "n_iterations": n_iterations}
            assert judge(x, **changes)[0] == stays


def test_arrival_is_counted_after_the_last_iteration_that_is_not_near():
    mus, sigmas = np.array([3.0, 4.0, 3.0, 3.0]), np.array([2.0, 2.0, 2.0, 2.0])
    assert arrival(mus, sigmas, 3.0, 2.0, 100) == 2
    assert arrival(mus[2:], sigmas[2:], 3.0, 2.0, 100) == 0
    assert arrival(mus[:2], sigmas[:2], 3.0, 2.0, 100) is None
    assert arrival(sigmas + 1, mus - 1, 3.0, 2.0, 100) == 2


@pytest.mark.parametrize("needed, proposed", [(998_000, True), (1_002_000, False)])
def test_no_more_iterations_are_proposed_than_are_accepted(needed, proposed):
    # sigma / s shrinks slowly from 1.02 to 1.01, in a time that an integral gives.
    integral = (1.02**2 - 1.01**2) / 2 + math.log((1.02**2 - 1) / (1.01**2 - 1)) / 2
    slow = {"mu_start": 3, "sigma_start": 2.04, "step_sigma": 4 * integral / needed}
    _, _, edits = judge(TWO[:2], **slow, n_iterations=990_000)
    if proposed:
        assert edits == {"n_iterations": pytest.approx(needed, abs=100)}
    else:
        assert "step_sigma" in edits and "n_iterations" not in edits


# ---------------------------------------------------------------------- what happened
@pytest.mark.parametrize("mean, s", [(3.0, 2.0), (-7.0, 0.03)])
@pytest.mark.parametrize(
    "step, limit, name", [("step_mu", 2, "mu"), ("step_sigma", 1, "sigma")]
)
def test_a_step_must_be_below_its_limit(mean, s, step, limit, name):
    x = samples(mean, s, 100)
    mean, s = maximum_likelihood(x)
    limit *= s**2
    good = known_settings(mean, s)
    start = {
        "mu_start": mean + s / 1000,
        "sigma_start": 1.001 * s,
        "n_iterations": 3000,
    }
    settings = {**good, **start}
    assert judge(x, **{**settings, step: 0.99 * limit})[0]
    for share in (1, 1.01, 3):
        converged, lines, edits = judge(x, **{**settings, step: share * limit})
        pattern = rf"{step.upper()} is not below (2 )?s\^2 = (\S+): {name} bounces .*"
        shown = re.fullmatch(pattern, lines[0])
        assert not converged and edits[step] == good[step]
        assert bool(shown[1]) == (name == "mu")
        assert float(shown[2]) == pytest.approx(limit, rel=1e-3)


def test_exactly_on_the_maximum_an_unstable_step_is_still_named():
    start = {"mu_start": 3, "sigma_start": 2, "step_mu": 8.1}
    mus, sigmas = fit(TWO, **{**PAGE, **start})
    assert np.all(mus == 3) and np.all(sigmas == 2)
    assert judge(**start)[1][0].startswith("STEP_MU is not below 2 s^2 = 8: ")


OVER = [
    {"mu_start": -300},
    {"sigma_start": 0.01},
    {"mu_start": 300, "step_sigma": 1e-3},
]
OVER += [{"step_mu": 1e-9, "step_sigma": 2.5}, {"step_sigma": 6}, {"step_mu": 30}]
OVER += [{"mu_start": 3.5, "sigma_start": 5, "step_mu": 1e-7}, {"step_mu": 1e-7}]
OVER += [{"mu_start": 3, "sigma_start": 9, "step_sigma": 1e-6}]


@pytest.mark.parametrize("changes", OVER, ids=str)
def test_what_is_taken_too_far_is_told_with_its_iteration(changes):
    """By the theorem, sigma passes the curve where the factor in README.md is < 0."""
    _, lines, _ = judge(**changes)
    path = climb_by_hand(3, 2, **{**PAGE, **changes})
    (mu, sigma), (mu_next, sigma_next) = path[:-1].T, path[1:].T
    best = np.sqrt(4 + (mu_next - 3) ** 2)
    step_mu, step_sigma = (
        {**PAGE, **changes}[name] for name in ("step_mu", "step_sigma")
    )
    factor_sigma = 1 - step_sigma * (sigma + best) / sigma**3
    up = (factor_sigma < 0) & (sigma < best) & (sigma_next - best > 0.02)
    away = (1 - step_mu / sigma**2 < -1) & (abs(mu_next - 3) - abs(mu - 3) > 0.02)
    expected = []
    if away.any():
        i = away.argmax()
        ends = f"{mu[i]:.4g} to {mu_next[i]:.4g}"
        expected += [f"Iteration {i + 1} takes mu from {ends}, past the mean."]
    if up.any():
        i = up.argmax()
        ends = f"{sigma[i]:.4g} to {sigma_next[i]:.4g}"
        expected += [f"Iteration {i + 1} takes sigma from {ends},"]
        expected += [f"past {best[i]:.4g}, the best sigma for its mu."]
    told = [line for line in lines if "not below" not in line]
    assert told == (expected or ["It is on its way, but far too slowly."])


def test_less_than_a_hundredth_of_s_is_not_too_far():
    # sigma goes from 1.9 to 1 % of s above the best sigma, 2, and mu hardly moves.
    for share, told in ((0.99, False), (1.01, True)):
        step = (2 + share * 0.02 - 1.9) / (4 / 1.9**3 - 1 / 1.9)
        start = {"mu_start": 3, "sigma_start": 1.9, "step_sigma": step, "step_mu": 9}
        _, lines, _ = judge(**start, n_iterations=1)
        assert any(line.startswith("Iteration 1 takes sigma") for line in lines) == told
        # mu goes from 1 % of s to 2 % beyond the mean, on the other side.
        start = {"mu_start": 3.02, "sigma_start": 2, "step_sigma": 1e-80}
        start["step_mu"] = 4 * (1 + 1 + share)
        _, lines, _ = judge(**start, n_iterations=1)
        iteration = 1 if told else 2
        assert any(line.startswith(f"Iteration {iteration} takes mu") for line in lines)


def test_the_end_of_an_ascent_is_told_also_if_it_comes_later():
    start = {"mu_start": 3, "sigma_start": 1.72, "step_sigma": 24}
    _, sigmas = fit(TWO, **{**PAGE, **start})
    last = sigmas[-1]
    invalid = last + 24 * (4 / last**3 - 1 / last)
    assert len(sigmas) == 3 and invalid < 0
    ending = f"iteration 3 would take sigma to {invalid:.4g}"
    line = f"The ascent ends early: {ending}."
    for n_iterations in (1, 2, 3, 500):
        assert judge(**start, n_iterations=n_iterations)[1][-1] == line


# -------------------------------------------------------------------------- the edits
@pytest.mark.parametrize("decade", [-40, -27, 0, 9, 38])
def test_known_settings_satisfy_the_theorem_and_100_iterations_are_enough(decade):
    for i, digits in enumerate(np.geomspace(1, 10, 400, endpoint=False)):
        s = float(digits * 10.0**decade)
        mean = [0.0, 0.77 * s, -3e5 * s, 2.5e3 * s][i % (4 if decade < 30 else 2)]
        known = known_settings(mean, s)
        curve = math.hypot(s, mean - known["mu_start"])
        assert known["sigma_start"] >= curve and known["mu_start"] < mean
        assert known["step_mu"] <= s**2 and known["step_sigma"] <= s**2 / 2
        # Typed by a person: mu to the first digit of s, the others to two.
        for name in ("sigma_start", "step_mu", "step_sigma"):
            assert re.fullmatch(
                r"[1-9]\.?\d?0*(\.0)?(e[+-]\d+)?|0\.0*[1-9]\d?", str(known[name])
            )
        place = 10.0 ** math.floor(math.log10(s))
        assert known["mu_start"] / place == pytest.approx(
            round(known["mu_start"] / place)
        )
        assert abs(known["mu_start"] - (mean - 2 * s)) <= 0.51 * place
        mus, sigmas = fit([mean - s, mean + s], **known)
        near = s * np.array([1e-4, 1e-4 / 2**0.5])  # for 100,000,000 samples
        assert abs(mus[-1] - mean) <= near[0] and abs(sigmas[-1] - s) <= near[1]
        assert known["n_iterations"] == 100


def test_edits_are_pasted_as_they_stand_and_leave_out_what_needs_none():
    good = {"mu_start": -1.0, "sigma_start": 6.0, "step_mu": 2.0, "step_sigma": 1.0}
    assert judge(**good, n_iterations=100)[0]
    for name, value in good.items():
        changes = {**good, name: 1e9 if name == "mu_start" else 1e-9}
        _, _, edits = judge(**changes, n_iterations=99)
        assert edits == {name: value, "n_iterations": 100}
        for n_iterations in (100, 101):  # more do no harm
            assert judge(**changes, n_iterations=n_iterations)[2] == {name: value}


def spread(rng, low, high):
    """Log-uniform."""
    return math.exp(rng.uniform(math.log(low), math.log(high)))


@pytest.mark.parametrize("seed", range(60))
def test_one_round_of_edits_is_enough(seed):
    rng = np.random.default_rng(seed)
    s = spread(rng, 1e-30, 1e30) if seed % 3 else spread(rng, 0.1, 300)
    mean = rng.choice([-1, 1]) * s * spread(rng, 1e-3, 1e5)
    x = rng.normal(mean, s, int(spread(rng, 2, 1e4)))
    if seed % 3:
        settings = {
            "mu_start": mean + rng.choice([-1, 1]) * s * spread(rng, 1e-3, 1e4),
            "sigma_start": s * spread(rng, 1e-3, 1e3),
            "step_mu": s**2 * spread(rng, 1e-6, 1e2),
            "step_sigma": s**2 * spread(rng, 1e-6, 1e2),
            "n_iterations": int(spread(rng, 1, 3000)),
        }
    else:
        settings = PAGE  # own data under the shipped settings
    converged, _, edits = judge(x, **settings)
    assert converged or judge(x, **{**settings, **edits})[0]
