"""What a reader of the figure sees, and that nothing covers it or is cut off."""

import itertools
from pathlib import Path
from statistics import NormalDist

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import PAGE

from fit_gaussian import STYLE, draw, fit

COMMITTED = Path(__file__).parents[1] / "example2_nf.png"
SHIPPED = {**PAGE, "n": 10_000, "mu_true": 2.0, "sigma_true": 2.0}
EDITS = [{}, {"mu_start": -2000}, {"mu_start": -150_000}, {"sigma_start": 0.01}]
EDITS += [{"n_iterations": 1}, {"n_iterations": 3, "n": 2}, {"n_iterations": 30_000}]
EDITS += [{"sigma_start": 0.25, "no truth": True}, {"step_mu": 10, "n": 20}]
EDITS += [{"step_sigma": 24, "sigma_start": 1.72, "mu_start": 2}]
NAMES = "mu_true", "sigma_true", "mu_start", "sigma_start", "step_mu", "step_sigma"
WIDE = """1000 50 -3 1 0.1 0.01; -1.25e6 57 -1.251e6 2e3 0.1 0.01
2 2 -3 0.16 0.1 1e-4; 2 2 -3 0.16 0.1 1e-6; -1.051 0.0045 -1.043 1 2e-7 2e-6
-3.56397e8 0.023 -3.56397e8 0.25 2e-5 3e-5; -60.455 0.0022 -60.451 0.066 5e-7 1e-6"""
for numbers in WIDE.replace("\n", ";").split(";"):  # of many digits, and few decades
    EDITS.append(dict(zip(NAMES, map(float, numbers.split()))))


@pytest.fixture(scope="module", autouse=True)
def style():
    with plt.style.context(STYLE):
        yield


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def run(seed=0, *, n, mu_true, sigma_true, **settings):
    """Return samples, their run, and a truth that is not the maximum of the samples."""
    x = np.random.default_rng(seed).normal(mu_true, sigma_true, n)
    return x, *fit(x, **settings), (mu_true + 0.25 * sigma_true, 0.75 * sigma_true)


@pytest.fixture(scope="module", params=EDITS, ids=str)
def drawn(request):
    """The mean and s of the samples, the run, the truth and the figure."""
    edits = dict(request.param)
    no_truth = edits.pop("no truth", False)
    x, mus, sigmas, truth = run(**{**SHIPPED, **edits})
    truth = None if no_truth else truth
    fig = draw(x, mus, sigmas, truth)
    fig.draw_without_rendering()  # puts everything in its place
    return (np.mean(x), np.std(x)), (mus, sigmas), truth, fig


def is_orange(line):
    return matplotlib.colors.same_color(line.get_color(), "#f5a623")


def test_trajectories_and_the_lines_they_go_to(drawn):
    best, path, truth, fig = drawn
    for ax, i, title in ((fig.axes[0], 0, r"mean $\mu"), (fig.axes[2], 1, r"$\sigma")):
        assert title in ax.get_title()
        *levels, trajectory, start, final = ax.lines
        last = path[i].size - 1
        np.testing.assert_array_equal(trajectory.get_xdata(), np.arange(last + 1))
        np.testing.assert_array_equal(trajectory.get_ydata(), path[i])
        assert start.get_xydata().tolist() == [[0, path[i][0]]]
        assert final.get_xydata().tolist() == [[last, path[i][-1]]]
        assert start.get_markerfacecolor() == "white" != final.get_markerfacecolor()
        assert [(*level.get_ydata(), level.get_ls()) for level in levels] == [
            *([(truth[i], truth[i], "-")] if truth else []),
            (pytest.approx(best[i]), pytest.approx(best[i]), ":"),
        ]
        assert [*map(is_orange, levels)] == [True, False][-len(levels) :]
        for level in levels:  # across the panel, and below the trajectory
            ends = level.get_transform().transform(level.get_xydata())
            assert ends[:, 0] == pytest.approx([ax.bbox.x0, ax.bbox.x1])
            assert level.get_zorder() <= trajectory.get_zorder()


def test_points_on_the_hill_and_the_best_sigma_for_each_mu(drawn):
    (mean, s), path, truth, fig = drawn
    trajectory, *points, curve = fig.axes[3].lines
    np.testing.assert_array_equal(trajectory.get_xydata(), np.transpose(path))
    values = [(path[0][i], path[1][i]) for i in (0, -1)] + [(mean, s)]
    values = [truth, *values] if truth else values
    assert [point.get_xydata()[0].tolist() for point in points] == [
        pytest.approx(value, rel=1e-12) for value in values
    ]
    mu, sigma = curve.get_data()
    assert sigma == pytest.approx(np.hypot(s, mean - mu))
    assert (mu[0], mu[-1]) == fig.axes[3].get_xlim() and mu.size >= 200
    assert np.abs(mu - mean).min() < 1e-9 * s  # passes through the maximum


def test_bells_stand_above_their_points_and_are_not_cut_flat(drawn):
    (mean, s), _, truth, fig = drawn
    bells, points = fig.axes[1].lines, fig.axes[3].lines[1:-1]
    assert len(bells) == len(points) == (4 if truth else 3)
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
        assert is_orange(bell) == (truth is not None and point is points[0])
    low, top = fig.axes[1].get_ylim()
    assert low == 0 and 1.5 < top / NormalDist(mean, s).pdf(mean) < 3


HOURS = np.random.default_rng(1).integers(60, 90, 200).astype("uint8")
KINDS = {"list": HOURS.tolist(), "tuple": tuple(HOURS.tolist()), "integers": HOURS}
KINDS["outlier"] = [*np.random.default_rng(0).normal(0, 1, 999), 1000.0]


@pytest.mark.parametrize("kind", [*KINDS, "pandas"])
def test_histogram_of_any_kind_of_samples(kind):
    pandas = pytest.importorskip("pandas") if kind == "pandas" else None
    x = KINDS[kind] if kind in KINDS else pandas.Series(HOURS, index=HOURS)
    mean, s = np.mean(x), np.std(x)
    ax = draw(x, np.array([mean, mean]), np.array([s, s])).axes[1]
    outline_x, outline_y = ax.patches[0].get_xy().T  # up and down every bar, and back
    n = outline_x.size // 4
    edges, heights = outline_x[: 2 * n + 1 : 2], outline_y[1 : 2 * n : 2]
    assert edges[[0, -1]] == pytest.approx([mean - 4 * s, mean + 4 * s])
    assert np.diff(edges).max() < 0.75 * s * (1000 / len(x)) ** (1 / 3)
    below = np.array([sum(v < edge for v in x) for edge in edges])
    counts = np.diff(below)
    assert heights * np.diff(edges) * sum(counts) == pytest.approx(counts)  # area 1
    most = min(ax.get_ylim()[1], 2 * NormalDist(mean, s).pdf(mean))
    assert (heights.max() > most) == (kind == "outlier")  # a misfit can be seen


def test_lighter_is_higher_and_a_shade_means_the_same_depth_in_every_run():
    shades = {}  # of each doubling of the depth
    for edits in ({}, {"mu_start": -150_000}, {"sigma_start": 1e-20}):
        x, *path, _ = run(**{**SHIPPED, **edits})
        mean, s = np.mean(x), np.std(x)
        hill, bands = draw(x, *path).axes[3], []
        for collection in hill.collections:  # before Matplotlib 3.8, one for every band
            pairs = zip(
                collection.get_paths(), itertools.cycle(collection.get_facecolor())
            )
            bands += [(band, color.tolist()) for band, color in pairs if len(band)]
        assert bands[0][0].contains_point((mean, s)) and bands[0][1] == [1, 1, 1, 1]
        spots = hill.transAxes.transform(np.random.default_rng(0).random((2000, 2)))
        mu, sigma = (spots := hill.transData.inverted().transform(spots)).T
        depth = np.log(sigma / s) + (s**2 + (mean - mu) ** 2) / (2 * sigma**2) - 0.5
        doublings = np.clip(np.ceil(np.log2(depth / 0.05)), 0, 16)
        unseen = np.full(mu.size, True)
        for band, color in bands:  # without those before, which it surrounds
            here = unseen & band.contains_points(spots)
            unseen &= ~here
            if here.sum() > 30:
                doubling = np.median(doublings[here])
                assert np.mean(doublings[here] == doubling) > 0.9
                assert shades.setdefault(doubling, color) == color
        assert unseen.mean() < 0.01  # between two bands
    lightness = [sum(shades[doubling]) for doubling in sorted(shades)]
    assert len(shades) >= 12 and (np.diff(lightness) < 0).all()


def test_axes(drawn):
    (mean, s), (mus, sigmas), truth, fig = drawn
    mu_ax, bells, sigma_ax, hill = fig.axes
    assert mu_ax.get_xlim() == sigma_ax.get_xlim()
    assert bells.get_xlim() == hill.get_xlim()
    assert hill.get_ylim() == sigma_ax.get_ylim()
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


def check_texts(fig):
    """Check that no text is cut off, covered or small, and no line leaves its panel."""
    boxes = {text: text.get_window_extent() for text in texts(fig)}
    assert len(boxes) > 20
    for text, box in boxes.items():
        assert (box.min >= fig.bbox.min).all() and (box.max <= fig.bbox.max).all(), text
        assert text.get_fontsize() / 72 * 880 / fig.get_figwidth() >= 15, text
        assert not any(box.overlaps(ax.bbox) for ax in fig.axes), text
    for one, other in itertools.combinations(boxes, 2):
        assert not boxes[one].overlaps(boxes[other]), (one, other)
    assert fig.legends[0].get_window_extent().y0 > fig.axes[0].bbox.y1
    assert all(line.get_clip_on() for ax in fig.axes for line in ax.lines)


def test_texts_and_legend(drawn):
    *_, truth, fig = drawn
    check_texts(fig)
    assert [text.get_text() for text in fig.legends[0].get_texts()] == [
        *(["samples", "true"] if truth else ["samples"]),
        *["start", "final", "maximum likelihood", r"best $\sigma$ for each $\mu$"],
    ]


@pytest.mark.parametrize("seed", range(4))
def test_texts_of_random_settings(seed):
    rng = np.random.default_rng(seed)
    sd, far, ratio, *steps = 10 ** rng.uniform([-3, 0, -2, -2, -2], [3, 3, 2, 0, 0])
    mu = rng.choice([-1, 1]) * 10 ** rng.uniform(-3, rng.choice([3, 6, 9]))
    steps = [sd**2 * steps[0], sd**2 * steps[1]] if rng.integers(2) else [0.1, 0.01]
    x, *path, truth = run(
        n=int(10 ** rng.uniform(0.5, 4)),
        mu_true=mu,
        sigma_true=sd,
        mu_start=rng.choice([-3, mu + sd * rng.normal(), mu + sd * far]),
        sigma_start=rng.choice([0.25, 1, sd, sd * ratio]),
        step_mu=steps[0],
        step_sigma=steps[1],
        n_iterations=int(10 ** rng.uniform(0, 3.5)),
    )
    fig = draw(x, *path, truth if rng.integers(2) else None)
    fig.draw_without_rendering()
    check_texts(fig)


def test_the_picture_is_the_same_whatever_a_matplotlibrc_says(run_main, tmp_path):
    pictures = []
    for rc in ({}, {"font.size": 14, "axes.grid": True, "savefig.bbox": "tight"}):
        with matplotlib.rc_context(rc):
            run_main(picture=True)
        pictures.append((tmp_path / "f.png").read_bytes())
    assert pictures[0] == pictures[1]

    # The committed picture is what the script draws, too.
    now, committed = plt.imread(tmp_path / "f.png"), plt.imread(COMMITTED)
    assert COMMITTED.stat().st_size < 200_000
    assert now.shape == committed.shape
    assert now.shape[1] >= 1600  # twice the width of a README
    if f"version{matplotlib.__version__}," not in str(COMMITTED.read_bytes()[:200]):
        pytest.skip("drawn by another Matplotlib, which puts things elsewhere")
    assert np.mean(abs(now - committed)) < 1e-4, "stale: run fit_gaussian.py again"
