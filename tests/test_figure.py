"""What a reader of the figure sees, and that nothing covers it or is cut off."""

import itertools
from statistics import NormalDist

import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers import SHIPPED, START, settings
from matplotlib.text import Text

from fit_gaussian import BLUE, ORANGE, draw, draw_density, fit

EDITS = [{}, {"MU_START": -150_000.0}, {"SIGMA_START": 0.01}, {"N_ITERATIONS": 1}]
EDITS += [{"N_SAMPLES": 2}, {"SIGMA_START": 1e-20}, {"MU_START": 2.0, "known": False}]
EDITS += [{"MU_TRUE": -1.25e6, "SIGMA_TRUE": 57, "MU_START": -1.251e6}]
EDITS += [{"SIGMA_START": 1e-30, "MU_START": 1e30, "STEP_MU": 1e30, "STEP_SIGMA": 1e30}]
for seed in range(3):  # and random ranges and offsets
    rng = np.random.default_rng(seed)
    s, far, share = 10 ** rng.uniform([-3, 0, -2], [3, 2.5, 2])
    mean = rng.choice([-1, 1]) * 10 ** rng.uniform(2, 9)
    EDITS.append({"MU_TRUE": mean, "SIGMA_TRUE": s, "SIGMA_START": s * share})
    EDITS[-1] |= {"MU_START": mean + s * far, "STEP_MU": s**2, "STEP_SIGMA": s**2 / 50}
HEADLINE = "Not converged: the steps are too small, or too near their limits."


class Run:
    """A run with some constants, and its figure; the truth is not the maximum."""

    def __init__(self, known=True, **constants):
        c = {**SHIPPED, **constants}
        mu, sigma = c["MU_TRUE"], c["SIGMA_TRUE"]
        x = np.random.default_rng(0).normal(mu, sigma, c["N_SAMPLES"])
        self.mean, self.s = np.mean(x), np.std(x)
        self.mus, self.sigmas = fit(x, *settings(**{key: c[key] for key in START}))
        self.points = {"true": (mu + sigma / 4, 0.75 * sigma)} if known else {}
        self.points["start"] = self.mus[0], self.sigmas[0]
        self.points["final"] = self.mus[-1], self.sigmas[-1]
        self.points["maximum likelihood"] = self.mean, self.s
        run = x, self.mean, self.s, self.mus, self.sigmas, self.points
        self.figure = draw(*run, HEADLINE)
        self.mu, self.density, self.sigma, self.hill = self.figure.axes


@pytest.fixture(scope="module", params=EDITS, ids=str)
def run(request):
    run = Run(**request.param)
    run.figure.draw_without_rendering()  # puts everything in its place
    yield run
    plt.close("all")


def shown(ax):
    return [line for line in ax.lines if line.get_alpha() != 0]


def look(line):
    return [plt.getp(line, key) for key in ("color", "marker", "ms", "fillstyle")]


def test_trajectories_and_the_levels_they_go_to(run):
    for ax, path, i in ((run.mu, run.mus, 0), (run.sigma, run.sigmas, 1)):
        *levels, line, start, final = shown(ax)
        np.testing.assert_array_equal(line.get_data(), [np.arange(path.size), path])
        assert (line.get_marker(), line.get_color()) == ("None", BLUE)
        assert start.get_xydata().tolist() == [[0, path[0]]]
        assert final.get_xydata().tolist() == [[path.size - 1, path[-1]]]
        values = [
            run.points[k][i] for k in ("true", "maximum likelihood") if k in run.points
        ]
        assert [level.get_ydata()[0] for level in levels] == values
        looks = [(level.get_color(), level.get_marker()) for level in levels]
        assert looks == [(ORANGE, ""), ("black", "")][-len(levels) :]
        assert start.get_markersize() > final.get_markersize()  # both are seen
        assert (start.get_fillstyle(), final.get_fillstyle()) == ("none", "full")


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
        (x, y), pdf, (top,) = (
            bell.get_data(),
            NormalDist(mu, sigma).pdf,
            bell.get_markevery(),
        )
        assert point.get_xydata().tolist() == [[mu, sigma]] and look(point) == look(
            bell
        )
        assert (
            y == pytest.approx([*map(pdf, x)], rel=1e-6) and bell.get_label() == label
        )
        assert (
            np.sum((x >= low) & (x <= high)) > 500 and min(x) <= low and max(x) >= high
        )
        assert (x[top], y[top]) == pytest.approx((mu, pdf(mu)))
    looks = [str([*look(bell), bell.get_ls(), bell.get_lw()]) for bell in bells]
    assert len(set(looks)) == len(looks)
    bottom, top = np.array(run.density.get_ylim()) * run.s * np.sqrt(2 * np.pi)
    assert -0.3 < bottom < -0.1 and 1.5 < top < 3  # the best bell is 1 high here


def test_axes(run):
    assert run.mu.get_xlim() == run.sigma.get_xlim()
    assert run.sigma.get_ylim() == run.hill.get_ylim()
    mus, sigmas = np.transpose([*run.points.values(), *zip(run.mus, run.sigmas)])
    log = max(sigmas) > 10 * min(sigmas)
    assert (
        run.sigma.get_yscale() == run.hill.get_yscale() == ("log" if log else "linear")
    )
    assert ("log scale" in run.sigma.get_title()) == log
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
    words = {
        HEADLINE,
        r"$\mu$",
        r"$\sigma$",
        "iteration",
        r"mean $\mu$",
        "density of $x$",
    }
    words |= {"log-likelihood: lighter is higher", run.sigma.get_title()}
    assert words < {text.get_text() for text in texts}
    assert run.sigma.get_title().startswith(r"standard deviation $\sigma$")


def test_lighter_is_higher_and_a_shade_means_the_same_depth_in_every_run(monkeypatch):
    calls = []
    record = lambda *args, **options: calls.append((args[1:], options))
    monkeypatch.setattr("matplotlib.axes.Axes.contourf", record)
    for edits in ({}, {"MU_START": -150_000.0, "SIGMA_START": 1e-3}):
        run = Run(**edits)
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


def bars(x):
    """Edges and heights of the histogram's bars, and mean and s of the samples."""
    mean, s = np.mean(x), np.std(x)
    _, ax = plt.subplots()
    draw_density(ax, np.asarray(x, float), mean, s, {"final": (mean, s)})
    x, y = ax.patches[0].get_xy().T  # up and down every bar, and back
    plt.close()
    n = x.size // 4
    return x[: 2 * n + 1 : 2], y[1 : 2 * n : 2], mean, s


RNG = np.random.default_rng(1)
ROUNDED = {"ages": (RNG.normal(40, 12, 500).round(), 1)}
ROUNDED["dice"] = RNG.integers(1, 7, 20_000), 1
ROUNDED["tenths"] = np.array([0.1 + 0.2, *RNG.normal(0, 0.8, 20_000).round(1)]), 0.1
ROUNDED["times"] = 1.7e9 + RNG.integers(0, 99, 400) / 4, 0.25


@pytest.mark.parametrize("x, gap", ROUNDED.values(), ids=ROUNDED)
def test_rounded_samples_have_no_holes(x, gap):
    edges, heights, _, s = bars(x)
    width = np.diff(edges) / gap  # a whole number of values, and edges between them
    assert width == pytest.approx(np.full(width.size, round(width[0])), rel=1e-6)
    offset = (edges - np.round(x[0] / gap) * gap) / gap - 0.5
    assert offset == pytest.approx(np.round(offset), abs=1e-3)
    assert width[0] * gap < max(1.1 * gap, 1.5 * 3.49 * s / x.size ** (1 / 3))
    counts = np.diff([np.sum(x < edge) for edge in edges])
    assert heights * np.diff(edges) * sum(counts) == pytest.approx(counts)  # area 1


OUTLIER = [*np.random.default_rng(0).normal(0, 1, 999), 1000.0]
SAMPLES = [(np.random.default_rng(0).normal(2, 2, 20), 1.29), (OUTLIER, 0.35)]
SAMPLES += [(np.random.default_rng(0).normal(2, 2, 8000), 0.175), ([1.0, 4.0], 3)]
SAMPLES += [([0.0] * 999 + [1000.0], 1), (np.linspace(0, 1, 9999), 0.1625)]


@pytest.mark.parametrize("x, width", SAMPLES, ids=lambda each: str(each)[:9])
def test_other_samples_have_bars_of_scott_s_width_across_the_panel(x, width):
    edges, heights, mean, s = bars(x)
    assert np.diff(edges) / s == pytest.approx(width, rel=0.15)
    assert edges[0] <= mean - 4 * s and mean + 4 * s <= edges[-1]
    assert (heights.max() > 2 * 0.4 / s) == (max(x) == 1000)  # seen as a misfit
