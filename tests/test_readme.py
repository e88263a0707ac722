"""README.md says what the script does: commands, output, snippet, table, numbers."""

import ast
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import PAGE

import fit_gaussian
from fit_gaussian import fit

README = Path(fit_gaussian.__file__).with_name("README.md").read_text("utf-8")
PROSE = " ".join(README.split())  # without line breaks
ROWS = re.findall(r"\n\| `([A-Z].+?)` \| (.+?) \| (.+) \|", README)
NUMBER = r" *-?\d+(\.\d+)?"
TWO = [1.0, 5.0] * 50  # mean 3, standard deviation 2, exactly


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def constants(edit):
    pairs = (pair.split(" = ") for pair in edit.split("; "))
    return {name: ast.literal_eval(value) for name, value in pairs}


def test_the_output_is_the_script_s(run_main, monkeypatch, tmp_path):
    monkeypatch.setattr(fit_gaussian, "__file__", str(tmp_path / "fit_gaussian.py"))
    printed, _ = run_main(FIGURE="example2_nf.png")
    (shown,) = blocks("text")
    assert re.sub(NUMBER, " #", shown) == re.sub(NUMBER, " #", printed)
    if np.random.default_rng(0).normal() == pytest.approx(0.125730221, abs=1e-9):
        assert shown == printed  # NumPy's stream is still the one of the README


LINES = re.findall(r"^- `([A-Z].+? .+?)`", README, re.MULTILINE)
RUNS = [{"STEP_MU": 0.2}, {"MU_START": -300.0}, {"SIGMA_START": 0.01}]
RUNS += [{"STEP_MU": 10.0}, {"STEP_SIGMA": 24.0, "SIGMA_START": 1.72, "MU_START": 2.0}]
RUNS += [{"STEP_MU": 1e-7, "STEP_SIGMA": 1e-7}]


@pytest.mark.parametrize("line, constants", zip(LINES, RUNS))
def test_the_last_lines_are_explained_as_they_are_printed(run_main, line, constants):
    assert len(LINES) == len(RUNS)
    printed, _ = run_main(**constants)
    one_line = printed.replace(",\n", ", ")  # a sentence may take two
    assert re.sub(NUMBER, " #", line) in re.sub(NUMBER, " #", one_line)


def test_the_snippet_runs_and_says_what_it_returns(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (snippet,) = blocks("python")
    names = {}
    exec(snippet, names)  # noqa: S102, it is ours
    plt.close("all")
    best, judged = map(ast.literal_eval, re.findall(r"  # ([1T].*, .*)", snippet))
    assert best == pytest.approx((names["mean"], names["s"]), abs=5e-4)
    assert judged == (names["converged"], names["text"])
    assert capsys.readouterr().out.count("\n") == 5
    assert [f.name for f in tmp_path.iterdir()] == ["own.png"]


@pytest.mark.parametrize("edit, see, _", ROWS, ids=[row[0] for row in ROWS])
def test_try_it(run_main, edit, see, _):
    out, _ = run_main(**constants(edit))
    labels = "mu|sigma|Converged at iteration|N_ITERATIONS ="
    printed = dict(re.findall(rf"({labels}) (\d+)", out))
    printed["mu"], printed["sigma"] = re.findall(r"final +(\S+) +(\S+)", out)[0]
    shown = re.findall(rf"({labels}) (-?[\d.]+(?:e\+\d+)?)", see)
    for label, number in shown:
        assert float(number) == pytest.approx(float(printed[label]), rel=0.05, abs=0.05)
    for words in ("Converged", "Not converged", "N_ITERATIONS"):
        assert (words in see) == (words in out) or edit == "N_SAMPLES = 100"
    if not shown:
        assert see == "standard errors of about 0.2 and 0.14"
        assert re.search(r"error +0\.(19|2\d) +0\.1[345]\n", out)


def test_the_reasons_in_the_table(page_samples):
    numbers = []
    for edit, _, why in ROWS[:-1]:  # the last changes the samples
        changes = {name.lower(): value for name, value in constants(edit).items()}
        mus, sigmas = fit(page_samples, **{**PAGE, **changes, "n_iterations": 12_000})
        leap, late = (mus[1] + 3) / (np.mean(page_samples) + 3), sigmas[3000:]
        measured = [mus[1], leap, sigmas[1], sigmas.max(), late.min(), late.max()]
        for text in re.findall(r"(?:to|from|between|and|is) (\d[\d,]*\.?\d*)", why):
            numbers.append(float(text.replace(",", "")))
            assert np.isclose(measured, numbers[-1], rtol=0.03).any()
    assert len(numbers) == 10  # as many as there are


def test_the_first_step_by_hand_in_both_versions():
    (said,) = re.findall(r"takes \$.sigma\$ to (\S+), ours to (\S+)\.", PROSE)
    # Samples with mean 2 and standard deviation 2, at the old mu and at the new one.
    sigmas = [1 + 0.01 * (4 + (2 - mu) ** 2 - 1) for mu in (-3, -3 + 0.1 * 5)]
    assert [float(n) for n in said] == pytest.approx(sigmas, abs=5e-3)
    assert fit([0, 4], **PAGE)[1][1] == pytest.approx(sigmas[1])


def test_the_bounces():
    mus, _ = fit(TWO, 4, 2, 20, 0.1, 20_000)
    assert np.all((mus[-100:-1] - 3) * (mus[-99:] - 3) < -1)  # from side to side
    for share, values in ((1.25, 2), (1.265, 4), (1.33, 8), (1.5, 1000)):
        sigmas = fit(TWO, 3, 2.1, 0.1, share * 4, 20_000)[1][-2000:].round(6)
        assert min(len(set(sigmas)), 1000) == values


def test_the_cure(page_samples):
    mean, s = np.mean(page_samples), np.std(page_samples)
    mu, variance = -3.0, 1.0
    for _ in range(100):
        mu += 0.1 * (mean - mu)
        variance += 0.1 * (s**2 + (mean - mu) ** 2 - variance)
    (said,) = re.findall(r"within (\S+) of the maximum after 100", PROSE)
    assert max(abs(mu - mean), abs(variance**0.5 - s)) < float(said)
