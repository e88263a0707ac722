"""README.md says what the script does: commands, report, snippet, table, numbers."""

import ast
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import PAGE, PAGE_FIT

import fit_gaussian
from fit_gaussian import fit, maximum_likelihood

FOLDER = Path(fit_gaussian.__file__).parent
README = (FOLDER / "README.md").read_text(encoding="utf-8")
ROWS = re.findall(r"\n\| `(\w+) = (.+?)` \| (.+?) \| (.+) \|", README)


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_two_commands_are_one_line_each():
    run, test = blocks("sh")
    assert run.count("\n") == test.count("\n") == 1
    assert run.endswith("python fit_gaussian.py\n")
    assert test.endswith("python -m pytest\n")


def test_script_metadata_and_requirements_agree():
    source = (FOLDER / "fit_gaussian.py").read_text(encoding="utf-8")
    (listed,) = re.findall(r"^# dependencies = (.*)$", source, re.MULTILINE)
    required = (FOLDER / "requirements.txt").read_text(encoding="utf-8").split()
    assert ast.literal_eval(listed) == [r for r in required if "pytest" not in r]
    (lowest,) = re.findall(r'^# requires-python = ">=(.*)"$', source, re.MULTILINE)
    assert f"Python {lowest} or newer" in README


def test_the_report_is_the_scripts(run_main, monkeypatch, tmp_path):
    monkeypatch.setattr(fit_gaussian, "__file__", str(tmp_path / "fit_gaussian.py"))
    printed, _ = run_main(FIGURE="example2_nf.png")
    (shown,) = blocks("text")
    number = r" *-?\d+(\.\d+)?"
    assert re.sub(number, " #", shown) == re.sub(number, " #", printed)
    if np.random.default_rng(0).normal() == pytest.approx(0.125730221, abs=1e-9):
        assert shown == printed  # NumPy's stream is still the one of the README


def test_the_snippet_runs_and_says_what_it_returns(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (snippet,) = blocks("python")
    names = {}
    exec(snippet, names)  # noqa: S102, it is ours
    plt.close("all")
    (closed_form,) = re.findall(r"# (\(.*?\)): the fit", snippet)
    assert (names["mean"], names["s"]) == pytest.approx(
        ast.literal_eval(closed_form), abs=5e-4
    )
    table, converged = capsys.readouterr().out.strip().rsplit("\n", 1)
    assert ast.literal_eval(converged)[0] is True
    assert table.count("\n") == 2
    assert [f.name for f in tmp_path.iterdir()] == ["own.png"]


@pytest.mark.parametrize("name, value, see, why", ROWS, ids=[row[0] for row in ROWS])
def test_try_it(run_main, name, value, see, why):
    assert name in PAGE
    out, _ = run_main(**{name: ast.literal_eval(value)})
    _, mu, sigma, verdict, _ = out.splitlines()
    said, *finals, _, advice = re.fullmatch(
        r"(\w[\w ]+), mu (\S+), sigma ([\d.e+]+)(: `try (.+)`)?", see
    ).groups()
    assert verdict.startswith(said + ":")
    for shown, row in zip(finals, (mu, sigma)):
        _, _, final, _, se, _ = row.split()
        # Half a digit, and what other samples change.
        assert float(final) == pytest.approx(
            float(shown), rel=0.05, abs=3 * float(se) + 0.005
        )
    if advice:
        constant, proposed = advice.split(" = ")
        constant_now, proposed_now = verdict.rpartition("try ")[2].split(" = ")
        assert constant_now == constant
        assert float(proposed_now) == pytest.approx(float(proposed), rel=0.05)


def test_numbers_of_the_table_and_of_the_lesson(page_samples):
    def run(**changes):
        return fit(page_samples, **{**PAGE_FIT, **changes})

    mean, s, *_ = maximum_likelihood(page_samples)
    se = s / 20_000**0.5
    why = {f"{name} = {value}": reason for name, value, _, reason in ROWS}
    off = abs(run(n_iterations=1000)[1] - s) / se
    bounce = run(step_sigma=6.0, n_iterations=12_000)[1][3000:]
    for edit, measured in (
        ("N_ITERATIONS = 1000", {1: off[1000], 2: off[500]}),
        ("STEP_MU = 10.0", {1: run(step_mu=10)[0][1], 2: run(step_mu=10)[1].max()}),
        ("STEP_SIGMA = 0.1", {1: run(step_sigma=0.1)[1].max()}),
        (
            "STEP_SIGMA = 6.0",
            {1: run(step_sigma=6)[1].max(), 2: bounce.min(), 3: bounce.max()},
        ),
        ("MU_START = -300.0", {1: run(mu=-300)[1].max()}),
    ):
        numbers = re.findall(r"(?<![\w=.])\d+(?:\.\d+)?", why[edit])
        shown = [float(number) for number in numbers]
        assert shown[: len(measured)] == pytest.approx(
            list(measured.values()), rel=0.03, abs=0.02
        )
    mus, _ = run(sigma=0.01, n_iterations=1)
    assert (mus[1] + 3) / (mean + 3) == pytest.approx(1000)
    first = 1 + 0.01 * (np.mean((np.array([0.0, 4.0]) + 3) ** 2) - 1)
    _, sigmas = fit([0.0, 4.0], **{**PAGE_FIT, "n_iterations": 1})
    ours = re.findall(
        r"takes \$\\sigma\$ to (\S+), the\s+alternating one to (\S+)\.", README
    )
    assert [float(n) for n in ours[0]] == pytest.approx([first, sigmas[1]], abs=5e-3)


def test_natural_gradient_is_as_fast_as_said(page_samples):
    mean, s, *_ = maximum_likelihood(page_samples)
    mu, variance = -3.0, 1.0
    for _ in range(100):
        mu += 0.1 * (mean - mu)
        variance += 0.1 * (s**2 + (mean - mu) ** 2 - variance)
    (said,) = re.findall(r"within\s+(\S+) of the maximum after 100", README)
    assert max(abs(mu - mean), abs(variance**0.5 - s)) < float(said)


def test_first_throw_and_the_bounce_of_mu():
    four = [0.0, 4.0] * 50  # mean 2, s 2
    mus, sigmas = fit(four, -98, 1, 0.1, 0.01, 1)
    d, w = (2 - mus[1]) / 2, 1 / 2
    assert sigmas[1] / 2 == pytest.approx(0.01 / 4 * (1 + d**2) / w**3, rel=0.02)
    for step in (8.5, 10, 20):
        mus, sigmas = fit(four, 3, 2, step, 0.1, 20_000)
        assert sigmas[-1] == pytest.approx((step / 2) ** 0.5)
        assert abs(mus[-2:] - 2) == pytest.approx((step / 2 - 4) ** 0.5)
    for share, values in ((1.2, 2), (1.3, 4), (3.0, 1000)):
        sigmas = fit(four, 2, 2.1, 0.1, share * 4, 20_000)[1][-2000:].round(6)
        assert min(len(set(sigmas)), 1000) == values
