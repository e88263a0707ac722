"""The script as its user meets it: run, edited, edited wrongly, run elsewhere."""

import os
import re
import runpy
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import mock

import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import CONSTANTS, PAGE

import fit_gaussian
from fit_gaussian import fit, report, verdict

SCRIPT = Path(fit_gaussian.__file__)
# Our warnings only: a deprecation inside another package is not the script's.
WARNINGS = "error::RuntimeWarning", "error::UserWarning", "ignore::DeprecationWarning"
PYTHON = [sys.executable, *(f"-W{warning}" for warning in WARNINGS)]


def python(*args, cwd, **env):
    options = {"capture_output": True, "text": True, "env": {**os.environ, **env}}
    return subprocess.run([*PYTHON, *args], cwd=cwd, check=False, timeout=60, **options)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# ----------------------------------------------------------------------- the table
def test_the_table(page_samples):
    mus, sigmas = np.array([-3.0, 2.1]), np.array([1.0, 1.99])
    mean, s = np.mean(page_samples), np.std(page_samples)
    lines = report(page_samples, mus, sigmas, (2.5, 3.5)).splitlines()
    rows = [re.split("  +", line.strip()) for line in lines]
    assert rows[0] == ["mu", "sigma", "log-lik."]
    points = {"start": (-3, 1), "final": (2.1, 1.99), "max. lik.": (mean, s)}
    points["true"] = 2.5, 3.5
    for row, (label, (mu, sigma)) in zip(rows[1:], points.items()):
        z = (page_samples - mu) / sigma
        height = np.mean(-(z**2) / 2 - np.log(sigma * np.sqrt(2 * np.pi)))
        assert row == [label, f"{mu:.3f}", f"{sigma:.3f}", f"{height:.6f}"]
    assert rows[5] == ["std. error", "0.020", "0.014"]
    # The columns end in the same places, whatever is in them.
    assert [len(line) for line in lines] == [58, 58, 58, 58, 58, 42]
    assert report(page_samples, mus, sigmas).splitlines() == lines[:4] + lines[5:]


@pytest.mark.parametrize("scale", [1e15, 1e-28])
def test_long_numbers_have_eight_digits(scale):
    x = scale * np.array([1700.0, 1700.25])
    mus, sigmas = np.array([-1.23456789e100, x[0]]), np.array([1e90, scale])
    text = report(x, mus, sigmas)
    assert f" {1700.125 * scale:.8g} " in text and " -1.2345679e+100 " in text
    assert {len(line) for line in text.splitlines()} == {58, 42}


def test_each_column_has_the_decimals_of_its_standard_error():
    # 0.15 / sqrt(2) = 0.106 and 0.075: two decimals, and three, in 14 characters.
    mus = np.array([-1e10, 1e10])
    *_, start, final, row, errors = report([3, 3.3], mus, np.ones(2)).splitlines()
    assert errors.split()[-2:] == ["0.11", "0.075"]
    assert row.split()[2:4] == ["3.15", "0.150"]
    assert (start.split()[1], final.split()[1]) == ("-1e+10", "10000000000.00")
    assert report([3000, 3300], mus, np.ones(2)).split()[-2:] == ["106", "75"]


# ------------------------------------------------------------------------- the run
def test_as_shipped_the_constants_are_the_course_page_s():
    shipped = {name: getattr(fit_gaussian, name) for name in CONSTANTS}
    if shipped != CONSTANTS:
        pytest.skip("the constants have been edited")
    assert fit_gaussian.FIGURE == "example2_nf.png"


def test_importing_does_nothing(capsys):
    runpy.run_path(str(SCRIPT))  # under another name than "__main__"
    assert capsys.readouterr().out == "" and plt.get_fignums() == []


DRAWN = {"SEED": 1, "MU_TRUE": 5, "SIGMA_TRUE": 1.5, "N_SAMPLES": 50}
OWN = {"SEED": "no matter", "MU_TRUE": None, "SIGMA_TRUE": 0, "N_SAMPLES": None}
OWN["DATA"] = [70.0, 65.0, 82.0, 71.0]
RUNS = [(DRAWN, np.random.default_rng(1).normal(5, 1.5, 50), (5, 1.5))]
RUNS += [(OWN, OWN["DATA"], None)]


@pytest.mark.parametrize("constants, x, truth", RUNS, ids=["drawn", "own"])
def test_what_is_printed_and_drawn(run_main, tmp_path, constants, x, truth):
    settings = dict(zip(PAGE, (1, 3, 0.3, 0.2, 7)))
    edits = {name.upper(): value for name, value in settings.items()}
    with mock.patch("fit_gaussian.save"), mock.patch("fit_gaussian.draw") as draw:
        out, line = run_main(picture=True, **constants, **edits)
    path = fit(x, **settings)
    text = f"{report(x, *path, truth)}\n{verdict(x, **settings)[1]}\nFigure: "
    assert (out, line) == (f"{text}{tmp_path / 'f.png'}\n", None)
    drawn_x, *drawn_path, drawn_truth = draw.call_args[0]
    np.testing.assert_array_equal(drawn_path, path)
    assert list(drawn_x) == list(x) and drawn_truth == truth


def test_without_a_seed_the_samples_are_new_every_time(run_main):
    assert run_main(SEED=None)[0] != run_main(SEED=None)[0]


EXTREME = [{"MU_START": -1e41, "SIGMA_START": 1e-90}, {"SIGMA_START": 1e90}]
EXTREME += [{"STEP_MU": 1e90, "STEP_SIGMA": 1e-90}, {"N_SAMPLES": 2, "N_ITERATIONS": 1}]
EXTREME += [{"DATA": [-1e40, 1e40]}, {"DATA": [1e-39, 2e-39]}, {"STEP_SIGMA": 40.0}]
EXTREME += [{"DATA": [1.7e18, 1.7e18 + 1e6]}]


@pytest.mark.parametrize("constants", EXTREME, ids=str)
def test_extremes_get_table_verdict_and_figure(run_main, tmp_path, constants):
    out, line = run_main(picture=True, **constants)
    assert line is None and out.startswith("       ") and "onverged" in out
    assert max(map(len, out.splitlines()[:-1])) < 80
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")


REAL, POSITIVE = "a number from -1e+40 to 1e+40", "a number from 1e-40 to 1e+40"
SIZE = "a whole number from 2 to 100,000,000"
WHOLE = "a whole number from 0 to 1" + 6 * ",000"
WRONG = [("MU_TRUE", value, REAL) for value in (-2e40, 2e40)]
WRONG += [("SIGMA_TRUE", value, POSITIVE) for value in (1e-41, 2e40)]
WRONG += [("N_SAMPLES", value, SIZE) for value in (1, 100_000_001, 1e4)]
WRONG += [("SEED", value, WHOLE) for value in (-1, 10**18 + 1, 0.5)]
WRONG = [({k: v}, f"{k} must be {wanted}, not {v!r}") for k, v, wanted in WRONG]
WRONG += [({"DATA": [0, "5"]}, "DATA[1] must "), ({"DATA": [5, 5]}, "DATA must ")]
WRONG += [({"MU_TRUE": 1e18}, "N(MU_TRUE, SIGMA_TRUE) must differ ")]
WRONG += [({"N_ITERATIONS": 0}, "N_ITERATIONS must be ")]


@pytest.mark.parametrize("constants, message", WRONG, ids=str)
def test_a_wrong_constant_is_named(run_main, tmp_path, constants, message):
    out, line = run_main(**constants)
    assert line.startswith(f"fit_gaussian.py: {message}") and "\n" not in line
    assert out == "" and names(tmp_path) == []


UNWRITABLE = [("f.xyz", "xyz"), ("none/f.png", "No such file"), (None, ""), (3.5, "")]


@pytest.mark.parametrize("figure, reason", UNWRITABLE)
def test_a_figure_that_cannot_be_saved_costs_no_numbers(
    run_main, monkeypatch, tmp_path, figure, reason
):
    monkeypatch.setattr(fit_gaussian, "__file__", str(tmp_path / SCRIPT.name))
    out, line = run_main(FIGURE=figure)
    assert out.startswith("       ") and "onverged" in out and "Figure" not in out
    assert line.startswith(f"fit_gaussian.py: FIGURE = {figure!r} cannot be saved: ")
    assert reason in line and "\n" not in line
    assert names(tmp_path) == []


def test_a_save_that_is_stopped_leaves_the_earlier_picture(run_main, tmp_path):
    def half(figure, path, **options):
        Path(path).write_bytes(b"half")
        raise KeyboardInterrupt

    (tmp_path / "f.png").write_bytes(b"earlier")
    stopped = mock.patch.object(plt.Figure, "savefig", half)
    with stopped, pytest.raises(KeyboardInterrupt):
        run_main()
    assert names(tmp_path) == ["f.png"]
    assert (tmp_path / "f.png").read_bytes() == b"earlier"


def test_the_picture_is_made_beside_its_place(run_main, monkeypatch, tmp_path):
    # Another file system could not move it: here, the usual temporary folder is none.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    assert run_main(FIGURE=str(tmp_path / "f"))[1] is None  # a png without its ending
    assert names(tmp_path) == ["f"]


def test_in_a_notebook_cell_the_picture_goes_to_the_current_folder(tmp_path):
    code = f"exec(open({str(SCRIPT)!r}, encoding='utf-8').read())"
    done = python("-c", code, cwd=tmp_path, DISPLAY="", MPLBACKEND="")
    assert (done.returncode, done.stderr) == (0, "")
    assert names(tmp_path) == [fit_gaussian.FIGURE]


# A back end that turns the display of plots on when it is loaded, as a notebook's
# does, and a window that is closed by the end of the process.
BACKEND = """import os, matplotlib
from matplotlib.backends.backend_agg import *
matplotlib.interactive(True)
def show(*args, **options):
    os._exit(7 if matplotlib.is_interactive() else 8)  # loses what is not flushed
"""


def test_run_from_elsewhere_the_window_opens_last_and_later_plots_show(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "fakeshow.py").write_text(BACKEND)
    env = {"MPLBACKEND": "module://fakeshow", "PYTHONUNBUFFERED": ""}
    done = python(shutil.copy(SCRIPT, folder), cwd=tmp_path, **env)
    assert (done.returncode, done.stderr) == (7, "")
    assert done.stdout.isascii()
    assert done.stdout.endswith(f"\nFigure: {fit_gaussian.FIGURE}\n")
    assert fit_gaussian.FIGURE in names(folder) and names(tmp_path) == ["folder"]
