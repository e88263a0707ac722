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
STARTS_AT_30 = {**S_IS_2, "SIGMA_START": 30.0}
BREAKS_OFF = {**ON_TOP, "SIGMA_START": 1.72, "STEP_SIGMA": 24.0}

CONVERGED = "Converged at iteration #, within one standard error of the maximum."
MU = "Not converged: STEP_MU is not below 2 s^2 = {}, and overshoots."
SIGMA = "Not converged: STEP_SIGMA is not below s^2 = {}, and overshoots."
LEAP = "Not converged: iteration 1 takes sigma from {}.\nFor this MU_START and these"
HIGH = "Not converged: sigma gets as high as 30, too high for STEP_SIGMA.\nThe way down"
SMALL = "Not converged: the steps are too small, or too near their limits."

# Constants, and what the verdict begins with.
VERDICTS = [
    (ON_TOP, CONVERGED),
    ({**ON_TOP, "STEP_MU": 99.0, "STEP_SIGMA": 99.0}, CONVERGED),  # it rests
    ({**S_IS_HALF, "STEP_MU": 0.45, "STEP_SIGMA": 0.24}, CONVERGED),
    ({**S_IS_HALF, "STEP_MU": 0.55}, MU.format("0.5")),
    ({**S_IS_HALF, "STEP_SIGMA": 0.28}, SIGMA.format("0.25")),
    ({**S_IS_2, "STEP_MU": 7.5, "STEP_SIGMA": 3.8}, CONVERGED),
    ({**S_IS_2, "STEP_MU": 9.0}, MU.format("8")),
    ({**S_IS_2, "STEP_SIGMA": 4.2}, SIGMA.format("4")),
    (BREAKS_OFF, SIGMA.format("4") + "\nIteration 3 takes sigma below 0 or beyond"),
    (MARKS, LEAP.format("1 to 48.03")),
    ({**MARKS, "SIGMA_START": 1e-20}, LEAP.format("1e-20 beyond 1e30")),
    (STARTS_AT_30, HIGH),
    ({**STARTS_AT_30, "STEP_MU": 9.0}, HIGH),  # STEP_MU overshoots later
    ({**S_IS_2, "STEP_MU": 1e-6}, SMALL),
]


@pytest.mark.parametrize("constants, begins", VERDICTS, ids=str)
def test_the_verdict_names_the_cause_and_is_the_title(run, constants, begins):
    result = run(**constants)
    verdict = re.sub(r"\d+, within", "#, within", "\n".join(result.verdict))
    assert verdict.startswith(begins)
    assert list(pasted(result.verdict)) == ([] if begins == CONVERGED else SETTINGS)
    assert result.verdict[0] in [text.get_text() for text in result.figure.texts]
    assert len(result.verdict[0]) < 80


@pytest.mark.parametrize("changes", [{}, {"STEP_MU": 1.0}, {"SIGMA_START": 10.0}])
@pytest.mark.parametrize("x", [page_samples(), [1.0, 5.0]], ids=len)
def test_it_arrives_when_the_page_s_loop_is_near_to_stay(run, x, changes):
    mus, sigmas = page_loop(x, *settings(N_ITERATIONS=8000, **changes))
    far = (abs(mus - np.mean(x)) > near(x)) | (abs(sigmas - np.std(x)) > near(x))
    arrival = int(np.flatnonzero(far)[-1]) + 1
    enough = run(DATA=x, N_ITERATIONS=arrival, **changes).verdict
    assert enough[0].startswith(f"Converged at iteration {arrival}, ")
    too_few = run(DATA=x, N_ITERATIONS=arrival - 1, **changes).verdict
    assert too_few[0].endswith(f"it arrives at iteration {arrival}.")
    assert pasted(too_few) == {"N_ITERATIONS": arrival}


@pytest.mark.parametrize("changes", [{"SIGMA_START": 90.0}, {"MU_START": -310.0}])
def test_the_way_down_from_the_highest_sigma_is_rounded_down(run, changes):
    x = [1.0, 5.0]
    _, sigmas = page_loop(x, *settings(**changes))
    least = (max(sigmas) ** 2 - (np.std(x) + near(x)) ** 2) / (2 * 0.01)
    verdict = " ".join(run(DATA=x, **changes).verdict)
    told = float(re.search(r"way down takes at least (\S+) iterations", verdict)[1])
    assert told <= least < 1.01 * told


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
    start = "MU_START = -7.59\nSIGMA_START = 0.99\n"
    steps = "STEP_MU = 0.05445\nSTEP_SIGMA = 0.027225\nN_ITERATIONS = 100\n"
    assert start + steps in "\n".join(run(**constants).verdict)


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


BAD_DATA = [
    (
        "marks.csv",
        "DATA must be real numbers: could not convert string to float: 'marks.csv'",
    ),
    ([1, 10**400], "DATA must be real numbers"),
    (np.array([1, 2j]), "DATA must be real numbers"),
    (np.ma.masked_equal([1, 2, -999], -999), "DATA must be real numbers"),
    ([1.0], "DATA must be 2 or more numbers, not of shape (1,)"),
    ([[1, 2], [3, 4]], "DATA must be 2 or more numbers, not of shape (2, 2)"),
    ([1, 2, None], "DATA[2] is nan, not from -1e15 to 1e15"),
    ([1, -2e15], "DATA[1] is -2000000000000000.0, not from -1e15 to 1e15"),
    ([0.3, 0.1 + 0.2], "DATA are all alike, but for rounding"),
    ([1e12, 1e12 + 1], "DATA differ too little, so far from 0: subtract 1e+12"),
    ([1e-12, 2e-12], "DATA differ too little: multiply them"),
]


@pytest.mark.parametrize("data, line", BAD_DATA, ids=str)
def test_bad_samples_are_refused_with_the_reason(run, data, line):
    result = run(DATA=data)
    assert result.last_words.startswith(line) and "\n" not in result.last_words
    assert result.lines == [] and result.figure is None


UNUSUAL = [
    {"DATA": [1e9, 1e9 + 0.03]},
    {"DATA": [-9e14, 9e14]},
    {"DATA": ["1", "2"]},
    {"DATA": range(20), "MU_START": np.float32(-3), "N_ITERATIONS": np.int64(500)},
]


@pytest.mark.parametrize("constants", UNUSUAL, ids=str)
def test_unusual_numbers_converge_after_one_paste_at_most(run, constants):
    constants = {**constants, **pasted(run(**constants).verdict)}
    assert run(**constants).verdict[0].startswith("Converged")


def test_without_a_seed_it_warns_that_the_next_run_differs(run):
    assert "The next run draws other samples" in str(run(SEED=None).verdict)
