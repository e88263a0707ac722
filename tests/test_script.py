"""The script as its user meets it: run, edited, edited wrongly, run elsewhere."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from conftest import CONSTANTS, PAGE

import fit_gaussian
from fit_gaussian import draw, fit, report, verdict

SCRIPT = Path(fit_gaussian.__file__)
# Our warnings only: a deprecation inside another package is not the script's.
WARNINGS = "error::RuntimeWarning", "error::UserWarning", "ignore::DeprecationWarning"
PYTHON = [sys.executable, *(f"-W{warning}" for warning in WARNINGS)]


def python(*args, cwd, **env):
    options = {"capture_output": True, "text": True, "timeout": 60}
    env = {**os.environ, **env}
    return subprocess.run([*PYTHON, *args], cwd=cwd, env=env, check=False, **options)


@pytest.fixture
def copy(tmp_path):
    """A copy of the script, alone in a folder."""
    path = tmp_path / "copy" / SCRIPT.name
    path.parent.mkdir()
    path.write_bytes(SCRIPT.read_bytes())
    return path


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
    assert [len(line) for line in lines] == [52, 52, 52, 52, 52, 38]
    assert report(page_samples, mus, sigmas).splitlines() == lines[:4] + lines[5:]


@pytest.mark.parametrize("scale", [1e15, 1e-28])
def test_long_numbers_have_six_digits(scale):
    x = scale * np.array([1700.0, 1700.25])
    mus, sigmas = np.array([-1.23456789e100, x[0]]), np.array([1e90, scale])
    text = report(x, mus, sigmas)
    assert f" {1700.12 * scale:.6g} " in text and " -1.23457e+100 " in text
    assert {len(line) for line in text.splitlines()} == {52, 38}


def test_each_column_has_the_decimals_of_its_standard_error():
    # 0.15 / sqrt(2) = 0.106 and 0.075: two decimals, and three.
    *_, row, errors = report([3.0, 3.3], np.ones(2), np.ones(2)).splitlines()
    assert errors.split()[-2:] == ["0.11", "0.075"]
    assert row.split()[2:4] == ["3.15", "0.150"]


# ------------------------------------------------------------------------- the run
def test_as_shipped_the_constants_are_the_course_page_s():
    shipped = {name: getattr(fit_gaussian, name) for name in CONSTANTS}
    if shipped != CONSTANTS:
        pytest.skip("the constants have been edited")
    assert fit_gaussian.FIGURE == "example2_nf.png"


def test_importing_does_nothing(tmp_path):
    code = "import matplotlib.pyplot as plt, fit_gaussian; assert not plt.get_fignums()"
    done = python("-c", code, cwd=tmp_path, PYTHONPATH=str(SCRIPT.parent))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert names(tmp_path) == []


def test_run_from_elsewhere_without_a_display(copy, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    done = python(copy, cwd=tmp_path / "elsewhere", DISPLAY="", MPLBACKEND="")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii() and "onverged" in done.stdout
    assert done.stdout.endswith(f"\nFigure: {fit_gaussian.FIGURE}\n")
    assert names(copy.parent) == [fit_gaussian.FIGURE, SCRIPT.name]
    assert names(tmp_path / "elsewhere") == []


def test_the_constants_are_used_and_the_order_of_what_is_printed(run_main, tmp_path):
    settings = {"mu_start": 1, "sigma_start": 3, "step_mu": 0.3, "step_sigma": 0.2}
    settings["n_iterations"] = 7
    constants = {name.upper(): value for name, value in settings.items()}
    out, line = run_main(SEED=1, MU_TRUE=5, SIGMA_TRUE=1.5, N_SAMPLES=50, **constants)
    x = np.random.default_rng(1).normal(5, 1.5, 50)
    table = report(x, *fit(x, **settings), (5, 1.5))
    text = verdict(x, **settings)[1]
    assert (out, line) == (f"{table}\n{text}\nFigure: {tmp_path / 'f.png'}\n", None)
    assert run_main(SEED=None)[0] != run_main(SEED=None)[0]


def test_own_numbers_are_fitted_and_have_no_truth(run_main, monkeypatch):
    data, drawn = [70.0, 65.0, 82.0, 71.0], []
    monkeypatch.setattr(fit_gaussian, "draw", lambda *args: drawn.append(args))
    monkeypatch.setattr(fit_gaussian, "save", lambda *_: None)
    others = {"N_SAMPLES": None, "MU_TRUE": None, "SIGMA_TRUE": 0, "SEED": "no matter"}
    out, line = run_main(picture=True, DATA=data, **others)
    mus, sigmas = fit(data, **PAGE)
    assert out.startswith(f"{report(data, mus, sigmas)}\n{verdict(data, **PAGE)[1]}\n")
    assert line is None and "true" not in out
    np.testing.assert_array_equal(drawn[0][1:3], (mus, sigmas))
    assert (drawn[0][0], drawn[0][3]) == (data, None)


EXTREME = [{"MU_START": -1e41, "SIGMA_START": 1e-90}, {"SIGMA_START": 1e90}]
EXTREME += [{"STEP_MU": 1e90, "STEP_SIGMA": 1e-90}, {"N_SAMPLES": 2, "N_ITERATIONS": 1}]
EXTREME += [{"DATA": [-1e40, 1e40]}, {"DATA": [1e-39, 2e-39]}, {"STEP_SIGMA": 40.0}]
EXTREME += [{"DATA": [1.7e18, 1.7e18 + 1e6]}]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("constants", EXTREME, ids=str)
def test_valid_constants_always_get_table_verdict_and_figure(
    run_main, tmp_path, constants
):
    out, line = run_main(picture=True, **constants)
    assert line is None and out.startswith("       ") and "onverged" in out
    assert max(map(len, out.splitlines()[:-1])) < 80
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")


REAL, POSITIVE = "a number from -1e+41 to 1e+41", "a number from 1e-90 to 1e+90"
WRONG = [("MU_TRUE", 2e41, REAL), ("SIGMA_TRUE", 0, POSITIVE), ("MU_START", "2", REAL)]
WRONG += [("SIGMA_START", -1, POSITIVE), ("STEP_MU", None, POSITIVE)]
WRONG += [
    ("STEP_SIGMA", True, POSITIVE),
    ("MU_TRUE", -2e41, REAL),
    ("MU_TRUE", 2j, REAL),
]
WRONG += [("N_ITERATIONS", 1e3, "a whole number from 1 to 1,000,000")]
SAMPLES, SEEDS = (
    "a whole number from 2 to 100,000,000",
    "a whole number from 0 to 1" + 6 * ",000",
)
WRONG += [("N_SAMPLES", n, SAMPLES) for n in (1, 100_000_001, 1e4)]
WRONG += [("SEED", seed, SEEDS) for seed in (-1, 10**18 + 1, 0.5)]


@pytest.mark.parametrize("name, value, wanted", WRONG, ids=str)
def test_each_wrong_constant_is_named(run_main, tmp_path, name, value, wanted):
    (tmp_path / "f.png").write_bytes(b"earlier")
    out, line = run_main(**{name: value})
    assert line == f"fit_gaussian.py: {name} must be {wanted}, not {value!r}"
    assert out == "" and names(tmp_path) == ["f.png"]
    assert (tmp_path / "f.png").read_bytes() == b"earlier"


@pytest.mark.parametrize(
    "constants, name",
    [
        ({"DATA": [1, 2, None, 3]}, "DATA[2] must be a number "),
        ({"DATA": [5, 5, 5]}, "DATA must differ by more than rounding"),
        ({"MU_TRUE": 1e9, "SIGMA_TRUE": 1e-9}, "N(MU_TRUE, SIGMA_TRUE) must differ "),
    ],
)
def test_samples_without_a_fit_are_named(run_main, constants, name):
    out, line = run_main(**constants)
    assert out == "" and line.startswith(f"fit_gaussian.py: {name}")


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


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_save_that_fails_leaves_the_earlier_picture(
    run_main, monkeypatch, tmp_path, error
):
    def half(figure, path, **options):
        Path(path).write_bytes(b"half")
        raise error

    monkeypatch.setattr(matplotlib.figure.Figure, "savefig", half)
    (tmp_path / "f.png").write_bytes(b"earlier")
    if isinstance(error, OSError):
        assert "disk full" in run_main()[1]
    else:
        with pytest.raises(KeyboardInterrupt):
            run_main()
    assert names(tmp_path) == ["f.png"]
    assert (tmp_path / "f.png").read_bytes() == b"earlier"


def test_the_picture_is_made_beside_its_place(run_main, monkeypatch, tmp_path):
    # Another file system could not move it: here, the usual temporary folder is none.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    assert run_main()[1] is None and names(tmp_path) == ["f.png"]


def test_in_a_notebook_cell_the_picture_goes_to_the_current_folder(tmp_path):
    code = f"exec(open({str(SCRIPT)!r}, encoding='utf-8').read())"
    done = python("-c", code, cwd=tmp_path)
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


def test_the_window_opens_last_and_later_plots_are_left_alone(copy, tmp_path):
    (tmp_path / "fakeshow.py").write_text(BACKEND)
    env = {"MPLBACKEND": "module://fakeshow", "PYTHONPATH": str(tmp_path)}
    done = python(copy, cwd=tmp_path, PYTHONUNBUFFERED="", **env)
    assert (done.returncode, done.stderr) == (7, "")
    assert done.stdout.endswith(f"\nFigure: {fit_gaussian.FIGURE}\n")


def test_drawing_leaves_the_settings_of_matplotlib_as_they_were():
    before, x = dict(matplotlib.rcParams), [1, 2, 4]
    draw(x, *fit(x, **PAGE))
    assert dict(matplotlib.rcParams) == before
