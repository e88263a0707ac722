"""README.md says what the script does: its output, table, code and numbers."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
from helpers import SHIPPED, page_samples, pasted, settings

import fit_gaussian
from fit_gaussian import fit, verdict

SCRIPT = Path(fit_gaussian.__file__)
README = SCRIPT.with_name("README.md").read_text("utf-8")
ROWS = re.findall(r"^\| `([A-Z].+?)` \| (.+?) \| (.+) \|$", README, re.MULTILINE)
NUMBER = r" *-?\d+\.?\d*(e[+-]\d+)?"
SAME_STREAM = np.random.default_rng(0).normal() == pytest.approx(0.125730221, abs=1e-9)


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def assert_same(shown, printed):
    """The same text; and the same numbers, if NumPy still draws those of the README."""
    assert re.sub(NUMBER, " #", shown) == re.sub(NUMBER, " #", printed)
    assert shown == printed or not SAME_STREAM


def test_the_output_is_the_script_s(run):
    shipped = {name: getattr(fit_gaussian, name) for name in SHIPPED}
    if shipped["DATA"] is not None or shipped != SHIPPED:
        pytest.skip("the constants have been edited")
    assert_same(blocks("text")[0], run()[0])
    assert README.count("\n") <= 220 and len(blocks("sh")) == 2


@pytest.mark.parametrize("edits, shown, _", ROWS, ids=[row[0] for row in ROWS])
def test_try_it(run, edits, shown, _):
    pairs = (edit.split(" = ") for edit in edits.split("`<br>`"))
    constants = {name: (float if "." in v else eval)(v) for name, v in pairs}
    printed = run(**constants)[0].splitlines()
    for line in re.findall(r"`([^`]+)`", shown):
        found = [text for text in printed if text.split()[0] == line.split()[0]]
        assert_same(line, found[0])


MESSAGES = ["Converged", "Not converged: it needs", "Not converged: STEP_MU must"]
MESSAGES += ["Not converged: STEP_SIGMA must", "Not converged: iteration 1 takes"]
MESSAGES += ["Not converged: sigma is", "Not converged: the steps are", "The way down"]


def test_every_message_is_met_and_the_numbers_in_the_reasons_are_true():
    assert len(ROWS) == 12 and sum("<details>" in row[1] for row in ROWS) == 5
    assert all(any(f"`{message}" in row[1] for row in ROWS) for message in MESSAGES)
    said = "272", "to 740", "To 47", "457|460", "1.833 and 0.687", "to 459", "10^{199}"
    said += "to 1.03", "leaps to 913", r"3 \cdot 10^{37}", "5,010", "212 to 397", "216"
    for number in said:
        assert any(part in README for part in number.split("|")), number
    x, both = page_samples(), {"STEP_MU": 4.0, "STEP_SIGMA": 2.0}
    mus, sigmas = fit(x, *settings(MU_START=-300.0))
    assert math.hypot(np.std(x), np.mean(x) - mus[1]) == pytest.approx(272, abs=0.5)
    assert sigmas[1] == pytest.approx(0.01 * 272**2, rel=0.01)
    assert fit(x, *settings(STEP_MU=10.0))[0][1] == pytest.approx(47, abs=0.5)
    # With mean 2 and s 2, as in "Why it blows up".
    assert fit([0, 4], *settings(**both))[0][1] == 17
    assert fit([0, 4], *settings(**both))[1][1] == 1 + 2 * (4 + 15**2 - 1) == 457
    mus, sigmas = fit([1, 2, 1, 2, 3, 2], 0, 2, 0.3, 0.15, 100)
    assert (mus[-1], sigmas[-1]) == pytest.approx((1.833, 0.687), abs=5e-4)


def changed(*pairs):
    """The functions of the script, with lines changed."""
    text = SCRIPT.read_text("utf-8")
    for old, new in pairs:
        assert text.count(old) == 1
        text = text.replace(old, new)
    exec(text, names := {"__name__": "changed"})  # noqa: S102, it is ours
    return names


def exchanged(diff):
    """The pairs of lines of a diff."""
    lines = diff.splitlines()
    return zip(*([line[1:] for line in lines if line[0] == sign] for sign in "-+"))


CURE = [(348, {}), (391, {"SIGMA_START": 0.01}), (1114, {"MU_START": -300.0})]
CURE += [(1, {"STEP_MU": 1.0, "STEP_SIGMA": 1.0})]


def test_the_cure_and_the_order_as_code():
    x = page_samples()
    cure, order = (changed(*exchanged(diff)) for diff in blocks("diff"))
    for iteration, edits in CURE:
        lines = cure["verdict"](x, *settings(**edits))
        found = pasted(lines).get("N_ITERATIONS") or int(lines[0].split()[-1][:-1])
        assert found == iteration or not SAME_STREAM
        assert f"{iteration:,}" in README or iteration == 1
    assert order["verdict"](x, *settings()) == ["Converged at iteration 216."]
    run = settings(MU_START=-300.0, STEP_MU=1.0)
    for found, said in ((fit(x, *run), 1.03), (order["fit"](x, *run), 913)):
        assert found[1][1] == pytest.approx(said, abs=0.5 if said > 2 else 5e-3)
    assert pasted(verdict(x, *run)) == {"N_ITERATIONS": 643}


def test_the_questions_and_the_numbers_in_the_proof():
    x, step = page_samples(), "sigma = sigma + step_sigma * gradient_sigma"
    wide = "1e-30 <= sigma <= 1e30", "0 < sigma < 1e300"
    log_step = "sigma *= math.exp(step_sigma * sigma * gradient_sigma)"
    in_log = changed(wide, (step, log_step))["fit"]
    clamped = changed(wide, (step, f"{step}\n        sigma = max(1e-6, sigma)"))["fit"]
    big = settings(STEP_MU=4.0, STEP_SIGMA=2.0, N_ITERATIONS=1)
    assert fit(x, *big)[1][1] == pytest.approx(459, abs=0.5)
    assert math.log10(in_log(x, *big)[1][1]) == pytest.approx(199, abs=0.5)
    negative = settings(MU_START=2.0, SIGMA_START=1.72, STEP_SIGMA=24.0, N_ITERATIONS=4)
    assert fit(x, *negative)[1].size == 3  # iteration 3 is the one that fails
    assert clamped(x, *negative)[1][3:] == pytest.approx([1e-6, 3.5e37], rel=0.02)
    sigmas = fit(x, *settings(SIGMA_START=0.01))[1]
    assert sigmas[1] == pytest.approx(2.5e11, rel=0.01) and sigmas[-1] == sigmas[1]
    for b, values in ((1.257, 2), (1.258, 4), (1.33, 8), (1.34, 1000)):
        last = fit([-1.0, 1.0], 0, 1.1, 0.1, b, 60_000)[1][-2000:]
        assert min(len(set(last.round(6))), 1000) == values
        if values == 2:
            r = math.sqrt(b)
            pair = [math.sqrt(1 + 3 / r) + k * math.sqrt(1 - 1 / r) for k in (-1, 1)]
            ends = [r * each / 2 for each in pair]
            assert [min(last), max(last)] == pytest.approx(ends, rel=1e-4)
    mus, sigmas = fit([-1.0, 1.0], 0.3, 1.0, 2.2, 0.5, 5000)  # mu jumps for ever
    assert sorted(mus[-2:]) == pytest.approx([-math.sqrt(0.1), math.sqrt(0.1)])
    assert sigmas[-1] ** 2 == pytest.approx(1.1)
    mus, sigmas = fit(x, *settings())  # the path of small steps, with k = 0.1
    d, s = np.mean(x) - mus, np.std(x)
    c = (1 - s**2 + d[0] ** 2 / 9) / abs(d[0]) ** 0.2
    path = np.sqrt(s**2 - d**2 / 9 + c * abs(d) ** 0.2)
    assert c == pytest.approx(-0.14, abs=5e-3) and abs(path - sigmas).max() < 0.03
    seeds = (np.random.default_rng(seed).normal(2, 2, 10_000) for seed in range(40))
    found = [int(verdict(x, *settings())[0].split()[-1][:-1]) for x in seeds]
    assert (min(found), max(found)) == (212, 397) or not SAME_STREAM
