"""What a reader of the figure sees, and that nothing covers it or is cut off."""

import itertools
from pathlib import Path
from statistics import NormalDist
from unittest import mock

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import PAGE

from fit_gaussian import ORANGE, STYLE, draw, fit

COMMITTED = Path(__file__).parents[1] / "example2_nf.png"
EDITS = [{}, {"mu_start": -150_000}, {"sigma_start": 0.01}, {"n_iterations": 1}]
EDITS += [{"n_iterations": 3, "n": 2}, {"n_iterations": 30_000}]
EDITS += [{"step_mu": 10, "known": False}, {"sigma_start": 0.16, "step_sigma": 1e-4}]
NAMES = "mu_true", "sigma_true", "mu_start", "sigma_start", "step_mu", "step_sigma"
WIDE = [(1000, 50, -3, 1, 0.1, 0.01), (-1.25e6, 57, -1.251e6, 2e3, 0.1, 0.01)]
WIDE += [(-60.455, 0.0022, -60.451, 0.066, 5e-7, 1e-6)]
for seed in range(3):  # and random ranges and offsets
    rng = np.random.default_rng(seed)
    sd, far, ratio = 10 ** rng.uniform([-3, 0, -2], [3, 3, 2])
    mu = rng.choice([-1, 1]) * 10 ** rng.uniform(-3, 9)
    steps = sd**2 * 10 ** rng.uniform(-2, 0, 2)
    WIDE.append((mu, sd, mu + sd * far, sd * ratio, *steps))
EDITS += [dict(zip(NAMES, row)) for row in WIDE]  # of many digits, and few decades


@pytest.fixture(scope="module", autouse=True)
def style():
    with plt.style.context(STYLE):
        yield


def run(n=10_000, mu_true=2.0, sigma_true=2.0, known=True, **settings):
    """Return samples, their run, and a truth that is not their maximum, or None."""
    x = np.random.default_rng(0).normal(mu_true, sigma_true, n)
    truth = mu_true + 0.25 * sigma_true, 0.75 * sigma_true
    return x, *fit(x, **{**PAGE, **settings}), truth if known else None


@pytest.fixture(scope="module", params=EDITS, ids=str)
def drawn(request):
    """The mean and s of the samples, the run, the truth and the figure."""
    x, mus, sigmas, truth = run(**request.param)
    fig = draw(x, mus, sigmas, truth)
    fig.draw_without_rendering()  # puts everything in its place
    yield (np.mean(x), np.std(x)), (mus, sigmas), truth, fig
    plt.close("all")


def test_trajectories_and_the_lines_they_go_to(drawn):
    best, path, truth, fig = drawn
    for ax, i, title in ((fig.axes[0], 0, r"mean $\mu"), (fig.axes[2], 1, r"$\sigma")):
        assert title in ax.get_title()
        *levels, trajectory, start, final = ax.lines
        expected = np.transpose([np.arange(path[i].size), path[i]])
        np.testing.assert_array_equal(trajectory.get_xydata(), expected)
        np.testing.assert_array_equal(start.get_xydata(), expected[:1])
        np.testing.assert_array_equal(final.get_xydata(), expected[-1:])
        assert start.get_markerfacecolor() == "white" != final.get_markerfacecolor()
        heights = [truth[i], best[i]] if truth else [best[i]]
        assert [level.get_ydata()[0] for level in levels] == pytest.approx(heights)
        looks = [(level.get_color(), level.get_ls()) for level in levels]
        assert looks == [(ORANGE, "-"), ("black", ":")][-len(levels) :]
        for level in levels:  # across the panel, and below the trajectory
            ends = level.get_transform().transform(level.get_xydata())
            assert ends[:, 0] == pytest.approx([ax.bbox.x0, ax.bbox.x1])
            assert level.get_zorder() <= trajectory.get_zorder()


def test_points_on_the_hill_and_bells_straight_above_them(drawn):
    (mean, s), path, truth, fig = drawn
    bells, (trajectory, *points, curve) = fig.axes[1].lines, fig.axes[3].lines
    np.testing.assert_array_equal(trajectory.get_xydata(), np.transpose(path))
    values = [truth] if truth else []
    values += [(path[0][i], path[1][i]) for i in (0, -1)] + [(mean, s)]
    shown = [point.get_xydata()[0] for point in points]
    np.testing.assert_allclose(shown, values, rtol=1e-12)
    mu, sigma = curve.get_data()
    assert sigma == pytest.approx(np.hypot(s, mean - mu))
    assert (mu[0], mu[-1]) == fig.axes[3].get_xlim() and mu.size >= 200
    assert np.abs(mu - mean).min() < 1e-9 * s  # passes through the maximum
    assert len(bells) == len(points)
    for bell, point in zip(bells, points):
        ((mu, sigma),) = point.get_xydata()
        x, density = bell.get_data()
        assert density == pytest.approx([*map(NormalDist(mu, sigma).pdf, x)], rel=1e-4)
        (peak,) = bell.get_markevery()
        assert x[peak] == mu and density[peak] == density.max()
        assert np.diff(x).max() < 0.1 * sigma  # smooth
        assert max(density[0], density[-1]) < 0.001 * density.max()  # to its ends
        for look in ("color", "marker", "markersize", "markerfacecolor", "linestyle"):
            assert plt.getp(bell, look) == plt.getp(point, look)
        assert (bell.get_color() == ORANGE) == (bell not in bells[-3:])
    assert len({(b.get_color(), b.get_ls(), b.get_lw()) for b in bells}) == len(bells)
    low, top = fig.axes[1].get_ylim()
    assert low == 0 and 1.5 < top / NormalDist(mean, s).pdf(mean) < 3


HOURS = np.random.default_rng(1).integers(60, 90, 200).astype("uint8")
OUTLIER = [*np.random.default_rng(0).normal(0, 1, 999), 1000.0]


@pytest.mark.parametrize("kind", ["outlier", "integers", "pandas"])
def test_histogram_of_any_kind_of_samples(kind):
    x = OUTLIER if kind == "outlier" else HOURS
    if kind == "pandas":
        x = pytest.importorskip("pandas").Series(HOURS, index=HOURS)
    mean, s = np.mean(x), np.std(x)
    ax = draw(x, np.array([mean, mean]), np.array([s, s])).axes[1]
    outline_x, outline_y = ax.patches[0].get_xy().T  # up and down every bar, and back
    n = outline_x.size // 4
    edges, heights = outline_x[: 2 * n + 1 : 2], outline_y[1 : 2 * n : 2]
    assert edges[[0, -1]] == pytest.approx([mean - 4 * s, mean + 4 * s])
    assert np.diff(edges).max() < 0.75 * s * (1000 / len(x)) ** (1 / 3)
    counts = np.diff([sum(v < edge for v in x) for edge in edges])
    assert heights * np.diff(edges) * sum(counts) == pytest.approx(counts)  # area 1
    most = min(ax.get_ylim()[1], 2 * NormalDist(mean, s).pdf(mean))
    assert (heights.max() > most) == (kind == "outlier")  # a misfit can be seen


def test_lighter_is_higher_and_a_shade_means_the_same_depth_in_every_run():
    shades = []
    for edits in ({}, {"mu_start": -150_000, "sigma_start": 1e-3}):
        x, *path, _ = run(**edits)
        with mock.patch("matplotlib.axes.Axes.contourf") as contourf:
            hill = draw(x, *path).axes[3]
        (mu, sigma, depth, levels), options = contourf.call_args
        mean, s = np.mean(x), np.std(x)
        expected = np.log(sigma / s) + (s**2 + (mean - mu) ** 2) / (2 * sigma**2) - 0.5
        np.testing.assert_allclose(depth, expected, rtol=1e-9, atol=1e-12)
        assert abs(depth.min()) < 1e-12  # the maximum is on the grid
        # The grid fills the panel, so finely that nobody sees it.
        to_panel = hill.transScale + hill.transLimits
        for grid in map(np.unique, to_panel.transform(np.c_[mu.flat, sigma.flat]).T):
            assert grid[[0, -1]] == pytest.approx([0, 1]) and np.diff(grid).max() < 0.02
        assert levels == pytest.approx([0.05 * 2**i for i in range(16)])
        assert options["extend"] == "both"  # a shade on each side of the levels
        shades.append(options["colors"])
    np.testing.assert_array_equal(*shades)
    assert len(shades[0]) == 17 and shades[0][0].tolist() == [1, 1, 1]
    assert (np.diff(shades[0], axis=0) < 0).all()  # the deeper, the darker


def test_axes(drawn):
    (mean, s), (mus, sigmas), truth, fig = drawn
    mu_ax, bells, sigma_ax, hill = fig.axes
    limits = mu_ax.get_xlim(), bells.get_xlim(), sigma_ax.get_ylim()
    assert limits == (sigma_ax.get_xlim(), hill.get_xlim(), hill.get_ylim())
    mus, sigmas = np.append((mus, sigmas), np.reshape(truth or [], (2, -1)), axis=1)
    sigmas = [*sigmas, s / 2, 1.5 * s]
    log = min(sigmas) <= 0.05 * (max(sigmas) - min(sigmas))
    assert sigma_ax.get_yscale() == hill.get_yscale() == ("log" if log else "linear")
    for (low, high), shown in (
        (mu_ax.get_xlim(), [0, len(drawn[1][0]) - 1]),
        (mu_ax.get_ylim(), [*mus, mean - s / 2, mean + s / 2]),
        (hill.get_xlim(), [*mus, mean - 3 * s, mean + 3 * s]),
        (np.log(hill.get_ylim()), np.log(sigmas)) if log else (hill.get_ylim(), sigmas),
    ):
        assert low < min(shown) and max(shown) < high
        assert high - low < 1.2 * (max(shown) - min(shown))  # and not much more
    ticks = np.array([t for t in sigma_ax.get_xticks() if 0 <= t <= len(mus)])
    assert ticks.size >= 2 and (ticks == np.round(ticks)).all()


def test_no_text_is_cut_off_covered_or_small_and_no_line_leaves_its_panel(drawn):
    *_, truth, fig = drawn
    texts = set(fig.findobj(matplotlib.text.Text))
    for axis in [axis for ax in fig.axes for axis in (ax.xaxis, ax.yaxis)]:
        low, high = axis.get_view_interval()
        for tick in axis.get_major_ticks() + axis.get_minor_ticks():
            if not low <= tick.get_loc() <= high:  # it is not drawn
                texts -= {tick.label1, tick.label2}
    texts = [text for text in texts if text.get_visible() and text.get_text()]
    boxes = {text: text.get_window_extent() for text in texts}
    assert len(boxes) > 20
    for text, box in boxes.items():
        assert (box.min >= fig.bbox.min).all() and (box.max <= fig.bbox.max).all(), text
        assert text.get_fontsize() / 72 * 880 / fig.get_figwidth() >= 15, text
        assert not any(box.overlaps(ax.bbox) for ax in fig.axes), text
    for one, other in itertools.combinations(boxes, 2):
        assert not boxes[one].overlaps(boxes[other]), (one, other)
    assert fig.legends[0].get_window_extent().y0 > fig.axes[0].bbox.y1
    assert all(line.get_clip_on() for ax in fig.axes for line in ax.lines)
    labels = ["true"] if truth else []
    labels += ["start", "final", "maximum likelihood", r"best $\sigma$ for each $\mu$"]
    shown = [text.get_text() for text in fig.legends[0].get_texts()]
    assert shown == ["samples", *labels]


def test_the_picture_is_the_same_whatever_a_matplotlibrc_says(run_main, tmp_path):
    pictures = []
    for rc in ({}, {"font.size": 14, "axes.grid": True, "savefig.bbox": "tight"}):
        with matplotlib.rc_context(rc):
            before = dict(matplotlib.rcParams)
            run_main(picture=True)
            assert dict(matplotlib.rcParams) == before
        pictures.append((tmp_path / "f.png").read_bytes())
    assert pictures[0] == pictures[1]

    # The committed picture is what the script draws, too.
    now, committed = plt.imread(tmp_path / "f.png"), plt.imread(COMMITTED)
    assert COMMITTED.stat().st_size < 200_000
    assert now.shape == committed.shape and now.shape[1] >= 1600  # twice a README's
    if f"version{matplotlib.__version__}," not in str(COMMITTED.read_bytes()[:200]):
        pytest.skip("drawn by another Matplotlib, which puts things elsewhere")
    assert np.mean(abs(now - committed)) < 1e-4, "stale: run fit_gaussian.py again"
