"""The script as its user meets it: run, edited, edited wrongly, run elsewhere."""

import math
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import SHIPPED, page_loop, page_samples, pasted, settings

import fit_gaussian


def edited(folder, before="", **constants):
    """A copy of the script with its constants as shipped, but for these."""
    text = before + Path(fit_gaussian.__file__).read_text("utf-8")
    for name, value in {**SHIPPED, **constants}.items():
        text = re.sub(rf"(?m)^{name} = .*?  #", f"{name} = {value!r}  #", text, count=1)
    (folder / "script.py").write_text(text, "utf-8")
    return folder / "script.py"


def python(script, cwd, **env):
    # Our warnings only: a deprecation inside another package is not the script's.
    warnings = "-Werror::RuntimeWarning", "-Werror::UserWarning"
    options = {"capture_output": True, "text": True, "cwd": cwd}
    command = [sys.executable, *warnings, script]
    return subprocess.run(command, check=False, env={**os.environ, **env}, **options)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# ----------------------------------------------------------------------- the table
@pytest.mark.parametrize("truth", [True, False])
def test_the_table(run, truth):
    x = page_samples()
    out, line = run() if truth else run(DATA=[*x])
    assert line is None and out.isascii()
    mus, sigmas = page_loop(x, *settings())
    rows = {"true": (2, 2)} if truth else {}
    rows.update(start=(-3, 1), final=(mus[-1], sigmas[-1]))
    rows["maximum likelihood"] = np.mean(x), np.std(x)
    head, *lines = out.splitlines()
    assert re.split("  +", head) == ["", "mu", "sigma", "log-likelihood"]
    for line, (label, (mu, sigma)) in zip(lines, rows.items()):
        z = (x - mu) / sigma
        height = np.mean(-(z**2) / 2 - np.log(sigma * math.sqrt(2 * math.pi)))
        expected = [label, f"{mu:.3f}", f"{sigma:.3f}", f"{height:.7g}"]
        assert re.split("  +", line) == expected and len(line) == 78
    errors, *last = lines[len(rows) :]
    assert re.split("  +", errors) == ["standard error", "0.020", "0.014"]
    assert last == ["Converged at iteration 314.", "Figure: example2_nf.png"]


# Two digits of the standard error of sigma; and numbers too long for that.
WIDE = [({"N_SAMPLES": 20}, "0.27"), ({"SIGMA_TRUE": 2000.0}, "14")]
TIMES = [1.7e9 + 0.25 * i for i in range(9)]
WIDE += [({"DATA": TIMES, "MU_START": 1.7e9, "SIGMA_START": 3.0}, "0.15")]
WIDE += [({"SIGMA_START": value}, None) for value in (1e-3, 1e-20)]
WIDE += [({"DATA": [-1.23456789e14 + 1e4 * i for i in range(5)]}, None)]


@pytest.mark.parametrize("constants, error", WIDE, ids=str)
def test_columns_line_up_with_two_digits_of_the_standard_error(run, constants, error):
    rows = run(**constants)[0].splitlines()
    rows = rows[1 : 1 + [row[:8] for row in rows].index("standard")]
    assert {len(row) for row in rows[:-1]} == {78} and len(rows[-1]) == 58
    assert {len(row[18:].split()) for row in rows[:-1]} == {3}  # none touch
    cells = [cell for row in rows for cell in re.split("  +", row)[1:3]]
    decimals = {len(cell.partition(".")[2]) for cell in cells}
    assert error is None or (cells[-1], decimals) == (error, {max(0, len(error) - 2)})


# --------------------------------------------------------------------- bad values
BAD = [math.nan, math.inf, None, "2", [1], 1j]
NUMBER, WHOLE = "a number from {} to {}", "a whole number from {} to {}"
RANGES = {
    "N_SAMPLES": (WHOLE.format(2, "1e+08"), [1, 10**8 + 1, 1e4, "a"]),
    "MU_TRUE": (NUMBER.format("-1e+15", "1e+15"), [-2e15, 2e15, *BAD]),
    "SIGMA_TRUE": (NUMBER.format("1e-09", "1e+15"), [0, -2, 9e-10, 2e15, *BAD]),
    "SEED": (WHOLE.format(0, "1e+18"), [-1, 10**19, 0.0, ""]),
    "MU_START": (NUMBER.format("-1e+30", "1e+30"), [-2e30, 2e30, *BAD]),
    "N_ITERATIONS": (WHOLE.format(1, "1e+06"), [0, 10**6 + 1, 2.5, None]),
}
for name in ("SIGMA_START", "STEP_MU", "STEP_SIGMA"):
    RANGES[name] = NUMBER.format("1e-30", "1e+30"), [0, -0.1, 9e-31, 2e30, *BAD]
WRONG = [(name, wanted, bad) for name, (wanted, l) in RANGES.items() for bad in l]


@pytest.mark.parametrize("name, wanted, value", WRONG)
def test_a_wrong_constant_is_named_and_what_it_must_be(run, name, wanted, value):
    assert run(**{name: value}) == ("", f"{name} must be {wanted}, not {value!r}")


SPREAD = "The standard deviation of DATA, or SIGMA_TRUE, must be a number from "
SHAPES = [(7, "()"), ([], "(0,)"), ([1.0], "(1,)"), ([[1, 2], [3, 4]], "(2, 2)")]
NO_FIT = [(x, f"DATA must be 2 or more numbers, not of shape {s}") for x, s in SHAPES]
TEXT = [["70", "x"], "marks.csv", {1, 2}, [1, [2, 3]], [1, 2j]]
NO_FIT += [(x, "DATA must be numbers: ") for x in TEXT]
PLACES = [([1, 2, None], 2), ([1, math.nan], 1), ([-math.inf, 1], 0), ([1, -2e15], 1)]
NO_FIT += [(x, f"DATA[{i}] must be {RANGES['MU_TRUE'][0]}, not ") for x, i in PLACES]
NO_FIT += [([5, 5], SPREAD + "1.05e-09"), ([0.1] * 10, SPREAD), ([0, 1e-10], SPREAD)]
NO_FIT += [([1e9, 1e9 + 0.019], SPREAD + "0.01 to 1e+15, not 0.0095")]


@pytest.mark.parametrize("data, message", NO_FIT, ids=repr)
def test_samples_without_a_fit_are_named(run, data, message):
    out, line = run(DATA=data)
    assert out == "" and line.startswith(message) and "\n" not in line


def test_any_seed_will_do_and_drawn_samples_without_a_fit_are_named(run):
    assert "\nConverged at iteration " in run(SEED=None, N_ITERATIONS=2000)[0]
    out, line = run(MU_TRUE=1e12)
    assert out == "" and line.startswith(SPREAD + "10 ")


FITS = [[1e9, 1e9 + 0.021], [1e-8, 4e-8], [-9e14, 9e14], ["1", "2"], [True, 0]]
FITS += [np.array([3, 5], "int8"), [2e7 + 3000 * i for i in range(9)], (0, 3e-9)]


@pytest.mark.parametrize("data", FITS, ids=repr)
def test_all_other_samples_are_fitted_after_a_paste_at_most(run, data):
    out, line = run(DATA=data)
    assert line is None
    assert "\nConverged at iteration " in run(DATA=data, **pasted(out))[0]


# ----------------------------------------------------------------------- the figure
UNSAVED = [("f.xyz", "xyz"), ("none/f.png", "No such file"), (None, "NoneType")]


@pytest.mark.parametrize("figure, reason", UNSAVED)
def test_a_figure_that_cannot_be_saved_costs_no_numbers(run, tmp_path, figure, reason):
    out, line = run(FIGURE=figure)
    assert out.endswith("Converged at iteration 314.\n") and names(tmp_path) == []
    assert line.startswith(f"FIGURE = {figure!r} cannot be saved: ")
    assert reason in line and "\n" not in line
    assert run(FIGURE="f")[0].endswith("\nFigure: f.png\n")
    assert names(tmp_path) == ["f.png"]


# A back end that tells what is shown, and how, and loses the lines that are not out.
BACKEND = """import os, sys
from matplotlib import pyplot
from matplotlib.backends.backend_agg import *
def show(*args, **options):
    print("SHOWN", pyplot.get_fignums(), args, options, file=sys.stderr)
    os._exit(7)
"""


def test_run_from_elsewhere_it_saves_beside_itself_and_then_shows(tmp_path):
    (folder := tmp_path / "folder").mkdir()
    (folder / "fakeshow.py").write_text(BACKEND)
    env = {"MPLBACKEND": "module://fakeshow", "PYTHONUNBUFFERED": ""}
    done = python(edited(folder), tmp_path, **env)
    assert (done.returncode, done.stderr) == (7, "SHOWN [1] () {}\n")
    assert done.stdout.endswith("\nFigure: example2_nf.png\n")
    assert "example2_nf.png" in names(folder) and names(tmp_path) == ["folder"]


def test_without_a_display_and_pasted_into_a_notebook_cell(tmp_path):
    cell = edited(tmp_path, before="del __file__\n")
    done = python(cell, tmp_path, DISPLAY="", MPLBACKEND="")
    assert (done.returncode, done.stderr) == (0, "")
    assert "example2_nf.png" in names(tmp_path)


def test_imported_it_does_nothing_and_run_it_ends_with_an_error(tmp_path, capsys):
    script = edited(tmp_path, SIGMA_START=-1.0)
    runpy.run_path(script)
    assert capsys.readouterr().out == "" and names(tmp_path) == ["script.py"]
    with pytest.raises(SystemExit, match="SIGMA_START must be a number"):
        runpy.run_path(script, run_name="__main__")
