"""The script as its user meets it: run, edited, edited wrongly, run elsewhere."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import PAGE

import fit_gaussian

SCRIPT = Path(fit_gaussian.__file__)


@pytest.fixture
def start(tmp_path):
    """Start a copy of the script, with lines edited, as a user would."""

    def run(cwd, env=None, **edits):
        text = SCRIPT.read_text(encoding="utf-8")
        for name, value in {**PAGE, **edits}.items():
            text, n = re.subn(rf"(?m)^{name} = .*$", f"{name} = {value!r}", text)
            assert n == 1
        (tmp_path / "copy").mkdir(exist_ok=True)
        (tmp_path / "copy" / SCRIPT.name).write_text(text, encoding="utf-8")
        return subprocess.run(
            [sys.executable, "-W", "error", tmp_path / "copy" / SCRIPT.name],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def test_the_constants_are_the_course_page_s():
    names = [*PAGE, "FIGURE"]
    assigned = [
        (node.targets[0].id, node.lineno, node.value)
        for node in ast.parse(SCRIPT.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign)
    ][: len(names)]
    assert [name for name, _, _ in assigned] == names
    lines = [line for _, line, _ in assigned]
    assert lines == list(range(lines[0], lines[0] + len(names)))
    values = {name: ast.literal_eval(value) for name, _, value in assigned[:-1]}
    assert values == PAGE
    assert fit_gaussian.FIGURE == SCRIPT.with_name("example2_nf.png")


def test_importing_does_nothing(tmp_path):
    code = "import matplotlib.pyplot as plt, fit_gaussian; assert not plt.get_fignums()"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(SCRIPT.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_run_in_its_folder_without_a_display(start, tmp_path):
    (tmp_path / "copy").mkdir()
    done = start(tmp_path / "copy", env={"DISPLAY": "", "MPLBACKEND": ""})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert done.stdout.endswith("\nFigure: example2_nf.png\n")
    assert (tmp_path / "copy" / "example2_nf.png").read_bytes().startswith(b"\x89PNG")


def test_run_elsewhere_with_a_display_that_can_t_show(start, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    done = start(tmp_path / "elsewhere", env={"DISPLAY": ":0", "MPLBACKEND": "agg"})
    assert (done.returncode, done.stderr) == (0, "")
    picture = tmp_path / "copy" / "example2_nf.png"
    assert done.stdout.endswith(f"\nFigure: {str(picture)!a}\n")
    assert picture.exists()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_wrong_constant_is_one_line_and_no_traceback(start, tmp_path):
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "example2_nf.png").write_bytes(b"earlier")
    done = start(tmp_path, STEP_SIGMA=-0.01)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "fit_gaussian.py: STEP_SIGMA must be a finite number > 0, not -0.01\n"
    )
    assert (tmp_path / "copy" / "example2_nf.png").read_bytes() == b"earlier"


def test_a_stopped_ascent_is_one_line_and_no_traceback(start, tmp_path):
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "example2_nf.png").write_bytes(b"earlier")
    done = start(tmp_path, SIGMA_START=3.0, STEP_SIGMA=40.0, MU_START=2.0)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(
        r"Not converged: the ascent left the model, sigma = -\S+ at iteration 1\. "
        r"STEP_SIGMA = 40 is not below its stability limit s\^2 = \S+, so sigma cannot "
        r"settle: try STEP_SIGMA = 0\.2\n",
        done.stderr,
    )
    assert (tmp_path / "copy" / "example2_nf.png").read_bytes() == b"earlier"


# ------------------------------------------------------------------ in this process


def test_the_table(run_main):
    out, _ = run_main()
    header, mu, sigma, verdict, figure = out.splitlines()
    assert header.split() == ["true", "start", "final", "max.", "lik.", "std.", "error"]
    x = np.random.default_rng(0).normal(2, 2, 10_000)
    mus, sigmas = fit_gaussian.fit(x, -3, 1, 0.1, 0.01, 500)
    for row, name, numbers in (
        (mu, "mu", [2, -3, mus[-1], np.mean(x), np.std(x) / 100]),
        (sigma, "sigma", [2, 1, sigmas[-1], np.std(x), np.std(x) / 20_000**0.5]),
    ):
        assert len(row) == len(header)
        assert row.split()[0] == name
        assert [float(n) for n in row.split()[1:]] == pytest.approx(numbers, rel=1e-5)
    assert verdict.startswith("Converged: ")
    assert figure.startswith("Figure: ")


def test_not_converged_still_draws(run_main, tmp_path):
    out, line = run_main(N_ITERATIONS=10, FIGURE=tmp_path / "new.png")
    assert line is None
    assert re.search(r"^Not converged: .* try N_ITERATIONS = \d+$", out, re.MULTILINE)
    assert (tmp_path / "new.png").exists()


def test_seed_picks_the_samples(run_main):
    assert run_main()[0] == run_main(SEED=0)[0]
    assert run_main()[0] != run_main(SEED=1)[0]
    assert run_main(SEED=None)[0] != run_main(SEED=None)[0]


nan, inf = float("nan"), float("inf")
NOT_NUMBERS = [nan, inf, -inf, "2.0", None, [1.0], 2j, 10**400]
NOT_COUNTS = [0, -5, 2.5, 1e4, nan, inf, "ten", None, 10**13, 10**30]
POSITIVE = ["SIGMA_TRUE", "SIGMA_START", "STEP_MU", "STEP_SIGMA"]
WRONG = [
    *[(name, value) for name in ["MU_TRUE", "MU_START"] for value in NOT_NUMBERS],
    *[(name, value) for name in POSITIVE for value in [*NOT_NUMBERS, 0, 0.0, -0.1]],
    *[("N_ITERATIONS", value) for value in NOT_COUNTS],
    *[("N_SAMPLES", value) for value in [*NOT_COUNTS, 1]],
    *[("SEED", value) for value in [-1, 0.5, nan, "zero"]],
    *[("FIGURE", value) for value in [None, 3, "", "picture", ".", "picture.pdf"]],
    ("FIGURE", Path("no such folder") / "picture.png"),
    ("SIGMA_TRUE", 1e-20),  # lost beside MU_TRUE: all samples are 2.0
    ("SIGMA_TRUE", 1e200),  # has no square
]


@pytest.mark.parametrize("name, value", WRONG, ids=lambda v: ascii(v)[:20])
def test_each_wrong_constant_is_named(run_main, monkeypatch, tmp_path, name, value):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "f.png").write_bytes(b"earlier")
    out, line = run_main(**{name: value})
    assert out == ""
    assert re.match(rf"fit_gaussian\.py: {name} must ", line)
    assert line.isascii() and "\n" not in line
    assert [f.name for f in tmp_path.iterdir()] == ["f.png"]
    assert (tmp_path / "f.png").read_bytes() == b"earlier"


@pytest.mark.parametrize(
    "name, value",
    [
        ("N_SAMPLES", 2),
        ("N_ITERATIONS", 1),
        ("SEED", 7),
        ("MU_START", 5),
        ("STEP_MU", np.float64(0.3)),
    ],
)
def test_unusual_but_right_constants(run_main, name, value):
    out, line = run_main(**{name: value})
    assert line is None
    assert out
