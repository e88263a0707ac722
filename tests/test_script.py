"""The script as its user meets it: README.md, the table, edits, and where it runs."""

import io
import os
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers import SHIPPED, page_loop, page_samples, pasted, settings

import fit_gaussian
from fit_gaussian import fit, verdict

SCRIPT = Path(fit_gaussian.__file__).read_text("utf-8")
README = Path(fit_gaussian.__file__).with_name("README.md").read_text("utf-8")
ROWS = re.findall(r"(?m)^\| `([A-Z].+?)` \| (.+?) \| .+ \|$", README)
BLOCKS = re.findall(r"(?ms)^```(\w+)\n(.*?)^```$", README)
NUMBER = r" *-?\d+\.?\d*(e[+-]\d+)?"
SAME_STREAM = round(np.random.default_rng(0).normal(), 9) == 0.125730221


def assert_same(shown, printed):
    """The same text; and the same numbers, if NumPy still draws those of the README."""
    assert re.sub(NUMBER, " #", shown) == re.sub(NUMBER, " #", printed)
    assert shown == printed or not SAME_STREAM


def test_the_output_is_the_script_s_and_every_message_is_met(run):
    assert_same(dict(BLOCKS)["text"], run()[0])
    said = {*re.findall("`Not converged: (.{5})", str(ROWS))}
    assert said == {"STEP_", "itera", "it ne", "sigma", "the s"}


@pytest.mark.parametrize("edits, shown", ROWS, ids=[row[0] for row in ROWS])
def test_try_it(run, edits, shown):
    pairs = (edit.split(" = ") for edit in edits.split("`<br>`"))
    constants = {name: (float if "." in v else eval)(v) for name, v in pairs}
    printed = run(**constants)[0].splitlines()
    for line in re.findall(r"`([^`]+)`", shown):
        found = [text for text in printed if text.split()[0] == line.split()[0]]
        assert_same(line, found[0])


def changed(diff):
    text, lines = SCRIPT, diff.splitlines()
    for old, new in zip(*([s[1:] for s in lines if s[0] == sign] for sign in "-+")):
        assert text.count(old) == 1
        text = text.replace(old, new)
    exec(text, names := {"__name__": "changed"})  # noqa: S102, it is ours
    return names["fit"], names["verdict"]


def iteration(text):
    return pasted(text).get("N_ITERATIONS") or int(text.split()[-1][:-1])


def test_the_numbers_of_the_readme():
    (_, cure), (old_fit, old_mu) = (changed(d) for k, d in BLOCKS if k == "diff")
    x, one = page_samples(), settings(MU_START=-300.0, STEP_MU=1.0)
    starts = {}, {"SIGMA_START": 0.01}, {"MU_START": -300.0}
    page, tiny, far = (fit(x, *settings(**start)) for start in starts)
    cured = [iteration(cure(x, *settings(**start))) for start in starts]
    cured.append(iteration(cure(x, *settings(STEP_MU=1.0, STEP_SIGMA=1.0))))
    big = settings(STEP_MU=4.0, STEP_SIGMA=2.0, N_ITERATIONS=1)
    negative = settings(MU_START=2.0, SIGMA_START=1.72, STEP_SIGMA=24.0)
    step, wide = "step_sigma * gradient_sigma", "\n-1e-30 <= sigma <= 1e30\n+True"
    in_log, _ = changed(f"-sigma + {step}\n+sigma * math.exp({step} * sigma){wide}")
    clamped, _ = changed(f"-sigma + {step}\n+max(1e-6, sigma + {step}){wide}")
    bounces = [fit([-1.0, 1.0], 0, 1.1, 0.1, b, 40_000)[1] for b in (1.2, 1.258, 1.33)]
    two, four, eight = (sorted(set(each[-1000:].round(6))) for each in bounces)
    plus, minus = (1.2 + 3 * 1.2**0.5) ** 0.5 / 2, (1.2 - 1.2**0.5) ** 0.5 / 2
    own = np.array(fit([1, 2, 1, 2, 3, 2], 0, 2, 0.3, 0.15, 100))
    seeds = [iteration(verdict(page_samples(i), *settings())) for i in range(40)]
    d, s = abs(np.mean(x) - page[0]), np.std(x)
    c = (1 - s**2 + d[0] ** 2 / 9) / d[0] ** 0.2
    for found, said, within, written in (  # half a unit of the last digit
        (np.hypot(s, np.mean(x) - far[0][1]), 272, 0.5, "is at 272"),
        ([far[0][1], far[1][1]], [-270, 740], 0.5, "to -270|from 1 to 740"),
        (fit(x, *settings(STEP_MU=10.0))[0][1], 47, 0.5, "To 47"),
        (np.array(fit([0, 4], *big))[:, 1], [17, 457], 0, "to 17|(229 - 1) = 457"),
        (own[:, -1], [1.833, 0.687], 5e-4, "end at 1.833 and 0.687"),
        (fit(x, *big)[1][1], 459, 0.5, "to 459 in our loop"),
        (len(fit(x, *negative)[1]), 3, 0, "iteration 3 makes"),
        (np.log10(in_log(x, *big)[1][1]), 199, 0.5, "to $10^{199}$"),
        (clamped(x, *negative)[0][4], 1.2e9, 5e7, r"$1.2 \cdot 10^9$"),
        (clamped(x, *negative)[1][4], 3.5e37, 5e35, r"$3.5 \cdot 10^{37}$"),
        (two, [plus - minus, plus + minus], 1e-6, r"\pm \sqrt{1 - 1/\sqrt{b}}]/2$"),
        ([len(four), len(eight)], [4, 8], 0, "For larger $b$ it takes 4, 8, 16"),
        (tiny[0][1], 5010, 0.5, "to 5,010"),
        (tiny[1][1], 2.5e11, 5e9, r"$2.5 \cdot 10^{11}$"),
        (tiny[1][-1], tiny[1][1], 0, "never moves again"),
        (c, -0.14, 0.005, "$C = -0.14$"),
        (np.sqrt(s**2 - d**2 / 9 + c * d**0.2), page[1], 0.03, r"C|\delta|^{2k}$"),
        ([min(seeds), max(seeds)], [212, 397], 0, "takes 212 to 397 iterations"),
        (cured, [348, 391, 1114, 1], 0, "iteration 348|takes 391|takes 1,114"),
        (iteration(old_mu(x, *settings())), 216, 0, "iteration 216 instead of 314"),
        (fit(x, *one)[1][1], 1.03, 0.005, "from 1 to 1.03"),
        (old_fit(x, *one)[1][1], 913, 0.5, "leaps to 913"),
        (iteration(verdict(x, *one)), 643, 0, "arrive at iteration 643"),
    ):
        assert all(part in README for part in written.split("|"))
        assert not SAME_STREAM or found == pytest.approx(said, rel=0, abs=within)


@pytest.mark.parametrize("constants", [{}, {"DATA": page_samples()}], ids=len)
def test_the_table(run, constants):
    out, line = run(**constants)
    assert line is None and out.isascii()
    x = page_samples()
    mus, sigmas = page_loop(x, *settings())
    rows = {} if constants else {"true": (2, 2)}
    rows.update(start=(-3, 1), final=(mus[-1], sigmas[-1]))
    rows["maximum likelihood"] = np.mean(x), np.std(x)
    expected = [["", "10,000 samples", "mu", "sigma", "log-likelihood"]]
    for label, (mu, sigma) in rows.items():
        squares, area = ((x - mu) / sigma) ** 2, sigma * np.sqrt(2 * np.pi)
        height = f"{np.mean(-squares / 2 - np.log(area)):.7g}"
        expected.append([label, f"{mu:.3f}", f"{sigma:.3f}", height])
    expected += [["standard error", "0.020", "0.014"], [verdict(x, *settings())]]
    expected += [["Figure: example2_nf.png"]]
    assert [re.split("  +", line) for line in out.splitlines()] == expected


# Two digits of the standard error of sigma; and numbers too long for that.
TIMES = {"DATA": [1.7e9 + 0.25 * i for i in range(9)], "MU_START": 1.7e9}
WIDE = [({"DATA": range(20)}, "0.91"), ({"SIGMA_TRUE": 2000.0}, "14")]
WIDE += [({**TIMES, "SIGMA_START": 3.0}, "0.15"), ({"SIGMA_START": 1e-3}, r"0.014\d+")]
WIDE += [({"SIGMA_TRUE": 1e-6, "MU_TRUE": 0, "SIGMA_START": 0.01}, r"7.\d{9,}e-09")]
WIDE += [({"DATA": [-1.23456789e14 + 1e4 * i for i in range(5)]}, r"4472.\d+")]


@pytest.mark.parametrize("constants, error", WIDE, ids=str)
def test_columns_line_up_with_two_digits_of_the_standard_error(run, constants, error):
    rows, _, errors = run(**constants)[0].partition("\nstandard error")
    assert {len(row) for row in rows.splitlines()} == {78}
    assert {len(row[18:].split()) for row in rows.splitlines()} == {3}  # none touch
    assert re.match(rf" .* {error}\n", errors)


LARGE, SMALL = "a number from -1e+15 to 1e+15", "a number from 1e-30 to 1e+30"
RANGES = [
    ("N_SAMPLES", "a whole number from 2 to 1e+08", [1, 10**8 + 1, 1e4, "a"]),
    ("MU_TRUE", LARGE, [-1.1e15, 1.1e15, np.inf, 1j]),
    ("SIGMA_TRUE", "a number from 1e-09 to 1e+15", [0, -2, 9e-10, 1.1e15, "2"]),
    ("SEED", "a whole number from 0 to inf", [-1, 0.0, ""]),
    ("MU_START", "a number from -1e+30 to 1e+30", [-1.1e30, 1.1e30, np.nan, None]),
    ("SIGMA_START", SMALL, [0, -1.0, 9e-31, 1.1e30, np.nan, [1]]),
    ("STEP_MU", SMALL, [0, -0.1, 9e-31, 1.1e30, np.nan]),
    ("STEP_SIGMA", SMALL, [0, -0.1, 9e-31, 1.1e30, np.nan]),
    ("N_ITERATIONS", "a whole number from 1 to 1e+06", [0, 10**6 + 1, 2.5, None]),
]
WRONG = [(name, wanted, bad) for name, wanted, values in RANGES for bad in values]


@pytest.mark.parametrize("name, wanted, value", WRONG)
def test_a_wrong_constant_is_named_and_what_it_must_be(run, name, wanted, value):
    assert run(**{name: value}) == ("", f"{name} must be {wanted}, not {value!r}")


UNITS = "In suitable units, "
SPREAD = UNITS + "the standard deviation of DATA or SIGMA_TRUE must be a number from "
NO_FIT = [(x, "numbers: ") for x in (["70", "x"], "marks.csv", [1, [2]], [1, 10**400])]
SHAPES = [(7, "()"), ([], "(0,)"), ([1.0], "(1,)"), ([[1, 2], [3, 4]], "(2, 2)")]
NO_FIT += [(x, f"2 or more numbers, not of shape {s}") for x, s in SHAPES]
NO_FIT = [(x, f"DATA must be {wanted}") for x, wanted in NO_FIT]
PLACES = [([1, 2, None], 2), ([1, np.nan], 1), ([-np.inf, 1], 0), ([1, -2e15], 1)]
NO_FIT += [(x, f"{UNITS}DATA[{i}] must be {LARGE}, not ") for x, i in PLACES]
NO_FIT += [([5, 5], SPREAD + "1.05e-09"), ([0.1] * 10, SPREAD), ([0, 1e-10], SPREAD)]
NO_FIT += [([1e9, 1e9 + 0.019], SPREAD + "0.01 to 1e+15, not 0.0095")]
FITS = [[1e9, 1e9 + 0.021], [-9e14, 9e14], ["1", "2"], np.array([3, 5], "int8")]
FITS += [[2e7 + 3000 * i for i in range(9)], (0, 3e-9), [True, 0], None]


@pytest.mark.parametrize("data, message", [*NO_FIT, *((x, None) for x in FITS)])
def test_samples_are_named_or_fitted_after_a_paste_at_most(run, data, message):
    out, line = run(DATA=data, SEED=None)
    if message is None:
        assert line is None
        assert "\nConverged at iteration " in run(DATA=data, **pasted(out))[0]
    else:
        assert out == "" and line.startswith(message) and "\n" not in line


@pytest.mark.parametrize("figure", ["f.xyz", "none/f.png", None])
def test_a_figure_that_cannot_be_saved_costs_no_numbers(run, tmp_path, figure):
    out, line = run(FIGURE=figure)
    assert re.search(r"\nConverged at iteration \d+\.\n$", out) and "\n" not in line
    assert line.startswith(f"FIGURE = {figure!r} cannot be saved: ")
    assert run(FIGURE="f")[0].endswith("\nFigure: f.png\n")
    assert os.listdir(tmp_path) == ["f.png"]
    assert len(plt.imread(tmp_path / "f.png")) == 220  # pixels of an inch


def test_in_a_cell_and_from_elsewhere_it_saves_and_shows(monkeypatch, tmp_path):
    text, shown, raw = SCRIPT, [], io.BytesIO()
    for name, value in {**SHIPPED, "STEP_MU": 9.0}.items():
        text = re.sub(rf"(?m)^{name} = .*?  #", f"{name} = {value!r}  #", text)

    def show(*args, **options):
        lines = raw.getvalue().decode().splitlines()  # if they are flushed
        assert plt.gcf()._suptitle.get_text() == lines[-8]  # without what follows it
        shown.append((args, options, plt.get_fignums(), lines[-1]))
        plt.close("all")

    monkeypatch.setattr(plt, "show", show)
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw))
    monkeypatch.chdir(tmp_path)
    exec(text, {"__name__": "imported"})  # noqa: S102, it is ours
    assert os.listdir() == [] == shown
    os.mkdir("beside")
    for file in ({}, {"__file__": "beside/script.py"}):  # a cell has none
        exec(text, {"__name__": "__main__", **file})  # noqa: S102
    assert sorted(os.listdir()) == ["beside", "example2_nf.png"]
    assert os.listdir("beside") == ["example2_nf.png"]
    assert shown == [((), {}, [1], "Figure: example2_nf.png")] * 2
