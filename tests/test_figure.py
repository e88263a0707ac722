"""What a reader of the figure sees, and that nothing covers it or is cut off."""

import itertools
from statistics import NormalDist
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers import SHIPPED, START
from matplotlib.text import Text

from fit_gaussian import BLUE, ORANGE, draw, draw_density, fit

EDITS = [{}, {"MU_START": -150_000.0}, {"SIGMA_START": 0.01}, {"N_ITERATIONS": 1}]
EDITS += [{"N_SAMPLES": 2}, {"SIGMA_START": 1e-20}, {"MU_START": 2.0, "known": False}]
EDITS += [{"SIGMA_START": 1e-30, "MU_START": 1e30, "STEP_MU": 1e30, "STEP_SIGMA": 1e30}]
for seed in range(3):  # and random ranges and offsets
    rng = np.random.default_rng(seed)
    s, far, share = 10 ** rng.uniform([-3, 0, -2], [3, 2.5, 2])
    mean = rng.choice([-1, 1]) * 10 ** rng.uniform(2, 9)
    EDITS.append({"MU_TRUE": mean, "SIGMA_TRUE": s, "SIGMA_START": s * share})
    EDITS[-1] |= {"MU_START": mean + s * far, "STEP_MU": s**2, "STEP_SIGMA": s**2 / 50}
HEADLINE = "Not converged: the steps are too small, or too near their limits."


def make(known=True, **constants):
    """A run with some constants, and its figure; the truth is not the maximum."""
    c = {**SHIPPED, **constants}
    mu, sigma = c["MU_TRUE"], c["SIGMA_TRUE"]
    x = np.random.default_rng(0).normal(mu, sigma, c["N_SAMPLES"])
    mean, s = np.mean(x), np.std(x)
    mus, sigmas = fit(x, *(c[name] for name in START))
    points = {"true": (mu + sigma / 4, 0.75 * sigma)} if known else {}
    points |= {"start": (mus[0], sigmas[0]), "final": (mus[-1], sigmas[-1])}
    points["maximum likelihood"] = mean, s
    figure = draw(x, mean, s, mus, sigmas, points, HEADLINE)
    figure.draw_without_rendering()  # puts everything in its place
    run = SimpleNamespace(mean=mean, s=s, mus=mus, sigmas=sigmas, points=points)
    run.figure, (run.mu, run.density, run.sigma, run.hill) = figure, figure.axes
    return run


@pytest.fixture(scope="module", params=EDITS, ids=str)
def run(request):
    yield make(**request.param)
    plt.close("all")


def shown(ax):
    return [line for line in ax.lines if line.get_alpha() != 0]


def look(line):
    return [plt.getp(line, key) for key in ("color", "marker", "ms", "fillstyle")]


def test_trajectories_and_the_levels_they_go_to(run):
    known = [label for label in ("true", "maximum likelihood") if label in run.points]
    for ax, path, i in ((run.mu, run.mus, 0), (run.sigma, run.sigmas, 1)):
        *levels, line, start, final = shown(ax)
        np.testing.assert_array_equal(line.get_data(), [np.arange(path.size), path])
        assert (line.get_marker(), line.get_color()) == ("None", BLUE)
        assert start.get_xydata().tolist() == [[0, path[0]]]
        assert final.get_xydata().tolist() == [[path.size - 1, path[-1]]]
        assert start.get_markersize() > final.get_markersize()  # both are seen
        assert (start.get_fillstyle(), final.get_fillstyle()) == ("none", "full")
        assert [line.get_ydata()[0] for line in levels] == [
            run.points[k][i] for k in known
        ]
        colors = [line.get_color() for line in levels if line.get_markevery() == []]
        assert colors == [ORANGE, "black"][-len(known) :]


def test_the_run_and_the_gaussians_on_the_hill_and_in_the_density_panel(run):
    path, *points, curve = shown(run.hill)
    np.testing.assert_array_equal(path.get_data(), [run.mus, run.sigmas])
    assert (path.get_linestyle(), path.get_marker()) == ("-", ".")
    mu, sigma = curve.get_data()
    assert sigma == pytest.approx(np.hypot(run.s, run.mean - mu))
    assert sigma.min() == pytest.approx(run.s)  # its tip
    low, high = run.density.get_xlim()
    assert [low, high] == pytest.approx([run.mean - 4 * run.s, run.mean + 4 * run.s])
    bells = run.density.lines
    assert len(points) == len(bells) == len(run.points)
    for point, bell, (label, (mu, sigma)) in zip(points, bells, run.points.items()):
        assert point.get_xydata().tolist() == [[mu, sigma]]
        assert look(point) == look(bell) and bell.get_label() == label
        x, y = bell.get_data()
        assert y == pytest.approx([NormalDist(mu, sigma).pdf(each) for each in x])
        assert sum((low <= x) & (x <= high)) > 500 and x[0] <= low and high <= x[-1]
        assert x[bell.get_markevery()] == [mu]
    assert len(
        {str([*look(bell), bell.get_ls(), bell.get_lw()]) for bell in bells}
    ) == len(bells)
    bottom, top = np.array(run.density.get_ylim()) * run.s * np.sqrt(2 * np.pi)
    assert -0.3 < bottom < -0.1 and 1.5 < top < 3  # the best bell is 1 high here


def test_axes(run):
    assert run.mu.get_xlim() == run.sigma.get_xlim()
    assert run.sigma.get_ylim() == run.hill.get_ylim()
    mus, sigmas = np.transpose([*run.points.values(), *zip(run.mus, run.sigmas)])
    log = bool(max(sigmas) > 10 * min(sigmas))
    assert run.sigma.get_yscale() == run.hill.get_yscale() == ("linear", "log")[log]
    title = r"standard deviation $\sigma$" + " (log scale)" * log
    assert run.sigma.get_title() == title
    mean, s, scale = run.mean, run.s, np.log if log else np.array
    for (low, high), values in (
        (run.mu.get_xlim(), [0, max(1, run.mus.size - 1)]),
        (run.mu.get_ylim(), [*mus, mean - s / 2, mean + s / 2]),
        (run.hill.get_xlim(), [*mus, mean - 3 * s, mean + 3 * s]),
        (scale(run.hill.get_ylim()), scale([*sigmas, s / 2, 1.5 * s])),
    ):
        size = max(values) - min(values)
        assert low < min(values) and max(values) < high and high - low < 1.2 * size
    low, high = run.mu.get_xlim()
    ticks = [tick for tick in run.sigma.get_xticks() if low <= tick <= high]
    assert len(ticks) >= 2 and all(tick >= 0 and tick % 1 == 0 for tick in ticks)


def test_no_text_is_cut_off_covered_or_small(run):
    texts = set(run.figure.findobj(Text))
    for axis in [axis for ax in run.figure.axes for axis in (ax.xaxis, ax.yaxis)]:
        low, high = axis.get_view_interval()
        for tick in axis.get_major_ticks() + axis.get_minor_ticks():
            if not low <= tick.get_loc() <= high:  # it is not drawn
                texts -= {tick.label1, tick.label2}
    texts = [text for text in texts if text.get_visible() and text.get_text()]
    boxes = {text: text.get_window_extent() for text in texts}
    sheet = run.figure.bbox
    for text, box in boxes.items():
        assert (box.min >= sheet.min).all() and (box.max <= sheet.max).all(), text
        assert text.get_fontsize() / 72 * 880 / run.figure.get_figwidth() >= 15, text
        assert not any(box.overlaps(ax.bbox) for ax in run.figure.axes), text
    for one, other in itertools.combinations(boxes, 2):
        assert not boxes[one].overlaps(boxes[other]), (one, other)
    legend = [text.get_text() for text in run.figure.legends[0].get_texts()]
    assert legend == ["samples", *run.points, "run", r"best $\sigma$ for each $\mu$"]
    words = {HEADLINE, r"$\mu$", r"$\sigma$", "iteration", r"mean $\mu$"}
    words |= {"density of $x$", "log-likelihood: lighter is higher"}
    assert words < {text.get_text() for text in texts}


def test_lighter_is_higher_and_a_shade_means_the_same_depth_in_every_run(monkeypatch):
    calls = []
    record = lambda *args, **options: calls.append((args[1:], options))
    monkeypatch.setattr("matplotlib.axes.Axes.contourf", record)
    for edits in ({}, {"MU_START": -150_000.0, "SIGMA_START": 1e-3}):
        run = make(**edits)
        (mu, sigma, depth, levels), options = calls[-1]
        mu, sigma = np.meshgrid(mu, sigma)
        square = (run.s**2 + (run.mean - mu) ** 2) / sigma**2
        expected = np.log(sigma / run.s) + square / 2 - 0.5
        np.testing.assert_allclose(depth, expected, rtol=1e-9, atol=1e-9)
        to_panel = run.hill.transScale + run.hill.transLimits
        for grid in map(np.unique, to_panel.transform(np.c_[mu.flat, sigma.flat]).T):
            assert grid[[0, -1]] == pytest.approx([0, 1]) and np.diff(grid).max() < 0.02
        brightness = np.array(options["colors"]) @ [0.2126, 0.7152, 0.0722, 0]
        assert brightness[0] > 0.95 and brightness[-1] > 0.7  # all are pale
        assert (np.diff(brightness) < 0).all() and options["extend"] == "both"
        assert len(brightness) == len(levels) + 1 == 9 and levels == calls[0][0][3]
    plt.close("all")


RNG = np.random.default_rng(1)
OUTLIER = [*RNG.normal(0, 1, 999), 1000.0]
# Samples, the gap between their values if they are rounded, and the bars' width in s.
BARS = {
    "ages": (RNG.normal(40, 12, 500).round(), 1, 0.44),
    "dice": (RNG.integers(1, 7, 20_000), 1, None),
    "tenths": ([0.1 + 0.2, *RNG.normal(0, 0.8, 20_000).round(1)], 0.1, None),
    "times": (1.7e9 + RNG.integers(0, 99, 400) / 4, 0.25, 0.475),
    "two": ([1.0, 4.0], 3, None),
    "twenty": (RNG.normal(2, 2, 20), None, 1.29),
    "many": (RNG.normal(2, 2, 8000), None, 0.175),
    "outlier": (OUTLIER, None, 0.35),
}


@pytest.mark.parametrize("x, gap, width", BARS.values(), ids=BARS)
def test_bars_have_scott_s_width_and_no_holes(x, gap, width):
    x = np.asarray(x, float)
    mean, s = np.mean(x), np.std(x)
    _, ax = plt.subplots()
    draw_density(ax, x, mean, s, {"final": (mean, s)})
    corners, heights = ax.patches[0].get_xy().T  # up and down every bar, and back
    plt.close()
    n = corners.size // 4
    edges, heights = corners[: 2 * n + 1 : 2], heights[1 : 2 * n : 2]
    widths = np.diff(edges)
    assert widths == pytest.approx(np.full(n, widths[0]), rel=1e-6)
    assert widths[0] / (s if width else gap) == pytest.approx(width or 1, rel=0.15)
    if gap:  # a whole number of values in each bar, and edges between them
        assert widths[0] / gap == pytest.approx(round(widths[0] / gap))
        between = (edges - x[-1]) / gap - 0.5
        assert between == pytest.approx(np.round(between), abs=1e-3)
    counts = np.diff([np.sum(x < edge) for edge in edges])
    assert heights * widths * x.size == pytest.approx(counts) and sum(counts) == x.size
    assert (heights.max() > 2 * 0.4 / s) == (1000 in x)  # an outlier is a misfit
