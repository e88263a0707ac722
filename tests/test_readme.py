"""README.md says what the script does: commands, output, snippet, table, numbers."""

import ast
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import PAGE

import fit_gaussian
from fit_gaussian import fit, maximum_likelihood

FOLDER = Path(fit_gaussian.__file__).parent
README = (FOLDER / "README.md").read_text(encoding="utf-8")
ROWS = re.findall(r"\n\| `([A-Z].+?)` \| (.+?) \| (.+) \|", README)
TWO = [1.0, 5.0] * 50  # mean 3, standard deviation 2, exactly


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def constants(edit):
    """Return the constants of a row of the table, by name."""
    pairs = (pair.split(" = ") for pair in edit.split("; "))
    return {name: ast.literal_eval(value) for name, value in pairs}


def test_the_two_commands_are_one_line_each():
    run, test = blocks("sh")
    assert run.count("\n") == test.count("\n") == 1
    assert run.endswith("python fit_gaussian.py\n")
    assert test.endswith("python -m pytest\n")


def test_the_output_is_the_script_s(run_main, monkeypatch, tmp_path):
    monkeypatch.setattr(fit_gaussian, "__file__", str(tmp_path / "fit_gaussian.py"))
    printed, _ = run_main(FIGURE="example2_nf.png")
    (shown,) = blocks("text")
    number = r" *-?\d+(\.\d+)?"
    assert re.sub(number, " #", shown) == re.sub(number, " #", printed)
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
    printed = printed.replace(",\n", ", ")  # a sentence may take two lines
    number = r"-?\d+(\.\d+)?"
    assert re.sub(number, "#", line) in re.sub(number, "#", printed)


def test_the_snippet_runs_and_says_what_it_returns(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (snippet,) = blocks("python")
    names = {}
    exec(snippet, names)  # noqa: S102, it is ours
    plt.close("all")
    mean, s = re.findall(r"likelihood\(x\)  # (\S+), (\S+)\n", snippet)[0]
    assert (names["mean"], names["s"]) == pytest.approx(
        (float(mean), float(s)), abs=5e-4
    )
    (said,) = re.findall(r"# (True, .*)", snippet)
    assert ast.literal_eval(said) == (names["converged"], names["text"])
    assert capsys.readouterr().out.count("\n") == 5
    assert [f.name for f in tmp_path.iterdir()] == ["own.png"]


@pytest.mark.parametrize("edit, see, _", ROWS, ids=[row[0] for row in ROWS])
def test_try_it(run_main, edit, see, _):
    out, _ = run_main(**constants(edit))
    finals = out.splitlines()[2].split()[1:3]
    errors = next(line.split()[2:] for line in out.splitlines() if "std. error" in line)
    for i, name in enumerate(("mu", "sigma")):
        for shown in re.findall(rf" {name} (-?[\d.]+(?:e\+\d+)?)", see):
            # Half a digit, and what other samples change.
            near = pytest.approx(
                float(shown), rel=0.05, abs=3 * float(errors[i]) + 0.005
            )
            assert float(finals[i]) == near
    converged = re.search(r"Converged at iteration (\d+)", see)
    if converged:
        (count,) = re.findall(r"Converged at iteration (\d+)\.", out)
        assert int(count) == pytest.approx(int(converged[1]), rel=0.05)
    elif "Not converged" in see:
        assert "\nNot converged.\n" in out
        needed = re.findall(r"N_ITERATIONS = (\d+)", see)
        proposed = re.findall(r"N_ITERATIONS = (\d+)", out)
        assert len(needed) == len(proposed)
        for one, other in zip(needed, proposed):
            assert int(one) == pytest.approx(int(other), rel=0.05)
    else:
        assert see == "standard errors of about 0.2 and 0.14"
        assert [float(error) for error in errors] == pytest.approx([0.2, 0.14], rel=0.2)


def test_numbers_of_the_table(page_samples):
    def run(**changes):
        return fit(page_samples, **{**PAGE, **changes})

    why = {edit: reason for edit, _, reason in ROWS}
    mus_10, sigmas_10 = run(step_mu=10)
    sigmas_01 = run(step_sigma=0.1)[1]
    sigmas_6 = run(step_sigma=6.0, n_iterations=12_000)[1]
    late = sigmas_6[3000:]
    for edit, measured in (
        ("STEP_MU = 4.0; STEP_SIGMA = 2.0", [run(step_mu=4, step_sigma=2)[1][1]]),
        ("STEP_MU = 10.0", [mus_10[1], sigmas_10[1]]),
        ("STEP_SIGMA = 0.1", [sigmas_01[1], sigmas_01.max()]),
        ("STEP_SIGMA = 6.0", [sigmas_6[1], late.min(), late.max()]),
        ("MU_START = -300.0", [run(mu_start=-300)[1][1]]),
    ):
        numbers = re.findall(r"(?<![\w=.])\d+(?:\.\d+)?", why[edit])
        assert [float(n) for n in numbers] == pytest.approx(
            measured, rel=0.03, abs=0.02
        )
    mean, _ = maximum_likelihood(page_samples)
    assert (run(sigma_start=0.01)[0][1] + 3) / (mean + 3) == pytest.approx(1000)
    assert "which is 1,000" in why["SIGMA_START = 0.01"]
    falls = -np.diff(run(sigma_start=10.0)[1] ** 2)
    assert 0.014 < falls.min() and falls.max() < 0.02
    assert "= 0.02 in an iteration" in why["SIGMA_START = 10.0"]


# ------------------------------------------------------------ the numbers of the lesson
def test_both_versions_of_the_first_step():
    first = 1 + 0.01 * (np.mean((np.array([0.0, 4.0]) + 3) ** 2) - 1)
    _, sigmas = fit([0.0, 4.0], **{**PAGE, "n_iterations": 1})
    ours = re.findall(
        r"takes\s+\$\\sigma\$\s+to\s+(\S+),\s+ours\s+to\s+(\S+)\.\n", README
    )
    assert [float(n) for n in ours[0]] == pytest.approx([first, sigmas[1]], abs=5e-3)


def test_the_size_of_a_leap():
    mus, sigmas = fit(TWO, -97, 1, 0.1, 0.01, 1)
    assert sigmas[1] == pytest.approx(0.01 * (2**2 + (3 - mus[1]) ** 2), rel=0.02)


def test_the_bounces():
    for step in (8.5, 10, 20):
        for step_sigma in (0.1, 0.88 * 4):
            mus, sigmas = fit(TWO, 4, 2, step, step_sigma, 20_000)
            assert sigmas[-1] == pytest.approx((step / 2) ** 0.5)
            assert abs(mus[-2:] - 3) == pytest.approx((step / 2 - 4) ** 0.5)
            assert (mus[-1] - 3) * (mus[-2] - 3) < 0
    mus, _ = fit(TWO, 4, 2, 10, 0.9 * 4, 20_000)
    assert abs(mus[-2:] - 3) != pytest.approx((10 / 2 - 4) ** 0.5, rel=0.01)
    for share, values in ((1.25, 2), (1.265, 4), (1.33, 8), (1.5, 1000)):
        sigmas = fit(TWO, 3, 2.1, 0.1, share * 4, 20_000)[1][-2000:].round(6)
        assert min(len(set(sigmas)), 1000) == values


def test_the_cure(page_samples):
    mean, s = maximum_likelihood(page_samples)
    mu, variance = -3.0, 1.0
    for _ in range(100):
        mu += 0.1 * (mean - mu)
        variance += 0.1 * (s**2 + (mean - mu) ** 2 - variance)
    (said,) = re.findall(r"within\s+(\S+)\s+of\s+the\s+maximum\s+after\s+100", README)
    assert max(abs(mu - mean), abs(variance**0.5 - s)) < float(said)
