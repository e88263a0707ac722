"""The script as its user meets it: run, edited, edited wrongly, run elsewhere."""

import os
import re
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import matplotlib.figure
import numpy as np
import pytest
from conftest import PAGE, PAGE_FIT

import fit_gaussian

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
    """A copy of the script, alone in a folder, with a FIGURE that is not ASCII."""
    text = SCRIPT.read_text(encoding="utf-8")
    path = tmp_path / "copy" / SCRIPT.name
    path.parent.mkdir()
    path.write_text(text.replace("example2_nf.png", "\u03bc.png"), encoding="utf-8")
    return path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_constants_are_the_course_page_s():
    assert {name: getattr(fit_gaussian, name) for name in PAGE} == PAGE
    assert fit_gaussian.FIGURE == "example2_nf.png"


def test_importing_does_nothing(tmp_path):
    code = "import matplotlib.pyplot as plt, fit_gaussian; assert not plt.get_fignums()"
    done = python("-c", code, cwd=tmp_path, PYTHONPATH=str(SCRIPT.parent))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert names(tmp_path) == []


def test_run_in_its_folder_without_a_display(tmp_path):
    (tmp_path / SCRIPT.name).write_bytes(SCRIPT.read_bytes())
    done = python(SCRIPT.name, cwd=tmp_path, DISPLAY="", MPLBACKEND="")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii() and done.stdout.endswith("\nFigure: example2_nf.png\n")
    assert names(tmp_path) == ["example2_nf.png", SCRIPT.name]
    assert (tmp_path / "example2_nf.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("backend", ["svg", "pdf"])
def test_run_elsewhere_with_a_backend_that_can_t_show(copy, tmp_path, backend):
    (tmp_path / "elsewhere").mkdir()
    env = {"MPLBACKEND": backend, "PYTHONIOENCODING": "ascii", "DISPLAY": ":0"}
    done = python(copy, cwd=tmp_path / "elsewhere", **env)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("\nFigure: \\u03bc.png\n")
    assert names(copy.parent) == [SCRIPT.name, "\u03bc.png"]
    assert names(tmp_path / "elsewhere") == []


def test_in_a_notebook_the_picture_goes_to_the_current_folder(tmp_path):
    code = f"exec(open({str(SCRIPT)!r}, encoding='utf-8').read())"
    done = python("-c", code, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert names(tmp_path) == ["example2_nf.png"]


def test_the_window_opens_after_the_report(copy, tmp_path):
    show = "import os\nfrom matplotlib.backends.backend_agg import *\n"
    show += "def show(*args, **options): os._exit(7)  # loses what is not flushed\n"
    (tmp_path / "fakeshow.py").write_text(show)
    env = {"MPLBACKEND": "module://fakeshow", "PYTHONPATH": str(tmp_path)}
    env["PYTHONUNBUFFERED"] = ""
    done = python(copy, cwd=tmp_path, **env)
    assert (done.returncode, done.stderr) == (7, "")
    pattern = r" +start .*\nmu .*\nsigma .*\nConverged: .*\nFigure: .*\n"
    assert re.fullmatch(pattern, done.stdout)


# ------------------------------------------------------------------ in this process


def test_a_negative_sigma_is_told_and_drawn(run_main, tmp_path):
    out, line = run_main(True, MU_START=2.0, SIGMA_START=3.0, STEP_SIGMA=40.0)
    assert line is None
    pattern = r" +start .*\nmu .*\nsigma +3  .*\nNot converged: .*sigma.*\nFigure: .*\n"
    assert re.fullmatch(pattern, out)
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_a_save_that_fails_leaves_the_earlier_picture(
    run_main, monkeypatch, tmp_path, error
):
    def half(figure, path, **options):
        Path(path).write_bytes(b"half")
        raise error("no space left")

    monkeypatch.setattr(matplotlib.figure.Figure, "savefig", half)
    (tmp_path / "f.png").write_bytes(b"earlier")
    try:
        out, line = run_main()
        assert out == "" and re.fullmatch(r"fit_gaussian\.py: FIGURE must .*", line)
    except KeyboardInterrupt:
        assert error is KeyboardInterrupt
    assert names(tmp_path) == ["f.png"]
    assert (tmp_path / "f.png").read_bytes() == b"earlier"


def test_the_table(page_samples):
    x = page_samples
    ml, path = (np.mean(x), np.std(x), 0.02, 0.0142), ([-3.0, 2.0], [1.0, 1.99])
    header, mu, sigma = fit_gaussian.report(ml, *path, (2.5, 3.5)).splitlines()
    columns = ["start", "final", "max. lik.", "std. error", "true"]
    assert re.split("  +", header.strip()) == columns
    # As many decimals as two digits of the standard error have.
    mean, s = f"{np.mean(x):.3f}", f"{np.std(x):.3f}"
    assert mu.split() == ["mu", "-3", "2.000", mean, "0.020", "2.5"]
    assert sigma.split() == ["sigma", "1", "1.990", s, "0.014", "3.5"]
    assert len(header) == len(mu) == len(sigma)
    without = [row.rsplit(maxsplit=1)[0].rstrip() for row in (header, mu, sigma)]
    assert fit_gaussian.report(ml, *path).splitlines() == without


def test_seed_picks_the_samples(run_main):
    x = np.random.default_rng(1).normal(2, 2, 10_000)
    ml, path = fit_gaussian.maximum_likelihood(x), fit_gaussian.fit(x, **PAGE_FIT)
    assert run_main(SEED=1)[0].startswith(fit_gaussian.report(ml, *path, (2, 2)))
    assert run_main(SEED=None)[0] != run_main(SEED=None)[0]


RANGES = {
    "N_SAMPLES": (2, 100_000_000),
    "MU_TRUE": (-1e6, 1e6),
    "SIGMA_TRUE": (1e-6, 1e6),
    "MU_START": (-1e7, 1e7),
    "SIGMA_START": (1e-12, 1e7),
    "STEP_MU": (1e-26, 1e15),
    "STEP_SIGMA": (1e-26, 1e15),
    "N_ITERATIONS": (1, 1_000_000),
}
WRONG = [(n, v) for n in RANGES for v in (-1e9, RANGES[n][1] * 1.5)]
WRONG += [(n, v) for n in RANGES if RANGES[n][0] > 0 for v in (0, RANGES[n][0] / 2)]
OTHERS = [float("nan"), float("inf"), "2.0", None, [1.0], 2j, 10**400, Fraction(2)]
WRONG += [("MU_TRUE", v) for v in [*OTHERS, Decimal(2), np.int8(2), -float("inf")]]
WRONG += [(n, v) for n in ("STEP_MU", "N_ITERATIONS") for v in OTHERS]
WRONG += [("N_SAMPLES", 1e4), ("N_SAMPLES", "\u0664"), ("SEED", -1), ("SEED", 0.5)]
WRONG += [("FIGURE", v) for v in ("picture.xyz", "picture", "no such folder/f.png")]
WRONG += [("FIGURE", None)]


@pytest.mark.parametrize("name, value", WRONG, ids=lambda v: ascii(v)[:20])
def test_each_wrong_constant_is_named(run_main, monkeypatch, tmp_path, name, value):
    monkeypatch.setattr(fit_gaussian, "__file__", str(tmp_path / SCRIPT.name))
    (tmp_path / "f.png").write_bytes(b"earlier")
    out, line = run_main(**{name: value})
    assert out == ""
    wanted = "be a picture to write, like a.png"
    if name != "FIGURE":
        low, high = RANGES.get(name, (0, float("inf")))
        whole = isinstance(low, int)
        wanted = "be a whole number (10_000, not 1e4)" if whole else "be a number"
        wanted += f" from {low:,.9g} to {high:,.9g}"
    assert line == f"fit_gaussian.py: {name} must {wanted}, not {value!a}"
    assert line.isascii() and "\n" not in line
    assert names(tmp_path) == ["f.png"]
    assert (tmp_path / "f.png").read_bytes() == b"earlier"


def test_sigma_lost_beside_mu(run_main):
    out, line = run_main(MU_TRUE=1e6, SIGMA_TRUE=1e-6, N_SAMPLES=2_000_000)
    assert out == ""
    assert re.match(r"fit_gaussian\.py: .*\(SIGMA_TRUE\) must .*\(MU_TRUE\) of", line)
    assert "\n" not in line


@pytest.mark.parametrize("name", [name for name in RANGES if name != "N_SAMPLES"])
def test_both_ends_of_each_range_are_right(run_main, name):
    for value in RANGES[name]:
        out, line = run_main(**{name: value, "N_SAMPLES": 2})
        assert line is None and "onverged: " in out
