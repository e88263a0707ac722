"""README.md says what the script does: its output, table, code and numbers."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
from helpers import page_samples, pasted, settings

import fit_gaussian
from fit_gaussian import fit, verdict

SCRIPT = Path(fit_gaussian.__file__)
README = SCRIPT.with_name("README.md").read_text("utf-8")
ROWS = re.findall(r"^\| `([A-Z].+?)` \| (.+?) \| (.+) \|$", README, re.MULTILINE)
NUMBER = r" *-?\d+\.?\d*(e[+-]\d+)?"
SAME_STREAM = np.random.default_rng(0).normal() == pytest.approx(0.125730221, abs=1e-9)


def blocks(language):
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", README)


def assert_same(shown, printed):
    """The same text; and the same numbers, if NumPy still draws those of the README."""
    assert re.sub(NUMBER, " #", shown) == re.sub(NUMBER, " #", printed)
    assert shown == printed or not SAME_STREAM


def test_the_output_is_the_script_s(run):
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


def test_every_message_is_met():
    messages = {row.split(": ")[-1][:9] for row in re.findall("`(Not .*?)`", str(ROWS))}
    assert messages == set(
        ["STEP_MU m", "STEP_SIGM", "iteration", "it needs ", "sigma is ", "the steps"]
    )
    assert len(ROWS) == 12 and sum("<details>" in row[1] for row in ROWS) == 5


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
        text = cure["verdict"](x, *settings(**edits))
        found = pasted(text).get("N_ITERATIONS") or int(text.split()[-1][:-1])
        assert found == iteration or not SAME_STREAM
        assert f"{iteration:,}" in README or iteration == 1
    assert order["verdict"](x, *settings()) == "Converged at iteration 216."
    run = settings(MU_START=-300.0, STEP_MU=1.0)
    for found, said in ((fit(x, *run), 1.03), (order["fit"](x, *run), 913)):
        assert found[1][1] == pytest.approx(said, abs=0.5 if said > 2 else 5e-3)
    assert pasted(verdict(x, *run)) == {"N_ITERATIONS": 643}


def last(b, mu=0.0, a=0.1):
    """The last values of mu and sigma, with mean 0 and s 1, rounded."""
    mus, sigmas = fit([-1.0, 1.0], mu, 1.1, a, b, 40_000)
    return [sorted(set(values[-1000:].round(6))) for values in (mus, sigmas)]


def test_the_numbers_in_the_reasons_and_the_proof():
    """Each is found by a run, and is what README says, and how it writes it."""
    x, step = page_samples(), "sigma = sigma + step_sigma * gradient_sigma"
    mean, s = np.mean(x), np.std(x)
    wide = "1e-30 <= sigma <= 1e30", "0 < sigma < 1e300"
    log_step = "sigma *= math.exp(step_sigma * sigma * gradient_sigma)"
    in_log = changed(wide, (step, log_step))["fit"]
    clamped = changed(wide, (step, f"{step}\n        sigma = max(1e-6, sigma)"))["fit"]
    big = settings(STEP_MU=4.0, STEP_SIGMA=2.0, N_ITERATIONS=1)
    negative = settings(MU_START=2.0, SIGMA_START=1.72, STEP_SIGMA=24.0, N_ITERATIONS=4)
    far, tiny = fit(x, *settings(MU_START=-300.0)), fit(x, *settings(SIGMA_START=0.01))
    own, page = fit([1, 2, 1, 2, 3, 2], 0, 2, 0.3, 0.15, 100), fit(x, *settings())
    seeds = [np.random.default_rng(seed).normal(2, 2, 10_000) for seed in range(40)]
    seeds = [int(verdict(each, *settings()).split()[-1][:-1]) for each in seeds]
    c = (1 - s**2 + (mean + 3) ** 2 / 9) / (mean + 3) ** 0.2
    path = np.sqrt(s**2 - (mean - page[0]) ** 2 / 9 + c * abs(mean - page[0]) ** 0.2)
    ends = [
        math.sqrt(1 + 3 / 1.2**0.5) + k * math.sqrt(1 - 1 / 1.2**0.5) for k in (-1, 1)
    ]
    for found, said, written in (
        (np.hypot(s, mean - far[0][1]), 272, "is at 272"),
        (far[1][1], 740, "from 1 to 740"),
        (fit(x, *settings(STEP_MU=10.0))[0][1], 47, "To 47"),
        (fit([0, 4], *big)[0][1], 17, "from -3 to 17"),  # mean 2 and s 2
        (fit([0, 4], *big)[1][1], 457, "(229 - 1) = 457"),
        ([own[0][-1], own[1][-1]], [1.833, 0.687], "end at 1.833 and 0.687"),
        (fit(x, *big)[1][1], 459, "to 459 in our loop"),
        (np.log10(in_log(x, *big)[1][1]), 199, "to $10^{199}$"),
        (len(fit(x, *negative)[1]), 3, "iteration 3 makes"),
        (clamped(x, *negative)[1][4], 3.5e37, r"$3.5 \cdot 10^{37}$"),
        (tiny[0][1], 5010, "to 5,010"),
        (tiny[1][[1, -1]], [2.508e11] * 2, r"$2.5 \cdot 10^{11}$"),
        ([min(seeds), max(seeds)], [212, 397], "takes 212 to 397 iterations"),
        (c, -0.14, "$C = -0.14$"),
        (path, page[1], r"\sigma^2 = s^2 - \delta^2 k/(1 - k) + C|\delta|^{2k}"),
        (last(1.2)[1], np.sqrt(1.2) * np.array(ends) / 2, r"s\sqrt{b} [\sqrt{1 + 3/"),
        (len(last(1.257)[1]), 2, "2} = 1.257"),
        ([len(last(b)[1]) for b in (1.258, 1.33)], [4, 8], "4, 8, 16"),
        (min(100, len(last(1.34)[1])), 100, "from about 1.337 on"),
        (last(0.5, 0.3, 2.2)[0], [-(0.1**0.5), 0.1**0.5], r"\sqrt{\gamma_\mu/2 - s^2}"),
        (last(0.5, 0.3, 2.2)[1], [1.1**0.5], r"$\sigma^2 = \gamma_\mu/2$"),
    ):
        assert written in README
        assert found == pytest.approx(said, rel=0.02) or not SAME_STREAM, written
