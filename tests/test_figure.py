"""What the figure shows: the run, the Gaussians, the samples, all of it readable."""

import itertools
from statistics import NormalDist

import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers import page_loop, settings

# A short run on few samples: the truth, the maximum, start and final all differ.
SHORT = {"MU_START": -4.0, "SIGMA_START": 1.5, "N_ITERATIONS": 30}
DRAWN = {"N_SAMPLES": 40, "MU_TRUE": -1.0, "SIGMA_TRUE": 3.0, "SEED": 5}
X = np.random.default_rng(5).normal(-1.0, 3.0, 40)
MEAN, S = np.mean(X), np.std(X)
MUS, SIGMAS = page_loop(X, *settings(**SHORT))
TRUE, START, FINAL, BEST = (-1.0, 3.0), (-4.0, 1.5), (MUS[-1], SIGMAS[-1]), (MEAN, S)
NAMES = ["true", "start", "final", "maximum likelihood"]
GAUSSIANS = dict(zip(NAMES, [TRUE, START, FINAL, BEST]))
CURVE = r"best $\sigma$ for each $\mu$"


@pytest.fixture
def panels(run):
    return run(**SHORT, **DRAWN).panels


def drawn(ax, x, y):
    """The line or point of a panel at these coordinates; fails if there is none."""
    wanted = pytest.approx(np.column_stack(np.broadcast_arrays(x, y)))
    return next(line for line in ax.lines if line.get_xydata() == wanted)


def legend(panels):
    """The line beside each text of the legend."""
    box = panels["mu"].figure.legends[0]
    return {t.get_text(): h for t, h in zip(box.get_texts(), box.legend_handles)}


def test_every_iteration_of_the_page_s_loop_is_a_dot(panels):
    assert drawn(panels["mu"], range(31), MUS).get_marker() == "."
    assert drawn(panels["sigma"], range(31), SIGMAS).get_marker() == "."
    assert panels["sigma"].get_xlabel() == "iteration"
    assert drawn(panels["hill"], MUS, SIGMAS).get_marker() == "."


@pytest.mark.parametrize("name", NAMES)
def test_the_gaussians_are_marked_as_in_the_legend(panels, name):
    mu, sigma = GAUSSIANS[name]
    # An iteration; or a line from 0 to 1, which are the left and right end (axhline).
    at = {"start": 0, "final": 30}.get(name, [0, 1])
    marks = [drawn(panels["hill"], mu, sigma)]
    marks += [drawn(panels["mu"], at, mu), drawn(panels["sigma"], at, sigma)]
    for mark, look in itertools.product(marks, ["color", "marker", "markersize"]):
        assert plt.getp(mark, look) == plt.getp(legend(panels)[name], look)


@pytest.mark.parametrize("name", NAMES)
def test_the_bells_are_the_gaussians(panels, name):
    bells = {line.get_label(): line for line in panels["density"].lines}
    x, y = bells[name].get_data()
    assert y == pytest.approx([NormalDist(*GAUSSIANS[name]).pdf(each) for each in x])
    assert min(abs(x - GAUSSIANS[name][0])) < 1e-9  # the top, however thin the bell


def test_the_curve_is_the_best_sigma_for_each_mu_down_to_its_tip(panels):
    lines = {line.get_label(): line for line in panels["hill"].lines}
    mu, sigma = lines[CURVE].get_data()
    assert sigma == pytest.approx([np.sqrt(np.mean((X - each) ** 2)) for each in mu])
    assert min(sigma) == pytest.approx(S)


def test_lighter_is_higher(panels):
    hill = panels["hill"]
    hill.figure.canvas.draw()
    picture = np.asarray(hill.figure.canvas.buffer_rgba())
    # (mu - mean, sigma) in units of s, each with a lower log-likelihood than the one
    # before. No line covers them.
    places = [(0.8, 1), (1.8, 1), (1.8, 0.6), (1.8, 0.3), (1.8, 0.1)]
    points = [(MEAN + d * S, w * S) for d, w in places]
    x, y = hill.transData.transform(points).astype(int).T
    rows = len(picture) - 1 - y  # of pixels, from the top
    brightness = picture[rows, x, :3].sum(axis=1).astype(int)
    assert (np.diff(brightness) < 0).all()


def test_start_and_final_have_the_run_s_colour_and_the_others_their_own(panels):
    true, start, final, best, curve = legend(panels).values()
    dots = drawn(panels["mu"], range(31), MUS)
    assert start.get_color() == final.get_color() == dots.get_color()
    colors = {line.get_color() for line in (true, start, best, curve)}
    assert len(colors) == 4 and "white" not in colors


def test_what_coincides_is_seen(panels):
    assert list(legend(panels)) == [*NAMES, CURVE]
    true, start, final, best, _ = legend(panels).values()
    # Later marks leave the ring of earlier ones, later lines the edge of earlier ones,
    # and the last line is dotted. The start's line is thin, but its ring shows.
    assert true.get_markersize() > start.get_markersize() > final.get_markersize()
    assert true.get_fillstyle() == start.get_fillstyle() == "none"
    assert true.get_linewidth() > final.get_linewidth() > start.get_linewidth()
    assert best.get_linestyle() == ":"


AGES = np.random.default_rng(2).normal(40, 12, 500).round()
TIMES = [1.7e9 + 0.25 * i for i in range(9)]
# Samples, their gap, the bars' width. Of [0, 1], the gap is above s: s / 3 is used.
BARS = [([1, 2, 3, 4], 1, 1), (AGES, 1, 4), (TIMES, 0.25, 0.25), ([0, 1], 1 / 6, 1 / 6)]


@pytest.mark.parametrize("x, gap, width", BARS)
def test_bars_begin_half_a_gap_below_the_samples_and_count_them(run, x, gap, width):
    ax = run(DATA=x).panels["density"]
    corners, heights = ax.patches[0].get_xy().T
    n_bars = len(corners) // 4  # along the tops: e0, e0, e1, e1, e2, ...; then back
    edges = corners[: 2 * n_bars + 1 : 2]
    expected = min(x) - gap / 2 + width * np.arange(n_bars + 1)
    assert edges == pytest.approx(expected, rel=1e-12)
    counts = heights[1 : 2 * n_bars : 2] * width * len(x)
    assert counts == pytest.approx(np.histogram(x, edges)[0], abs=1e-6)
    assert sum(counts) == pytest.approx(len(x))
    assert max(heights) < ax.get_ylim()[1]


@pytest.mark.parametrize("far, label", [(8, ""), (300, "samples outside: 2")])
def test_all_samples_are_in_the_panel_or_counted_below_it(run, far, label):
    x = [*np.random.default_rng(0).normal(size=9998), -far, far]
    ax = run(DATA=x).panels["density"]
    low, high = ax.get_xlim()
    assert (low < -far and far < high) == (label == "")
    assert ax.get_xlabel() == label


@pytest.mark.parametrize("sigma_start, scale", [(70.0, "linear"), (90.0, "log")])
def test_sigma_begins_at_0_unless_a_named_log_scale_is_needed(run, sigma_start, scale):
    panels = run(SIGMA_START=sigma_start).panels
    sigma_ax, hill = panels["sigma"], panels["hill"]
    assert sigma_ax.get_yscale() == hill.get_yscale() == scale
    assert (sigma_ax.get_ylim()[0] == 0) == (scale == "linear")
    assert ("log scale" in sigma_ax.get_title()) == (scale == "log")
    assert ("log scale" in hill.get_ylabel()) == (scale == "log")


EDITS = [
    {},
    {**DRAWN, "MU_START": -150_000.0},  # long numbers, log scale
    {"SIGMA_START": 1e-20},  # a run of one point
    {"N_SAMPLES": 2, "N_ITERATIONS": 1},
    {"DATA": TIMES},  # offsets at the axes
    {"DATA": [*AGES, 7000], "MU_START": 1e4},  # a label below the samples
    {"MU_TRUE": -9e5, "SIGMA_TRUE": 0.04, "MU_START": -9e5, "SIGMA_START": 0.1},
]


def overlap(boxes):
    return any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


@pytest.mark.parametrize("constants", EDITS, ids=str)
def test_nothing_is_cut_off_or_covered(run, constants):
    figure = run(**constants).figure
    figure.draw_without_rendering()  # puts everything in its place
    parts = [ax.get_tightbbox() for ax in figure.axes]  # with titles and numbers
    parts += [each.get_window_extent() for each in figure.texts + figure.legends]
    for part in parts:
        assert figure.bbox.containsx(part.x0) and figure.bbox.containsx(part.x1)
        assert figure.bbox.containsy(part.y0) and figure.bbox.containsy(part.y1)
    assert not overlap(parts)
    for ax in figure.axes:
        for numbers in (ax.get_xticklabels(), ax.get_yticklabels()):
            assert not overlap([each.get_window_extent() for each in numbers])
    one_row = 0.06 * figure.bbox.height  # of the legend
    assert figure.legends[0].get_window_extent().height < one_row
