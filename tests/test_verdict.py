"""What is printed: the verdict, what is pasted, the table, and refused input."""

import math
import re

import numpy as np
import pytest
from helpers import SETTINGS, SHIPPED_SAMPLES, page_loop, pasted, settings

MARKS = {"DATA": [70, 65, 82, 71, 55, 90]}
ON_TOP = {"DATA": [1.0, 5.0], "MU_START": 3.0, "SIGMA_START": 2.0}
S_IS_2 = {"DATA": [1.0, 5.0], "MU_START": 3.5, "SIGMA_START": 2.5}
S_IS_HALF = {"DATA": [-7.5, -6.5], "MU_START": -8.0, "SIGMA_START": 0.6}
STARTS_AT_30 = {**S_IS_2, "SIGMA_START": 30.0}
RISES_LATER = {"DATA": [1.0, 5.0], "MU_START": -97.0}
BREAKS_OFF = {**ON_TOP, "SIGMA_START": 1.72, "STEP_SIGMA": 24.0}

CONVERGED = "Converged at iteration #, within one standard error of the maximum."
OVER_MU = "Not converged: STEP_MU is not below 2 s^2 = {}, and overshoots."
OVER_SIGMA = "Not converged: STEP_SIGMA is not below s^2 = {}, and overshoots."
JUMP = "Not converged: iteration 1 takes sigma from {}."
LEAP = "\nFor this MU_START and these steps, so small a SIGMA_START makes a huge step."
RISES = "Not converged: sigma gets as high as {}"
HIGH = "Not converged: sigma gets as high as 30, too high for STEP_SIGMA."
DOWN = "\nThe way down takes at least {} iterations."
SMALL = "Not converged: the steps are too small, or too near their limits."

# Constants, and what the verdict begins with. A step size that is too large is only
# named if the run overshoots because of it.
VERDICTS = [
    (ON_TOP, CONVERGED),
    ({**ON_TOP, "STEP_MU": 99.0, "STEP_SIGMA": 99.0}, CONVERGED),  # it rests
    ({**S_IS_HALF, "STEP_MU": 0.55}, OVER_MU.format("0.5")),
    ({**S_IS_HALF, "STEP_SIGMA": 0.28}, OVER_SIGMA.format("0.25")),
    ({**S_IS_2, "STEP_MU": 7.5, "STEP_SIGMA": 3.8}, CONVERGED),
    (BREAKS_OFF, OVER_SIGMA.format("4") + "\nIteration 3 takes sigma out of 1e-30 to"),
    (MARKS, JUMP.format("1 to 48.03") + LEAP + DOWN.format("1.09e+05")),
    ({**MARKS, "SIGMA_START": 1e-20}, JUMP.format("1e-20 beyond 1e30") + LEAP),
    (STARTS_AT_30, HIGH + DOWN.format("4.47e+04")),
    ({**STARTS_AT_30, "STEP_MU": 9.0}, HIGH),  # STEP_MU overshoots later
    ({**S_IS_2, "SIGMA_START": 999.0, "STEP_SIGMA": 4.2}, RISES.format("999")),
    ({**RISES_LATER, "STEP_SIGMA": 1.25e-4}, RISES.format("3.737")),
    ({**S_IS_2, "STEP_MU": 1e20}, OVER_MU.format("8")),
    ({**STARTS_AT_30, "STEP_MU": 9.0, "STEP_SIGMA": 1e6}, OVER_SIGMA.format("4")),
    ({**S_IS_2, "SIGMA_START": 17.0, "STEP_MU": 1e-6}, SMALL),
]


@pytest.mark.parametrize("constants, begins", VERDICTS, ids=str)
def test_the_verdict_names_the_cause_and_is_the_title(run, constants, begins):
    result = run(**constants)
    verdict = re.sub(r"\d+, within", "#, within", "\n".join(result.verdict))
    assert verdict.startswith(begins)
    assert list(pasted(result.verdict)) == ([] if CONVERGED in begins else SETTINGS)
    assert result.verdict[0] in [text.get_text() for text in result.figure.texts]
    assert len(result.verdict[0]) < 80  # fits above the figure


@pytest.mark.parametrize("changes", [{}, {"STEP_MU": 5.0}, {"SIGMA_START": 10.0}])
@pytest.mark.parametrize("x", [SHIPPED_SAMPLES, [1.0, 5.0]], ids=len)
def test_it_arrives_when_the_page_s_loop_is_near_for_good(run, x, changes):
    mus, sigmas = page_loop(x, *settings(N_ITERATIONS=8000, **changes))
    near = min(np.std(x) / 100, np.std(x) / math.sqrt(2 * len(x)))
    far = (abs(mus - np.mean(x)) > near) | (abs(sigmas - np.std(x)) > near)
    arrival = int(np.flatnonzero(far)[-1]) + 1
    enough = run(DATA=x, N_ITERATIONS=arrival, **changes).verdict
    assert enough[0].startswith(f"Converged at iteration {arrival}, ")
    too_few = run(DATA=x, N_ITERATIONS=1, **changes).verdict
    assert too_few[0].endswith(f"it arrives at iteration {arrival}.")
    assert pasted(too_few) == {"N_ITERATIONS": arrival}


def random_constants(seed):
    """Samples, and a start and steps in units of their s, from mild to wild."""
    rng = np.random.default_rng(seed)
    s = 10 ** rng.uniform(-5, 5)
    # From s / 1000 to a million, a thousand and a hundred times s.
    mean, offset, sigma = s * 10 ** rng.uniform(-3, [6, 3, 2])
    step_mu, step_sigma = s**2 * 10 ** rng.uniform(-5, 1, 2)
    x = rng.normal(mean, s, rng.integers(2, 10_000))
    constants = {"DATA": x, "MU_START": mean + offset, "SIGMA_START": sigma}
    return {**constants, "STEP_MU": step_mu, "STEP_SIGMA": step_sigma}


UNUSUAL = [
    {"DATA": [1.7e9 + 0.25 * i for i in range(9)]},
    {"DATA": [-9e14, 9e14]},
    {"DATA": [-1.2345e14 + 1e4 * i for i in range(9)]},
    {"DATA": range(20), "MU_START": np.float32(-3), "N_ITERATIONS": np.int64(500)},
]


@pytest.mark.parametrize("constants", [*UNUSUAL, *map(random_constants, range(15))])
def test_one_paste_is_enough(run, constants):
    constants = {**constants, **pasted(run(**constants).verdict)}
    assert run(**constants).verdict[0].startswith("Converged")


@pytest.mark.parametrize("constants", [{}, *UNUSUAL], ids=str)
def test_the_columns_line_up_on_any_console(run, constants):
    lines = run(**constants).lines
    assert all(line.isascii() for line in lines)
    # The first four lines have a label of 18 and three columns of 20.
    assert {len(line) for line in lines[:4]} == {18 + 3 * 20}
    assert {len(line[18:].split()) for line in lines[:4]} == {3}


def test_the_proposed_settings_are_rounded_to_be_short_to_type(run):
    constants = {"DATA": [-7.334, -6.67], "STEP_MU": 9.0}  # mean -7.002, s 0.332
    start = "MU_START = -7.59\nSIGMA_START = 0.99\n"
    steps = "STEP_MU = 0.05445\nSTEP_SIGMA = 0.027225\nN_ITERATIONS = 100\n"
    assert start + steps in "\n".join(run(**constants).verdict)


def test_the_table_of_own_numbers(run):
    rows = [re.split("  +", line.strip()) for line in run(**ON_TOP).lines[:5]]
    assert rows[0] == ["2 samples", "mu", "sigma", "log-likelihood"]
    assert rows[1] == ["start", "3.0", "2.0", "-2.112086"]  # by hand
    assert rows[2] == ["final", *rows[1][1:]]
    assert rows[3] == ["maximum likelihood", *rows[1][1:]]
    assert rows[4] == ["standard error", "1.4", "1.0"]


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
    ("marks.csv", "DATA must be real numbers: could not convert string to float"),
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


@pytest.mark.parametrize("data, begins", BAD_DATA, ids=str)
def test_bad_samples_are_refused_with_the_reason(run, data, begins):
    result = run(DATA=data)
    assert result.last_words.startswith(begins) and "\n" not in result.last_words
    assert result.lines == [] and result.figure is None
