"""README.md says what is so; and where the figure goes."""

import inspect
import re
import runpy
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers import pasted
from matplotlib.figure import Figure

import fit_gaussian

README = Path(fit_gaussian.__file__).with_name("README.md").read_text("utf-8")
BLOCKS = re.findall(r"(?ms)^```(\w+)\n(.*?)^```$", README)
# The rows of "Try it": | `CONSTANT = ...` | what it prints | why |
ROWS = re.findall(r"(?m)^\| `([A-Z].+?)` \| (.+?) \| .+ \|$", README)
assert ROWS  # without rows, their test would be skipped
# NumPy may change its stream; then README's numbers are those of other samples.
same_stream = round(np.random.default_rng(0).normal(), 9) == 0.125730221
needs_same_stream = pytest.mark.skipif(not same_stream, reason="other samples")


@needs_same_stream
def test_the_output(run):
    assert dict(BLOCKS)["text"].splitlines() == run().lines


@needs_same_stream
@pytest.mark.parametrize("edits, shown", ROWS, ids=[row[0] for row in ROWS])
def test_the_rows_of_try_it(run, edits, shown):
    lines = run(**pasted(edits.split("`<br>`"))).lines
    assert set(re.findall("`([^`]+)`", shown)) <= set(lines)


@pytest.mark.parametrize("mu_start, sigma_1", [(-300.0, "739.8"), (-3.0, "1.23")])
def test_sigma_1_of_the_two_runs_on_paper(mu_start, sigma_1):
    _, sigmas = fit_gaussian.fit([0, 4], mu_start, 1.0, 0.1, 0.01, 1)  # mean 2, s 2
    half_a_digit = 0.5 / 10 ** len(sigma_1.partition(".")[2])
    assert sigmas[1] == pytest.approx(float(sigma_1), abs=half_a_digit)
    assert f"= {sigma_1}$" in README


def changed_fit(diff):
    """The function fit after a diff of README: lines with - out, lines with + in."""
    source = inspect.getsource(fit_gaussian.fit)
    minus, plus = (re.findall(rf"(?m)^\{sign}(.*)", diff) for sign in "-+")
    for old, new in zip(minus, plus):
        assert source.count(old) == 1
        source = source.replace(old, new)
    names = {**vars(fit_gaussian)}
    exec(source, names)  # noqa: S102, it is ours
    return names["fit"]


CURE, SIMULTANEOUS = (block for kind, block in BLOCKS if kind == "diff")


def test_with_the_cure_step_sizes_of_1_arrive_in_one_iteration():
    mus, sigmas = changed_fit(CURE)([1.0, 5.0], -300.0, 0.01, 1.0, 1.0, 1)
    assert [mus[1], sigmas[1]] == pytest.approx([3, 2])


def test_the_simultaneous_update_of_sigma_uses_the_old_mu():
    _, sigmas = changed_fit(SIMULTANEOUS)([1.0, 5.0], 4.0, 1.0, 0.5, 0.01, 1)
    assert sigmas[1] == pytest.approx(
        1 + 0.01 * (np.mean([(1 - 4) ** 2, (5 - 4) ** 2]) - 1)
    )


@pytest.mark.parametrize("figure, name", [("fit", "fit.png"), ("fit.pdf", "fit.pdf")])
def test_the_figure_is_saved_beside_the_script(run, tmp_path, figure, name):
    assert run(save=True, FIGURE=figure).lines[-1] == f"Figure: {name}"
    assert [file.name for file in (tmp_path / "beside").iterdir()] == [name]


def test_in_a_notebook_it_is_where_the_notebook_runs(run, monkeypatch, tmp_path):
    monkeypatch.delattr(fit_gaussian, "__file__")  # a cell has none
    run(save=True)
    assert (tmp_path / "example2_nf.png").exists()


@pytest.mark.parametrize("figure", ["fit.xyz", "none/fit.png"])
def test_if_the_figure_cannot_be_saved_the_numbers_are_still_printed(run, figure):
    result = run(save=True, FIGURE=figure)
    assert result.lines[-1].startswith("Converged")
    assert result.last_words.startswith(f"FIGURE = {figure!r} cannot be saved: ")
    assert "\n" not in result.last_words


def test_it_runs_when_it_is_started_and_not_when_it_is_imported(monkeypatch, capsys):
    monkeypatch.setattr(plt, "show", lambda: None)
    monkeypatch.setattr(Figure, "savefig", lambda *args, **options: None)
    runpy.run_path(fit_gaussian.__file__)
    assert capsys.readouterr().out == ""
    runpy.run_path(fit_gaussian.__file__, run_name="__main__")
    assert "Figure: " in capsys.readouterr().out
    plt.close("all")
