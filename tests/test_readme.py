"""README.md says what the script does: commands, report, snippet, claims, table."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest
from conftest import PAGE, PAGE_FIT

import fit_gaussian
from fit_gaussian import fit, maximum_likelihood

README = (Path(fit_gaussian.__file__).parent / "README.md").read_text(encoding="utf-8")
PROSE = " ".join(README.split())


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def section(title):
    """Return the text from one heading to the next."""
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_the_first_two_commands():
    run, test = blocks("sh")[:2]
    assert run.count("\n") == test.count("\n") == 1
    assert run.endswith("python fit_gaussian.py\n")
    assert test.endswith("python -m pytest\n")


def test_the_report_is_the_scripts(run_main, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    printed, _ = run_main(FIGURE=tmp_path / "example2_nf.png")
    (shown,) = blocks("text")
    number = r" *-?\d+\.\d+"
    assert re.sub(number, " #", shown) == re.sub(number, " #", printed)
    if np.random.default_rng(0).normal() == pytest.approx(0.125730221, abs=1e-9):
        assert shown == printed  # NumPy's stream is still the one of the README


def test_the_snippet_says_what_it_returns():
    (snippet,) = blocks("python")
    names = {}
    exec(snippet, names)  # noqa: S102, it is ours
    shown = re.findall(r"^(\S.*?)  # (\([^)]*\)|True)", snippet, re.MULTILINE)
    assert len(shown) == 3
    for expression, result in shown:
        assert eval(expression, names) == pytest.approx(
            ast.literal_eval(result), abs=5e-4
        )


# --------------------------------------------------------------------- the lesson


@pytest.fixture(scope="module")
def page():
    x = np.random.default_rng(0).normal(2, 2, 10_000)

    def run(**changes):
        return fit(x, **{**PAGE_FIT, **changes})

    return run, np.mean(x), np.std(x)


def test_claims_on_rates(page):
    run, mean, s = page
    mus, sigmas = run(n_iterations=1000)
    assert "by 0.975 and 0.995" in PROSE
    assert (mus[300] - mean) / (mus[299] - mean) == pytest.approx(0.975, abs=2e-3)
    assert (sigmas[900] - s) / (sigmas[899] - s) == pytest.approx(0.995, abs=5e-4)
    assert "in the third decimal" in PROSE
    assert 0.001 < abs(sigmas[500] - s) < 0.01
    assert "Another 500 leave 8 % of that difference, $0.995^{500}$" in PROSE
    left = (sigmas[1000] - s) / (sigmas[500] - s)
    assert left == pytest.approx(0.08, abs=0.005)
    assert left == pytest.approx(0.995**500, rel=0.05)


def test_claims_on_one_step_for_both(page):
    run, *_ = page
    assert (
        "One step of 0.01 for both leaves $\\mu$ at -0.9 after 500 iterations" in PROSE
    )
    assert run(step_mu=0.01)[0][-1] == pytest.approx(-0.9, abs=0.05)
    assert "one of 0.1 for both throws $\\sigma$ to 3.8 first" in PROSE
    assert run(step_sigma=0.1)[1].max() == pytest.approx(3.8, abs=0.05)


def test_claims_of_the_table(page):
    run, mean, s = page
    for claim, value in (
        ("mu jumps to 47", run(step_mu=10)[0][1]),
        ("throws sigma to 21", run(step_mu=10)[1].max()),
        ("thrown to 3.8", run(step_sigma=0.1)[1].max()),
        ("thrown to 141", run(step_sigma=6)[1].max()),
        ("thrown to 468", run(step_sigma=20)[1].max()),
        ("throws sigma to 740", run(mu=-300)[1].max()),
    ):
        assert claim in section("Try it")
        assert value == pytest.approx(float(claim.split()[-1]), rel=0.03)
    assert "after 1,900 iterations, it bounces between 1.6 and 3.5" in section("Try it")
    sigmas = run(step_sigma=6, n_iterations=12_000)[1]
    assert np.argmax(sigmas[1:] < s) == pytest.approx(1900, rel=0.05)
    late = sigmas[2000:]
    assert (late.min(), late.max()) == pytest.approx((1.6, 3.5), abs=0.1)
    assert "its error would grow 1.5-fold an iteration" in section("Try it")
    mus, _ = run(mu=mean + 1e-6, sigma=s, step_mu=10, n_iterations=1)
    assert abs(mus[1] - mean) / 1e-6 == pytest.approx(1.5, abs=0.05)
    assert "1,000 times its distance" in section("Try it")
    mus, _ = run(sigma=0.01, n_iterations=1)
    assert (mus[1] + 3) / (mean + 3) == pytest.approx(1000)
    assert "ten times as large: 0.2 and 0.14" in section("Try it")
    *_, se_mu, se_sigma = maximum_likelihood([0.0, 4.0] * 50)
    assert (se_mu, se_sigma) == pytest.approx((0.2, 0.14), abs=0.005)
    assert "0.03 standard errors from the maximum, it was 0.4" in section("Try it")
    off = abs(run(n_iterations=1000)[1] - s) / (s / 20_000**0.5)
    assert off[[1000, 500]] == pytest.approx([0.03, 0.4], abs=0.02)


def test_numbers_of_the_rules():
    assert f"if the ascent goes on for {fit_gaussian.LOOK_AHEAD:,} iterations" in PROSE
    assert f"within {fit_gaussian.LOOK_AHEAD:,} more iterations" in PROSE


def test_claims_on_the_pages_figure():
    x = np.array([0.0, 4.0])
    _, sigmas = fit(x, **{**PAGE_FIT, "n_iterations": 1})
    simultaneous = 1 + 0.01 * (np.mean((x + 3) ** 2) / 1**3 - 1 / 1)
    assert "takes its $\\sigma$ to 1.28, the printed updates lead to 1.23" in PROSE
    assert (simultaneous, sigmas[1]) == pytest.approx((1.28, 1.23), abs=5e-3)


# ---------------------------------------------------------------------- Try it

ROWS = re.findall(r"\n\| `(\w+ = .+?)` \| (.+?) \|", section("Try it"))


def test_the_table_has_the_rows_it_is_said_to_have():
    assert len(ROWS) == 14
    assert "has fourteen edits" in PROSE


@pytest.mark.parametrize("edit, see", ROWS, ids=[edit for edit, _ in ROWS])
def test_try_it(run_main, edit, see):
    constant, value = edit.split(" = ")
    assert constant in PAGE
    out, _ = run_main(**{constant: ast.literal_eval(value)})
    _, mu, sigma, verdict, _ = out.splitlines()
    said, *finals, _, advice = re.fullmatch(
        r"(\w[\w ]+), mu (\S+), sigma ([\d.e+]+)(: `try (.+)`)?", see
    ).groups()
    assert verdict.startswith(said + ":")
    for shown, row in zip(finals, (mu, sigma)):
        *_, final, _, se = map(float, row.split()[1:])
        assert final == pytest.approx(float(shown), rel=0.05, abs=3 * se)
    if advice is None:
        assert said == "Converged"
    else:
        name, proposed = advice.split(" = ")
        name_now, proposed_now = verdict.rpartition("try ")[2].split(" = ")
        assert name_now == name
        assert float(proposed_now) == pytest.approx(float(proposed), rel=0.05)
