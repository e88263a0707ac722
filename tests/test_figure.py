"""What a reader of the figure sees, and that nothing covers it or is cut off."""

import itertools
from statistics import NormalDist
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers import SHIPPED, START
from matplotlib.text import Text

from fit_gaussian import BLUE, draw, draw_density, fit

EDITS = [{}, {"MU_START": -150_000.0}, {"SIGMA_START": 30.0}, {"SIGMA_TRUE": 4e4}]
EDITS += [{"N_SAMPLES": 2, "N_ITERATIONS": 1}, {"SIGMA_START": 1e-20, "MU_START": 2}]
EDITS += [{"MU_TRUE": -1.25e6, "SIGMA_TRUE": 9, "MU_START": -1.251e6}, {"known": False}]
EDITS += [{"SIGMA_START": 1e-30, "MU_START": 1e30, "STEP_MU": 1e30, "STEP_SIGMA": 1e30}]
for seed in range(3):  # and random ranges and offsets
    rng = np.random.default_rng(seed)
    s, far, share = 10 ** rng.uniform([-3, 0, -2], [3, 2.5, 2])
    mean = rng.choice([-1, 1]) * 10 ** rng.uniform(2, 9)
    EDITS.append({"MU_TRUE": mean, "SIGMA_TRUE": s, "SIGMA_START": s * share})
    EDITS[-1] |= {"MU_START": mean + s * far, "STEP_MU": s**2, "STEP_SIGMA": s**2 / 50}
HEADLINE = "Not converged: the steps are too small, or too near their limits."


@pytest.fixture(scope="module", params=EDITS, ids=str)
def run(request):
    """A run with some constants, and its figure; the truth is not the maximum."""
    c = {**SHIPPED, **request.param}
    mu, sigma = c["MU_TRUE"], c["SIGMA_TRUE"]
    x = np.random.default_rng(0).normal(mu, sigma, c["N_SAMPLES"])
    mean, s = np.mean(x), np.std(x)
    mus, sigmas = fit(x, *(c[name] for name in START))
    points = {"true": (mu + sigma / 4, 0.75 * sigma)} if c.get("known", True) else {}
    points |= {"start": (mus[0], sigmas[0]), "final": (mus[-1], sigmas[-1])}
    points["maximum likelihood"] = mean, s
    figure = draw(x, mean, s, mus, sigmas, points, HEADLINE)
    figure.draw_without_rendering()  # puts everything in its place
    run = SimpleNamespace(mean=mean, s=s, mus=mus, sigmas=sigmas, points=points)
    run.figure, (run.mu, run.density, run.sigma, run.hill) = figure, figure.axes
    yield run
    plt.close("all")


def test_the_run_and_the_gaussians_in_all_panels(run):
    levels = [run.points[k] for k in ("true", "maximum likelihood") if k in run.points]
    panels = (run.mu.lines[:-1], run.mus, 0), (run.sigma.lines, run.sigmas, 1)
    for (*lines, line, start, final), path, i in panels:  # the last of mu is invisible
        assert [line.get_ydata()[0] for line in lines] == [level[i] for level in levels]
        assert all(line.get_markevery() == [] for line in lines)
        np.testing.assert_array_equal(line.get_data(), [np.arange(path.size), path])
        ends = [start.get_xydata().tolist(), final.get_xydata().tolist()]
        assert ends == [[[0, path[0]]], [[path.size - 1, path[-1]]]]
    ghost, path, *points, curve = run.hill.lines  # the first is invisible
    np.testing.assert_array_equal(path.get_data(), [run.mus, run.sigmas])
    assert (path.get_ls(), path.get_marker(), ghost.get_alpha()) == ("-", ".", 0)
    (mu, sigma), color = curve.get_data(), curve.get_color()
    assert sigma == pytest.approx(np.hypot(run.s, run.mean - mu)) and color == "0.3"
    assert run.mean in mu and run.mu.lines[-1].get_alpha() == 0  # the curve's tip
    found = [point.get_xydata().tolist() for point in points]
    assert found == [[[mu, sigma]] for mu, sigma in run.points.values()]
    bells = dict(zip(run.points, run.density.lines))
    for (label, bell), (mu, sigma) in zip(bells.items(), run.points.values()):
        x, y = bell.get_data()
        assert y == pytest.approx([NormalDist(mu, sigma).pdf(each) for each in x])
        assert x[bell.get_markevery()] == [mu] and np.diff(x).min() < 0.01 * run.s
        assert label == bell.get_label()
    best, start, final = [*bells.values()][-1], bells["start"], bells["final"]
    assert start.get_color() == final.get_color() == path.get_color() == BLUE
    # All are seen where they coincide.
    assert best.get_markersize() > start.get_markersize() > final.get_markersize() > 5
    assert (start.get_fillstyle(), final.get_fillstyle()) == ("none", "full")


def test_axes(run):
    mus, sigmas = np.transpose([*run.points.values(), *zip(run.mus, run.sigmas)])
    log = bool(max(sigmas) > 10 * min(sigmas))
    title = r"standard deviation $\sigma$" + " (log scale)" * log
    assert run.sigma.get_yscale() == run.hill.get_yscale() == ("linear", "log")[log]
    assert run.sigma.get_title() == title
    mean, s, scale = run.mean, run.s, np.log if log else np.array
    for (low, high), values in (
        (run.mu.get_xlim(), [0, max(1, run.mus.size - 1)]),
        (run.sigma.get_xlim(), [0, max(1, run.mus.size - 1)]),
        (run.mu.get_ylim(), [*mus, mean - s / 2, mean + s / 2]),
        (run.hill.get_xlim(), [*mus, mean - 3 * s, mean + 3 * s]),
        (scale(run.hill.get_ylim()), scale([*sigmas, s / 2, 1.5 * s])),
        (scale(run.sigma.get_ylim()), scale([*sigmas, s / 2, 1.5 * s])),
        (run.density.get_ylim(), [-0.05 / s, 0.8 / s]),  # the best bell is 0.4 / s high
    ):
        size = max(values) - min(values)
        assert low < min(values) and max(values) < high and high - low < 1.2 * size
    assert run.density.get_xlim() == pytest.approx((mean - 4 * s, mean + 4 * s))
    ticks = np.clip(run.sigma.get_xticks(), *run.mu.get_xlim())[1:-1]
    assert len(ticks) >= 2 and all(tick >= 0 and tick % 1 == 0 for tick in ticks)


def test_no_text_is_cut_off_covered_or_small(run):
    texts = set(run.figure.findobj(Text))
    for axis in [axis for ax in run.figure.axes for axis in (ax.xaxis, ax.yaxis)]:
        low, high = axis.get_view_interval()
        for tick in axis.get_major_ticks() + axis.get_minor_ticks():
            if not low <= tick.get_loc() <= high:  # it is not drawn
                texts -= {tick.label1, tick.label2}
    texts = [text for text in texts if text.get_visible() and text.get_text()]
    boxes, sheet = [text.get_window_extent() for text in texts], run.figure.bbox
    for text, box in zip(texts, boxes):
        assert (box.min >= sheet.min).all() and (box.max <= sheet.max).all(), text
        assert text.get_fontsize() / 72 * 880 / run.figure.get_figwidth() >= 15, text
    boxes += [ax.bbox for ax in run.figure.axes]
    for one, other in itertools.combinations(boxes, 2):
        assert not one.overlaps(other)
    assert run.figure.legends[0].get_window_extent().height < 0.2 * sheet.height
    legend = [text.get_text() for text in run.figure.legends[0].get_texts()]
    assert legend == ["samples", *run.points, "run", r"best $\sigma$ for each $\mu$"]
    words = {HEADLINE, "iteration", r"$\mu$", r"$\sigma$", "density of $x$"}
    words |= {r"mean $\mu$", "log-likelihood: lighter is higher"}
    assert words < {text.get_text() for text in texts}


@pytest.mark.parametrize("sigma_start", [1.0, 1e-3])  # a linear and a log axis
def test_lighter_is_higher_and_a_shade_means_the_same_depth(monkeypatch, sigma_start):
    calls = []
    record = lambda *args, **options: calls.append((*args[1:], *options.values()))
    monkeypatch.setattr("matplotlib.axes.Axes.contourf", record)
    x, mus, sigmas = np.array([-1, 1]), np.array([9, 1]), np.array([sigma_start, 1])
    hill = draw(x, 0.0, 1.0, mus, sigmas, {"final": (1.0, 1.0)}, "").axes[3]
    mu, sigma, depth, levels, colors, extend = calls[0]
    mu, sigma = np.meshgrid(mu, sigma)
    expected = np.log(sigma) + (1 + mu**2) / sigma**2 / 2 - 0.5
    np.testing.assert_allclose(depth, expected, atol=1e-9)
    grid = (hill.transScale + hill.transLimits).transform(np.c_[mu.flat, sigma.flat])
    for part in map(np.unique, grid.T):
        assert part[[0, -1]] == pytest.approx([0, 1]) and np.diff(part).max() < 0.02
    brightness = np.array(colors) @ [0.2126, 0.7152, 0.0722, 0]
    assert brightness[0] > 0.95 and 0.7 < brightness[-1] < 0.85  # pale, but seen
    assert (np.diff(brightness) < 0).all() and len(brightness) == 9
    assert levels == [0.05, 0.2, 0.8, 3, 12, 50, 200, 800] and extend == "both"


RNG = np.random.default_rng(1)
# Samples, the gap between their values if they are rounded, and the bars' width in s.
BARS = {
    "ages": (RNG.normal(40, 12, 500).round(), 1, 0.44),
    "tenths": ([0.1 + 0.2, *RNG.normal(0, 0.8, 20_000).round(1)], 0.1, None),
    "times": (1.7e9 + RNG.integers(0, 99, 400) / 4, 0.25, 0.475),
    "counts": (np.repeat([1, 2, 3], 12_000), 1, None),
    "many": (RNG.normal(2, 2, 8000), None, 0.175),
    "dense": (np.linspace(0, 1, 9999), None, 0.1625),
    "outlier": ([*RNG.normal(0, 1, 999), 1000.0], None, 0.35),
}


@pytest.mark.parametrize("x, gap, width", BARS.values(), ids=BARS)
def test_bars_have_scott_s_width_and_no_holes(x, gap, width):
    x, (_, ax) = np.asarray(x, float), plt.subplots()
    draw_density(ax, x, np.mean(x), np.std(x), {})
    corners, heights = ax.patches[0].get_xy().T  # up and down every bar, and back
    plt.close()
    n = corners.size // 4
    edges, heights = corners[: 2 * n + 1 : 2], heights[1 : 2 * n : 2]
    widths, scott = np.diff(edges), width * np.std(x) if width else gap
    assert widths == pytest.approx(np.full(n, widths[0]), rel=1e-6)
    assert widths[0] == pytest.approx(scott, rel=0.15)
    assert ax.patches[0].get_facecolor() == (0.8, 0.8, 0.8, 1.0)
    if gap:  # a whole number of values in each bar, and edges between them
        between = np.array([*(edges - x[-1] - gap / 2), widths[0]]) / gap
        assert between == pytest.approx(np.round(between), abs=1e-3)
    counts = np.diff([np.sum(x < edge) for edge in edges])
    assert heights * widths * x.size == pytest.approx(counts) and sum(counts) == x.size
