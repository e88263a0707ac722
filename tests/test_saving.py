"""Where the figure goes."""

import ast
import runpy
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from helpers import SHIPPED

import fit_gaussian


@pytest.mark.parametrize("figure", ["fit", "fit.pdf"])
def test_the_figure_is_saved_beside_the_script_under_the_name_told(
    run, tmp_path, figure
):
    name = run(save=True, FIGURE=figure).lines[-1].removeprefix("Figure: ")
    assert [file.name for file in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("figure", ["fit.xyz", "none/fit.png"])
def test_a_figure_that_cannot_be_saved_costs_no_numbers(run, figure):
    result = run(save=True, FIGURE=figure)
    assert result.verdict[-1].startswith("Converged")
    assert result.last_words.startswith(f"FIGURE = {figure!r} cannot be saved: ")
    assert "\n" not in result.last_words


def test_in_a_notebook_it_saves_where_it_runs(run, monkeypatch, tmp_path):
    monkeypatch.delattr(fit_gaussian, "__file__")  # which a cell does not have
    run(save=True)
    assert [file.name for file in tmp_path.iterdir()] == ["example2_nf.png"]


def test_it_runs_when_it_is_started_and_only_then(monkeypatch, tmp_path):
    tree = ast.parse(Path(fit_gaussian.__file__).read_text("utf-8"))
    for node in tree.body:  # however a reader wrote the constants
        name = ast.unparse(node.targets[0]) if isinstance(node, ast.Assign) else None
        if name in SHIPPED:
            node.value = ast.Constant(SHIPPED[name])
    script = tmp_path / "script.py"
    script.write_text(ast.unparse(tree), encoding="utf-8")
    shown = []
    monkeypatch.setattr(plt, "show", lambda: shown.extend(plt.get_fignums()))
    runpy.run_path(str(script))
    assert shown == []
    runpy.run_path(str(script), run_name="__main__")
    assert len(shown) == 1 and (tmp_path / "example2_nf.png").exists()
    plt.close("all")
