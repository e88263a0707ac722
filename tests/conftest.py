"""Surroundings of the tests: no window, no matplotlibrc, and `run`, the one way in."""

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
    """Run main() with some constants, in an empty folder; return what a user gets.

    lines: what is printed. verdict: of these, what follows the table. last_words: the
    line that stops the script. figure: what is shown. panels: of the figure, by the
    first words of their titles. As saving takes long, it needs save=True.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fit_gaussian, "__file__", str(tmp_path / "script.py"))

    def run_main(save=False, **constants):
        result = SimpleNamespace(figure=None)
        monkeypatch.setattr(plt, "show", lambda: setattr(result, "figure", plt.gcf()))
        if not save:
            monkeypatch.setattr(Figure, "savefig", lambda *args, **options: None)
        for name, value in {**SHIPPED, **constants}.items():
            monkeypatch.setattr(fit_gaussian, name, value)
        try:
            result.last_words = fit_gaussian.main()
        except SystemExit as stop:
            result.last_words = stop.code
        out = capsys.readouterr().out
        result.lines = out.splitlines()
        result.verdict = out.partition("\nstandard error")[2].splitlines()[1:]
        axes = result.figure.axes if result.figure else []
        result.panels = {ax.get_title().split()[0]: ax for ax in axes}
        return result

    yield run_main
    plt.close("all")
