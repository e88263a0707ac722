"""What a reader of the figure sees, and that nothing covers it or is cut off."""

import itertools
import re
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import PAGE_FIT

from fit_gaussian import draw, fit, log_likelihood, maximum_likelihood

COMMITTED = Path(__file__).parents[1] / "example2_nf.png"
BLUE, ORANGE, BLACK = "#0072b2", "#d55e00", "black"
EDITS = """page; step_mu=10; step_sigma=6; step_sigma=2, n_iterations=3000
step_sigma=24, sigma=1.72, mu=2; step_sigma=6, sigma=3, mu=2; mu=-98; mu=-150_000
mu=9990, m=1e4; m=1e6; sd=0.001; sd=1000; sigma=10; sigma=0.5; sigma=0.01; sigma=0.001
sigma=1e-6; n=2; n=20; n=1_000_000; n_iterations=1; n_iterations=100_000"""
EDITS = re.split("; |\n", EDITS)  # of the page; n, m and sd are of the samples


@pytest.fixture(scope="module", params=EDITS)
def drawn(request):
    """The maximum, the trajectories, the truth and the figure."""
    edits = {} if request.param == "page" else eval(f"dict({request.param})")
    settings = {**PAGE_FIT, "n": 10_000, "m": 2.0, "sd": 2.0, **edits}
    n, m, sd = (settings.pop(name) for name in ("n", "m", "sd"))
    x = np.random.default_rng(0).normal(m, sd, n)
    truth = m + 0.25 * sd, 0.75 * sd  # not that of the samples, to tell them apart
    path = fit(x, **settings)
    fig = draw(x, maximum_likelihood(x), *path, truth)
    fig.canvas.draw()  # puts everything in its place
    yield (np.mean(x), np.std(x)), np.array(path), truth, fig
    plt.close(fig)


def lines(ax, color):
    """Return the lines of a color, from the thinnest to the widest."""
    same = matplotlib.colors.same_color
    found = [line for line in ax.lines if same(line.get_color(), color)]
    return sorted(found, key=lambda line: line.get_lw())


def test_trajectories_and_their_lines(drawn):
    best, path, truth, fig = drawn
    mu_ax, _, sigma_ax, hill = fig.axes
    np.testing.assert_array_equal(lines(hill, BLUE)[0].get_xydata(), path.T)
    last = path.shape[1] - 1
    for ax, i, title in ((mu_ax, 0, r"mean $\mu"), (sigma_ax, 1, r"deviation $\sigma")):
        assert title in ax.get_title()
        trajectory, start, final = (line.get_xydata() for line in lines(ax, BLUE))
        np.testing.assert_array_equal(trajectory[:, 0], np.arange(last + 1))
        np.testing.assert_array_equal(trajectory[:, 1], path[i])
        assert [tuple(end) for end in (*start, *final)] == [
            (0, path[i, 0]),
            (last, path[i, -1]),
        ]
        for color, style, value in ((ORANGE, "--", truth[i]), (BLACK, ":", best[i])):
            (line,) = lines(ax, color)
            assert line.get_linestyle() == style
            assert list(line.get_xdata()) == [0, last]
            assert list(line.get_ydata()) == pytest.approx([value] * 2, rel=1e-12)


def test_points_on_the_hill_and_the_bells_above_them(drawn):
    best, path, truth, fig = drawn
    _, bells, _, hill = fig.axes
    top, (left, right, low, high) = bells.get_ylim()[1], hill.axis()
    points = [*lines(hill, BLUE)[1:], *lines(hill, ORANGE), *lines(hill, BLACK)]
    curves = [*lines(bells, BLUE), *lines(bells, ORANGE), *lines(bells, BLACK)]
    values = [path[:, 0], path[:, -1], truth, best]
    labels = ["start", "final", r"true $\mu, \sigma$", "maximum"]
    for point, curve, (mu, sigma), label in zip(points, curves, values, labels):
        assert point.get_xydata()[0] == pytest.approx((mu, sigma), rel=1e-12)
        assert left < mu < right and low < sigma < high
        assert curve.get_label().startswith(label)
        assert curve.get_marker() == point.get_marker()
        x, density = curve.get_data()
        (peak,) = curve.get_markevery()
        assert x[peak] == pytest.approx(mu, abs=0.002 * (right - left))
        assert density[peak] == density.max() <= top
        height = 1 / (sigma * np.sqrt(2 * np.pi))
        if height < top:
            assert density[peak] == pytest.approx(height, rel=1e-6)
            if left < mu - 4 * sigma and mu + 4 * sigma < right:
                near = abs(x - mu) < 4.001 * sigma
                x, density = x[near], density[near]
                area = np.sum(np.diff(x) * (density[1:] + density[:-1]) / 2)
                assert area == pytest.approx(1, abs=0.01)
        else:
            assert density[peak] >= top  # cut off, and seen to be


def test_histogram_of_the_samples(drawn):
    (mean, s), *_, fig = drawn
    (patch,) = fig.axes[1].patches
    x, y = patch.get_xy().T
    cross = x * np.roll(y, -1) - np.roll(x, -1) * y
    assert abs(cross.sum()) / 2 == pytest.approx(1)
    middle = np.sum((x + np.roll(x, -1)) * cross) / (3 * cross.sum())
    assert middle == pytest.approx(mean, abs=0.1 * s)
    assert fig.axes[1].get_ylim()[0] == 0 < y.max() < fig.axes[1].get_ylim()[1]


def test_lighter_is_higher_and_the_maximum_is_on_top(drawn):
    best, *_, fig = drawn
    bands = []
    for hill in fig.axes[3].collections:  # before Matplotlib 3.8, one for every band
        pairs = zip(hill.get_paths(), hill.get_facecolor())
        bands += [(band, color) for band, color in pairs if len(band)]
    assert bands[0][0].contains_point(best)
    lightness = [color[:3].sum() for _, color in bands]
    heights = [log_likelihood(*band.vertices.T, *best).min() for band, _ in bands]
    assert len(bands) > 5 and lightness[0] == 3
    assert (np.diff(lightness) < 0).all() and (np.diff(heights) < 0).all()


def test_axes(drawn):
    (_, s), path, truth, fig = drawn
    mu_ax, bells, sigma_ax, hill = fig.axes
    assert mu_ax.get_xlim() == sigma_ax.get_xlim()
    assert bells.get_xlim() == hill.get_xlim() == mu_ax.get_ylim()
    assert sigma_ax.get_ylim() == hill.get_ylim()
    shown = [*path[1], truth[1], s / 2, 1.5 * s]
    scale = "log" if max(shown) > 20 * min(shown) else "linear"
    assert sigma_ax.get_yscale() == hill.get_yscale() == scale


def texts(fig):
    """Return all texts that a reader sees: of ticks, only those in the view."""
    hidden = set()
    for axis in [axis for ax in fig.axes for axis in (ax.xaxis, ax.yaxis)]:
        low, high = axis.get_view_interval()
        for tick in axis.get_major_ticks() + axis.get_minor_ticks():
            if not low <= tick.get_loc() <= high:
                hidden |= {tick.label1, tick.label2}
    found = [t for t in fig.findobj(matplotlib.text.Text) if t not in hidden]
    return [t for t in found if t.get_visible() and t.get_text()]


def test_nothing_is_cut_off_or_covered(drawn):
    *_, fig = drawn
    boxes = {text: text.get_window_extent() for text in texts(fig)}
    assert len(boxes) > 20
    for text, box in boxes.items():
        assert (box.min >= fig.bbox.min).all() and (box.max <= fig.bbox.max).all(), text
        assert text.get_fontsize() / 72 * 880 / fig.get_figwidth() >= 15, text
        assert not any(box.overlaps(ax.bbox) for ax in fig.axes), text
    for one, other in itertools.combinations(boxes, 2):
        assert not boxes[one].overlaps(boxes[other]), (one, other)
    (legend,) = fig.legends
    assert legend.get_window_extent().y0 > max(ax.bbox.y1 for ax in fig.axes)


def test_without_the_truth(page_samples):
    ml, path = maximum_likelihood(page_samples), fit(page_samples, **PAGE_FIT)
    for truth, n in ((None, 0), ((2.0, 2.0), 1)):
        fig = draw(page_samples, ml, *path, truth)
        assert [len(lines(ax, ORANGE)) for ax in fig.axes] == [n] * 4
        assert len(fig.legends[0].get_texts()) == 4 + n
        plt.close(fig)


def test_the_picture_is_the_same_whatever_a_matplotlibrc_says(run_main, tmp_path):
    pictures = []
    for rc in ({}, {}, {"font.size": 14, "axes.grid": True}):
        with matplotlib.rc_context(rc):
            run_main(picture=True)
        pictures.append((tmp_path / "f.png").read_bytes())
    assert pictures[0] == pictures[1] == pictures[2]

    # The committed picture is what the script draws, too.
    now, committed = plt.imread(tmp_path / "f.png"), plt.imread(COMMITTED)
    assert COMMITTED.stat().st_size < 200_000
    assert now.shape == committed.shape
    assert now.shape[1] >= 1600  # twice the width of a README
    if f"version{matplotlib.__version__}," not in str(COMMITTED.read_bytes()[:200]):
        pytest.skip("drawn by another Matplotlib, which puts things elsewhere")
    assert np.mean(abs(now - committed)) < 1e-4, "stale: run fit_gaussian.py again"
