"""Surroundings of the tests: no window, no matplotlibrc, no constant as edited."""

import matplotlib
import pytest
from helpers import SHIPPED
from matplotlib.figure import Figure

import fit_gaussian

matplotlib.use("agg")
matplotlib.rcdefaults()


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Run main() with some constants; return what it prints, and its last words."""
    monkeypatch.setattr(fit_gaussian, "draw", lambda *_, **__: Figure((1, 1)))  # quick
    monkeypatch.setattr(fit_gaussian, "__file__", str(tmp_path / "script.py"))

    def run_main(**constants):
        for name, value in {**SHIPPED, **constants}.items():
            monkeypatch.setattr(fit_gaussian, name, value)
        try:
            line = fit_gaussian.main()  # None
        except SystemExit as stop:
            line = stop.code
        return capsys.readouterr().out, line

    return run_main
