"""The verdict: each rule on both sides of its limit, and the settings to paste."""

import math
import re
from decimal import ROUND_DOWN, Context

import numpy as np
import pytest
from helpers import START, page_loop, page_samples, pasted, settings, two_values

from fit_gaussian import fit, safe_settings, verdict

TWO, SMALL = two_values(3.0, 2.0), two_values(-7.0, 0.5)  # s^2 is 4, and 0.25
BESIDE = {"MU_START": -7.001, "SIGMA_START": 0.501, "STEP_MU": 0.1, "STEP_SIGMA": 0.05}
MAXIMUM = {"MU_START": 3.0, "SIGMA_START": 2.0}
NO = "Not converged: "
MU, SIGMA = (
    NO + "STEP_MU must be below 2 s^2 = ",
    NO + "STEP_SIGMA must be below s^2 = ",
)
MORE, HIGH = (
    NO + "it needs more iterations.",
    NO + "sigma is {} at iteration {}, far too high.",
)
SLOW = NO + "the steps are too small, or too near their limits."
OUT = NO + "iteration 1 takes sigma out of 1e-30 to 1e+30."

FIRST_LINES = [
    (SMALL, BESIDE, "Converged at iteration 0."),
    (SMALL, {**BESIDE, "STEP_MU": 0.5}, MU + "0.5."),  # 2 s^2, not 2 s or s^2
    (SMALL, {**BESIDE, "STEP_MU": 0.499}, "Converged at iteration 0."),
    (SMALL, {**BESIDE, "STEP_SIGMA": 0.25}, SIGMA + "0.25."),
    (SMALL, {**BESIDE, "STEP_SIGMA": 0.249}, "Converged at iteration 0."),
    (TWO, {"STEP_MU": 9.0, "STEP_SIGMA": 5.0}, MU + "8."),  # one is enough
    (TWO, {**MAXIMUM, "STEP_MU": 8.0}, MU + "8."),
    (TWO, {**MAXIMUM, "STEP_SIGMA": 4.0}, SIGMA + "4."),
    (TWO, {"SIGMA_START": 1e-20}, OUT),
    (TWO, {"SIGMA_START": 1e-20, "N_ITERATIONS": 1}, OUT),
    (TWO, {"MU_START": -300.0}, HIGH.format("744.7", 1)),  # 1 + 0.01 (4 + 272.7^2 - 1)
    (TWO, {"SIGMA_START": 30.0, "N_ITERATIONS": 1}, HIGH.format("30", 0)),
    (TWO, {"SIGMA_START": 20.0, "N_ITERATIONS": 1}, SLOW),  # its way down is shorter
    (TWO, {"STEP_MU": 1e-7, "STEP_SIGMA": 1e-7}, SLOW),
    (TWO, {"STEP_MU": 1.0}, MORE),
    ([70, 65, 82, 71, 55, 90], {}, HIGH.format("48.14", 500)),
]


@pytest.mark.parametrize("x, changes, line", FIRST_LINES, ids=str)
def test_the_first_line_and_what_follows(x, changes, line):
    text = verdict(x, *settings(**changes))
    first, *more = text.split("\n")
    assert first == line and text.isascii() and max(map(len, [line, *more])) < 80
    edits = pasted(text)
    paste = "This converges; paste it over the constants of the same names:"
    assert more[-len(edits) - 1 : -len(edits)] == [paste] * bool(edits)
    if line.startswith("Converged"):
        assert more == []
    elif line == MORE:
        assert [*edits] == ["N_ITERATIONS"] and len(more) == 2
    else:
        assert edits["N_ITERATIONS"] == 100 and [*edits] == [*START]
        assert len(more) == (7 if "too high" in line else 6)


@pytest.mark.parametrize("x", [page_samples(), TWO], ids=len)
def test_it_converges_at_the_iteration_that_the_page_s_loop_tells(x):
    mus, sigmas = page_loop(x, *settings(N_ITERATIONS=3000))
    near = min(np.std(x) / 100, np.std(x) / math.sqrt(2 * len(x)))
    far = np.maximum(abs(mus - np.mean(x)), abs(sigmas - np.std(x))) > near
    count = int(np.flatnonzero(far)[-1]) + 1
    for n in (count, 500):
        expected = f"Converged at iteration {count}."
        assert verdict(x, *settings(N_ITERATIONS=n)) == expected
    less = verdict(x, *settings(N_ITERATIONS=count - 1))
    assert pasted(less) == {"N_ITERATIONS": count}


STILL = {"STEP_MU": 1e-30, "STEP_SIGMA": 1e-30, "N_ITERATIONS": 1}  # nothing moves


# s / 100 for few samples, s / sqrt(2 n) for many.
@pytest.mark.parametrize("n, near", [(2, 0.02), (4_900, 0.02), (20_000, 0.01)])
@pytest.mark.parametrize("share", [-1.01, -0.99, 0.99, 1.01])
def test_near_is_one_distance_for_both(n, near, share):
    for mu, sigma in ((3 + share * near, 2), (3, 2 + share * near)):
        run = settings(MU_START=mu, SIGMA_START=sigma, **STILL)
        text = verdict(two_values(3.0, 2.0, n), *run)
        assert (text == "Converged at iteration 0.") == (abs(share) < 1)


@pytest.mark.parametrize("leaves_at, stays", [(20_010, True), (19_990, False)])
def test_it_must_stay_near_for_20000_iterations(leaves_at, stays):
    # sigma stays at 1.99, where mu's errors grow by STEP_MU / 1.99^2 - 1: the step is a
    # bit below its limit at s, and so slowly that mu leaves after about leaves_at.
    off, step = 0.02 / (1 + 1e-5) ** (300 + leaves_at), 1.99**2 * (2 + 1e-5)
    text = verdict(two_values(3.0, 2.0, 5000), 3 + off, 1.99, step, 1e-30, 300)
    assert text.startswith("Converged") == stays


@pytest.mark.parametrize("needed, proposed", [(998_000, True), (1_002_000, False)])
def test_no_more_iterations_are_proposed_than_are_accepted(needed, proposed):
    # sigma / s shrinks slowly from 1.02 to 1.01, in a time that an integral gives.
    integral = (1.02**2 - 1.01**2) / 2 + math.log((1.02**2 - 1) / (1.01**2 - 1)) / 2
    text = verdict(TWO[:2], 3.0, 2.04, 0.1, 4 * integral / needed, 990_000)
    expected = pytest.approx(needed if proposed else 100, abs=100)
    assert pasted(text)["N_ITERATIONS"] == expected


@pytest.mark.parametrize("mu", [-300.0, -1e4, -317.3, -9e5, 400.0])
def test_the_way_down_is_rounded_down_to_three_digits(mu):
    first, second, *_ = verdict(TWO, *settings(MU_START=mu)).split("\n")
    sigmas = page_loop(TWO, *settings(MU_START=mu))[1]
    assert first == HIGH.format(f"{sigmas.max():.4g}", sigmas.argmax())
    least = (sigmas.max() ** 2 - 4) / (2 * 0.01)
    shown = float(re.fullmatch(r"The way down takes at least (\S+) it.*", second)[1])
    assert shown == float(Context(prec=3, rounding=ROUND_DOWN).create_decimal(least))


@pytest.mark.parametrize("decade", [-9, -3, 0, 4, 14])
def test_what_is_proposed_satisfies_the_proof_and_is_typed_by_a_person(decade):
    for i, digits in enumerate(np.geomspace(1, 9.99, 60)):
        s = float(digits * 10.0**decade)
        mean = [0.0, 0.77 * s, -3e5 * s, 2e9 * s][i % 4]
        text = safe_settings(mean, s)
        mu, sigma, step_mu, step_sigma, n = pasted(text).values()
        d, w, b = (mean - mu) / s, sigma / s, step_sigma / s**2
        assert w >= math.hypot(1, d) and step_mu <= s**2 and b <= 1 / 2 and n == 100
        assert w**2 + d**2 - 1 <= 15.8 and min(step_mu / s**2, b * (2 - b)) >= 0.402
        mus, sigmas = fit([mean - s, mean + s], mu, sigma, step_mu, step_sigma, 94)
        near = 1.01 * s / math.sqrt(2e8) + 4 * np.spacing(abs(mean))  # for 10^8 samples
        assert abs(mus[-1] - mean) <= near and abs(sigmas[-1] - s) <= near
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
    x = rng.normal(mean, s, int(n))
    run = settings()  # own data under the shipped settings
    if seed % 4:
        steps = s**2 * 10 ** rng.uniform(-5, [1, 1])
        run = [mean + s * offset, s * wide, *steps, int(10 ** rng.uniform(0, 3.5))]
    again = {**dict(zip(START, run)), **pasted(verdict(x, *run))}
    assert verdict(x, *again.values()).startswith("Converged")
