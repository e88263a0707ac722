"""What is printed: the verdict, what is pasted, the table, and refused input."""

import math
import re

import numpy as np
import pytest
from helpers import SETTINGS, near, page_loop, page_samples, pasted, settings

MARKS = {"DATA": [70, 65, 82, 71, 55, 90]}
ON_TOP = {"DATA": [1.0, 5.0], "MU_START": 3.0, "SIGMA_START": 2.0}
S_IS_2 = {"DATA": [1.0, 5.0], "MU_START": 3.5, "SIGMA_START": 2.5}
S_IS_HALF = {"DATA": [-7.5, -6.5], "MU_START": -8.0, "SIGMA_START": 0.6}
BREAKS_OFF = {**ON_TOP, "SIGMA_START": 1.72, "STEP_SIGMA": 24.0}
HIGH = {**S_IS_2, "SIGMA_START": 30.0}

CONVERGE = [
    ON_TOP,
    {**ON_TOP, "STEP_MU": 99.0, "STEP_SIGMA": 99.0},  # above the limits, but at rest
    {**S_IS_HALF, "STEP_MU": 0.45, "STEP_SIGMA": 0.24},
    {**S_IS_2, "STEP_MU": 7.5, "STEP_SIGMA": 3.8},
]


@pytest.mark.parametrize("constants", CONVERGE, ids=str)
def test_a_run_that_comes_to_rest_converged(run, constants):
    verdict = "Converged at iteration #, within one standard error of the maximum."
    assert [re.sub(r"\d+", "#", line) for line in run(**constants).verdict] == [verdict]


OVERSHOOTS = "STEP_{} is not below {}, and overshoots."
TOO_HIGH = "sigma gets as high as 30, too high for STEP_SIGMA."
FAIL = [
    ({**S_IS_HALF, "STEP_MU": 0.55}, OVERSHOOTS.format("MU", "2 s^2 = 0.5")),
    ({**S_IS_HALF, "STEP_SIGMA": 0.28}, OVERSHOOTS.format("SIGMA", "s^2 = 0.25")),
    ({**S_IS_2, "STEP_MU": 9.0}, OVERSHOOTS.format("MU", "2 s^2 = 8")),
    ({**S_IS_2, "STEP_SIGMA": 4.2}, OVERSHOOTS.format("SIGMA", "s^2 = 4")),
    (BREAKS_OFF, OVERSHOOTS.format("SIGMA", "s^2 = 4")),
    (MARKS, "iteration 1 takes sigma from 1 to 48.03."),
    (
        {**MARKS, "SIGMA_START": 1e-20},
        "iteration 1 takes sigma from 1e-20 beyond 1e30.",
    ),
    (HIGH, TOO_HIGH),
    ({**HIGH, "STEP_MU": 9.0, "STEP_SIGMA": 0.01}, TOO_HIGH),  # it overshoots later
    ({**S_IS_2, "STEP_MU": 1e-6}, "the steps are too small, or too near their limits."),
]


@pytest.mark.parametrize("constants, reason", FAIL, ids=str)
def test_the_first_line_names_the_cause_and_is_the_title(run, constants, reason):
    result = run(**constants)
    assert result.verdict[0] == f"Not converged: {reason}"
    assert result.verdict[0] in [text.get_text() for text in result.figure.texts]
    assert len(result.verdict[0]) < 80
    assert list(pasted(result.verdict)) == SETTINGS


SECOND_LINES = [
    (
        MARKS,
        "For this MU_START and these steps, so small a SIGMA_START makes a huge step.",
    ),
    (BREAKS_OFF, "Iteration 3 takes sigma below 0 or beyond 1e30."),
    (
        {"SEED": None},
        "The next run draws other samples, which may need other settings.",
    ),
]


@pytest.mark.parametrize("constants, line", SECOND_LINES, ids=str)
def test_the_second_line(run, constants, line):
    assert run(**constants).verdict[1] == line


@pytest.mark.parametrize("changes", [{}, {"STEP_MU": 1.0}, {"SIGMA_START": 10.0}])
@pytest.mark.parametrize("x", [page_samples(), [1.0, 5.0]], ids=len)
def test_it_arrives_when_the_page_s_loop_is_near_to_stay(run, x, changes):
    mus, sigmas = page_loop(x, *settings(N_ITERATIONS=8000, **changes))
    far = (abs(mus - np.mean(x)) > near(x)) | (abs(sigmas - np.std(x)) > near(x))
    arrival = int(np.flatnonzero(far)[-1]) + 1
    enough, too_few = (
        run(DATA=x, N_ITERATIONS=n, **changes).verdict for n in (arrival, arrival - 1)
    )
    assert enough[0].startswith(f"Converged at iteration {arrival}, ")
    assert too_few[0].endswith(f"it arrives at iteration {arrival}.")
    assert pasted(too_few) == {"N_ITERATIONS": arrival}


@pytest.mark.parametrize("constants", [MARKS, HIGH, {**S_IS_2, "MU_START": -310.0}])
def test_the_way_down_from_the_highest_sigma_is_rounded_down(run, constants):
    x, starts = constants["DATA"], {**constants}
    del starts["DATA"]
    _, sigmas = page_loop(x, *settings(**starts))
    least = (max(sigmas) ** 2 - (np.std(x) + near(x)) ** 2) / (2 * 0.01)
    told = re.search(r"way down takes at least (\S+)", str(run(**constants).verdict))
    assert float(told[1]) <= least < 1.01 * float(told[1])


@pytest.mark.parametrize("seed", range(15))
def test_one_paste_is_enough(run, seed):
    rng = np.random.default_rng(seed)
    s = 10 ** rng.uniform(-5, 5)
    mean = s * rng.choice([-1, 1]) * 10 ** rng.uniform(-3, 6)
    constants = {
        "DATA": rng.normal(mean, s, int(10 ** rng.uniform(0.4, 4))),
        "MU_START": mean + s * 10 ** rng.uniform(-3, 3),
        "SIGMA_START": s * 10 ** rng.uniform(-3, 2),
        "STEP_MU": s**2 * 10 ** rng.uniform(-5, 1),
        "STEP_SIGMA": s**2 * 10 ** rng.uniform(-5, 1),
        "N_ITERATIONS": int(10 ** rng.uniform(0, 3.5)),
    }
    constants |= pasted(run(**constants).verdict)
    assert run(**constants).verdict[0].startswith("Converged")


def test_the_proposed_settings_are_safe_and_short_to_type(run):
    constants = {"DATA": [-7.33, -6.67], "STEP_MU": 9.0}  # mean -7, s 0.33
    assert run(**constants).verdict[-5:] == [
        "MU_START = -7.59",
        "SIGMA_START = 0.99",
        "STEP_MU = 0.05445",
        "STEP_SIGMA = 0.027225",
        "N_ITERATIONS = 100",
    ]


@pytest.mark.parametrize("own", [False, True])
def test_the_table(run, own):
    x = page_samples()
    mus, sigmas = page_loop(x, *settings())
    gaussians = {} if own else {"true": (2, 2)}
    gaussians |= {"start": (-3, 1), "final": (mus[-1], sigmas[-1])}
    gaussians["maximum likelihood"] = np.mean(x), np.std(x)
    rows = [["", "10,000 samples", "mu", "sigma", "log-likelihood"]]
    for label, (mu, sigma) in gaussians.items():
        density = np.exp(-(((x - mu) / sigma) ** 2) / 2) / sigma / np.sqrt(2 * np.pi)
        value = f"{np.mean(np.log(density)):.7g}"
        rows.append([label, f"{mu:.3f}", f"{sigma:.3f}", value])
    rows.append(["standard error", "0.020", "0.014"])
    lines = run(DATA=x if own else None).lines
    assert [re.split("  +", line) for line in lines[: len(rows)]] == rows


@pytest.mark.parametrize("offset, gap", [(0, 3), (1.7e9, 0.25), (-1.2345e14, 1e4)])
def test_columns_line_up_and_do_not_touch(run, offset, gap):
    lines = run(DATA=[offset + gap * i for i in range(9)]).lines
    assert {len(line) for line in lines[:4]} == {78}
    assert {len(line[18:].split()) for line in lines[:4]} == {3}
    assert all(line.isascii() for line in lines)


WRONG = [
    ("N_SAMPLES", [1, 10**8 + 1, 1e4], "a whole number from 2 to 100,000,000"),
    ("MU_TRUE", [-2e6, 2e6, "2"], "a number from -1,000,000 to 1,000,000"),
    ("SIGMA_TRUE", [0, -2, 2e6], "a number from 0.001 to 1,000,000"),
    ("SEED", [-1, 0.5, ""], "a whole number 0 or more"),
    ("MU_START", [-2e30, math.nan, None], "a number from -1e+30 to 1e+30"),
    ("SIGMA_START", [0, -1.0, 2e30], "a number from 1e-30 to 1e+30"),
    ("STEP_MU", [0, -0.1, math.inf], "a number from 1e-30 to 1e+30"),
    ("STEP_SIGMA", [0, -0.1, [1]], "a number from 1e-30 to 1e+30"),
    ("N_ITERATIONS", [0, 2_000_000, 1e4], "a whole number from 1 to 1,000,000"),
    ("FIGURE", ["", None, 7], "the name of a file"),
]


@pytest.mark.parametrize("name, values, wanted", WRONG)
def test_a_wrong_constant_is_named_before_anything_else(run, name, values, wanted):
    for value in values:
        result = run(**{name: value})
        assert result.last_words == f"{name} must be {wanted}, not {value!r}"
        assert result.lines == [] and result.figure is None


def test_numpy_s_numbers_are_numbers(run):
    numbers = {"MU_START": np.float32(-3), "STEP_MU": np.float64(0.1)}
    assert run(**numbers, N_ITERATIONS=np.int64(500)).lines == run().lines


BAD_DATA = [
    ("marks.csv", "DATA must be real numbers (README.md, Your own numbers, says how"),
    ([1, 10**400], "DATA must be real numbers"),
    (np.array([1, 2j]), "DATA must be real numbers"),
    (np.ma.masked_equal([1, 2, -999], -999), "DATA must be real numbers"),
    ([1.0], "DATA must be 2 or more numbers, not of shape (1,)"),
    ([[1, 2], [3, 4]], "DATA must be 2 or more numbers, not of shape (2, 2)"),
    ([1, 2, None], "DATA[2] is nan, not from -1e15 to 1e15"),
    ([1, -2e15], "DATA[1] is -2000000000000000.0, not from -1e15 to 1e15"),
    ([0.3, 0.1 + 0.2], "DATA are all alike, but for rounding"),
    ([1e12, 1e12 + 1], "DATA differ too little: subtract 1e+12 from all"),
    ([1e-12, 2e-12], "DATA differ too little: "),
]


@pytest.mark.parametrize("data, line", BAD_DATA, ids=str)
def test_bad_samples_are_refused_with_the_reason(run, data, line):
    result = run(DATA=data)
    assert result.last_words.startswith(line) and "\n" not in result.last_words
    assert result.lines == [] and result.figure is None


GOOD_DATA = [[1e9, 1e9 + 0.03], [-9e14, 9e14], ["1", "2"], [True, False], range(20)]


@pytest.mark.parametrize("data", GOOD_DATA, ids=str)
def test_other_samples_converge_after_one_paste_at_most(run, data):
    edits = pasted(run(DATA=data).verdict)
    assert run(DATA=data, **edits).verdict[0].startswith("Converged")
