"""What the tests share: the course page's settings, samples, and a run of main()."""

import os

os.environ["MPLBACKEND"] = "agg"  # here and in the scripts started: no windows

import matplotlib.pyplot as plt
import numpy as np
import pytest

import fit_gaussian

# The course page's settings, as arguments of fit and verdict.
PAGE = {"mu_start": -3.0, "sigma_start": 1.0, "step_mu": 0.1, "step_sigma": 0.01}
PAGE["n_iterations"] = 500
# And all of its constants. The tests set them, so that they hold after any edit.
CONSTANTS = {"DATA": None, "N_SAMPLES": 10_000, "MU_TRUE": 2.0, "SIGMA_TRUE": 2.0}
CONSTANTS.update({name.upper(): value for name, value in PAGE.items()}, SEED=0)


@pytest.fixture
def page_samples():
    return np.random.default_rng(0).normal(2.0, 2.0, 10_000)


@pytest.fixture
def run_main(monkeypatch, capsys, tmp_path):
    """Run main() with some constants changed; return its output and exit line."""

    def run(picture=False, **constants):
        if not picture:  # it takes the most time: a blank sheet instead
            monkeypatch.setattr(fit_gaussian, "draw", lambda *_: plt.figure())
        figure = {"FIGURE": str(tmp_path / "f.png")}
        for name, value in {**CONSTANTS, **figure, **constants}.items():
            monkeypatch.setattr(fit_gaussian, name, value)
        try:
            line = fit_gaussian.main()  # None
        except SystemExit as stop:
            line = stop.code
        plt.close("all")
        return capsys.readouterr().out, line

    return run
