"""Surroundings of the tests: no window, no matplotlibrc, and `run` to call main()."""

from types import SimpleNamespace

import matplotlib
import matplotlib.pyplot as plt
import pytest
from helpers import SHIPPED
from matplotlib.figure import Figure

import fit_gaussian

matplotlib.use("agg")
matplotlib.rcdefaults()


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Run main() in an empty folder, as if the script were its file beside/it.py.

    Return what a user gets. lines: what is printed. verdict: of these, what follows the
    table. last_words: the line that stops the script, or None. figure: what is shown,
    or None. panels: those of the figure, by name. As saving takes long, it does nothing
    for the rest of the test, unless save=True.
    """
    monkeypatch.chdir(tmp_path)
    (tmp_path / "beside").mkdir()
    monkeypatch.setattr(fit_gaussian, "__file__", str(tmp_path / "beside" / "it.py"))

    def run_main(save=False, **constants):
        result = SimpleNamespace(figure=None)
        monkeypatch.setattr(plt, "show", lambda: setattr(result, "figure", plt.gcf()))
        if not save:
            monkeypatch.setattr(Figure, "savefig", lambda *args, **options: None)
        for name, value in {**SHIPPED, **constants}.items():
            monkeypatch.setattr(fit_gaussian, name, value)
        try:
            fit_gaussian.main()
            result.last_words = None
        except SystemExit as stop:
            result.last_words = stop.code
        out = capsys.readouterr().out
        result.lines = out.splitlines()
        result.verdict = out.partition("\nstandard error")[2].splitlines()[1:]
        axes = result.figure.axes if result.figure else []
        result.panels = dict(zip(["mu", "density", "sigma", "hill"], axes))
        return result

    yield run_main
    plt.close("all")
