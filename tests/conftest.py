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

    lines: what is printed; verdict: of these, what follows the table, without the
    figure's name; last_words: the line that stops the script, or None; figure: what is
    drawn, or None. To save the figure takes long: only done with save=True.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fit_gaussian, "__file__", str(tmp_path / "fit_gaussian.py"))

    def run_main(save=False, **constants):
        plt.close("all")
        for name, value in {**SHIPPED, **constants}.items():
            monkeypatch.setattr(fit_gaussian, name, value)
        if not save:
            monkeypatch.setattr(Figure, "savefig", lambda *args, **options: None)
        try:
            last_words = fit_gaussian.main()
        except SystemExit as stop:
            last_words = stop.code
        out = capsys.readouterr().out
        after_table = out.partition("\nstandard error")[2].splitlines()[1:]
        return SimpleNamespace(
            lines=out.splitlines(),
            verdict=[line for line in after_table if not line.startswith("Figure:")],
            last_words=last_words,
            figure=plt.gcf() if plt.get_fignums() else None,
        )

    yield run_main
    plt.close("all")
