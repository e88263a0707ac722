"""What a reader of the figure sees, and that nothing covers it or is cut off."""

import io
import itertools
from pathlib import Path
from statistics import NormalDist

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from fit_gaussian import STYLE, draw, fit

COMMITTED = Path(__file__).parents[1] / "example2_nf.png"
SHIPPED = {"mu_start": -3.0, "sigma_start": 1.0, "step_mu": 0.1, "step_sigma": 0.01}
SHIPPED.update(n_iterations=500, n=10_000, mu_true=2.0, sigma_true=2.0)
EDITS = [{}, {"mu_start": -2000.0}, {"mu_start": -4000.0}, {"mu_start": -8000.0}]
EDITS += [{"mu_start": -150_000.0}, {"mu_true": 1000.0, "sigma_true": 50.0}]
EDITS += [{"sigma_start": sigma} for sigma in (0.25, 0.5, 0.01, 0.001, 1e-6, 10.0)]
EDITS += [{"step_mu": 10.0}, {"step_sigma": 6.0}, {"n": 2}, {"n": 20}]
EDITS += [{"step_sigma": 6.0, "sigma_start": 3.0, "mu_start": 2.0}]
EDITS += [{"step_sigma": 24.0, "sigma_start": 1.72, "mu_start": 2.0}]
EDITS += [{"n_iterations": n} for n in (1, 2, 3, 100_000)]


def run(seed=0, n=0, mu_true=0, sigma_true=0, **settings):
    """Return samples, their run, and a truth that is not the maximum of the samples."""
    x = np.random.default_rng(seed).normal(mu_true, sigma_true, n)
    return x, *fit(x, **settings), (mu_true + 0.25 * sigma_true, 0.75 * sigma_true)


def drawing(x, mus, sigmas, truth=None):
    """Return the figure with everything in its place."""
    with plt.style.context(STYLE):
        fig = draw(x, mus, sigmas, truth)
        for shades in fig.axes[3].collections:
            shades.set_visible(False)  # they take most of the time and have no text
        fig.draw_without_rendering()
    return fig


@pytest.fixture(scope="module", params=[*EDITS, None], ids=str)
def drawn(request):
    """The samples, mean and s, the run, the truth and the figure; None: no truth."""
    x, mus, sigmas, truth = run(**{**SHIPPED, **(request.param or {})})
    if request.param is None:
        truth = None
    fig = drawing(x, mus, sigmas, truth)
    yield x, (np.mean(x), np.std(x)), (mus, sigmas), truth, fig
    plt.close(fig)


def is_orange(line):
    return matplotlib.colors.same_color(line.get_color(), "#f5a623")


def test_trajectories_and_the_lines_they_go_to(drawn):
    _, best, path, truth, fig = drawn
    for ax, i, title in ((fig.axes[0], 0, r"mean $\mu"), (fig.axes[2], 1, r"$\sigma")):
        assert title in ax.get_title()
        *levels, trajectory, start, final = ax.lines
        np.testing.assert_array_equal(trajectory.get_xdata(), np.arange(path[i].size))
        np.testing.assert_array_equal(trajectory.get_ydata(), path[i])
        assert start.get_xydata().tolist() == [[0, path[i][0]]]
        assert final.get_xydata().tolist() == [[path[i].size - 1, path[i][-1]]]
        assert start.get_markerfacecolor() == "white" != final.get_markerfacecolor()
        values = [best[i]] if truth is None else [truth[i], best[i]]
        assert [line.get_ydata()[0] for line in levels] == pytest.approx(values)
        assert [is_orange(line) for line in levels] == [truth is not None, False][
            -len(values) :
        ]
        assert [line.get_linestyle() for line in levels] == ["-", ":"][-len(values) :]
        for line in levels:  # across the panel, and below the trajectory
            ends = line.get_transform().transform(line.get_xydata())
            assert ends[:, 0] == pytest.approx([ax.bbox.x0, ax.bbox.x1])
            assert ends[0, 1] == ends[1, 1]
            assert line.get_zorder() <= trajectory.get_zorder()


def test_points_on_the_hill_and_the_best_sigma_for_each_mu(drawn):
    _, (mean, s), path, truth, fig = drawn
    trajectory, *points, curve = fig.axes[3].lines
    np.testing.assert_array_equal(trajectory.get_xydata(), np.transpose(path))
    values = [(mus_or_sigmas[0], mus_or_sigmas[-1]) for mus_or_sigmas in path]
    values = [*([truth] if truth else []), *zip(*values), (mean, s)]
    assert [tuple(*point.get_xydata()) for point in points] == [
        pytest.approx(value, rel=1e-12) for value in values
    ]
    mu, sigma = curve.get_data()
    assert sigma == pytest.approx(np.hypot(s, mean - mu))
    assert (mu[0], mu[-1]) == fig.axes[3].get_xlim() and mu.size >= 200
    assert sigma.min() == pytest.approx(s) and mu[sigma.argmin()] == pytest.approx(mean)


def test_bells_stand_above_their_points_and_are_not_cut_flat(drawn):
    _, (mean, s), path, truth, fig = drawn
    bells, hill = fig.axes[1], fig.axes[3]
    points = hill.lines[1:-1]
    assert len(bells.lines) == len(points) == 3 + (truth is not None)
    for bell, point in zip(bells.lines, points):
        ((mu, sigma),) = point.get_xydata()
        x, density = bell.get_data()
        normal = NormalDist(mu, sigma)
        assert density == pytest.approx([*map(normal.pdf, x)], rel=1e-5)
        (peak,) = bell.get_markevery()
        assert x[peak] == mu and density[peak] == density.max()
        assert np.diff(x).max() < 0.1 * sigma  # smooth
        assert max(density[0], density[-1]) < 0.001 * density.max()  # not cut short
        for look in ("color", "marker", "markersize", "markerfacecolor", "linestyle"):
            assert plt.getp(bell, look) == plt.getp(point, look)
        assert is_orange(bell) == (point is points[0] and truth is not None)
    low, top = bells.get_ylim()
    assert low == 0 and 1.5 < top / NormalDist(mean, s).pdf(mean) < 3


def bars(fig):
    """Return the edges and the heights of the histogram."""
    (patch,) = fig.axes[1].patches
    x, y = patch.get_xy().T  # of the outline, up and down every bar
    n = x.size // 4
    return x[: 2 * n + 1 : 2], y[1 : 2 * n + 1 : 2]


OUTLIER = [*np.random.default_rng(0).normal(0, 1, 999), 1000.0]
HOURS = np.random.default_rng(1).integers(60, 90, 200)
KINDS = {"outlier": OUTLIER, "list": HOURS.tolist(), "tuple": (*HOURS.tolist(),)}
KINDS["integers"] = HOURS.astype("uint8")


@pytest.mark.parametrize("kind", [*KINDS, "page", "pandas"])
def test_histogram_of_any_kind_of_samples(kind):
    x = pytest.importorskip("pandas").Series(HOURS) if kind == "pandas" else None
    x = run(**SHIPPED)[0] if kind == "page" else KINDS.get(kind, x)
    mean, s = np.mean(x), np.std(x)
    with plt.style.context(STYLE):
        fig = draw(x, np.array([mean]), np.array([s]))
    edges, heights = bars(fig)
    top, best_peak = fig.axes[1].get_ylim()[1], NormalDist(mean, s).pdf(mean)
    plt.close(fig)
    widths = np.diff(edges)
    assert (edges[0], edges[-1]) == pytest.approx((mean - 4 * s, mean + 4 * s))
    assert np.sum(heights * widths) == pytest.approx(1)
    shown = [value for value in x if abs(value - mean) <= 4 * s]
    counts = [
        sum((low <= v) & (v < low + widths[0]) for v in shown) for low in edges[:-1]
    ]
    assert heights * widths * len(shown) == pytest.approx(counts)
    middle = np.sum(heights * widths * (edges[:-1] + edges[1:]) / 2)
    assert middle == pytest.approx(np.mean(shown), abs=widths[0])
    assert widths.max() < 0.75 * s * (1000 / len(x)) ** (1 / 3)
    assert (heights.max() > min(top, 2 * best_peak)) == (kind == "outlier")


def test_lighter_is_higher_and_a_shade_means_the_same_depth_in_every_run():
    shades = {}  # of each doubling of the depth, in three runs
    for edits in {}, {"mu_start": -150_000.0}, {"sigma_start": 0.01}:
        x, *path, _ = run(**{**SHIPPED, **edits})
        mean, s = np.mean(x), np.std(x)
        with plt.style.context(STYLE):
            hill = draw(x, *path).axes[3]
        bands = []
        for collection in hill.collections:  # before Matplotlib 3.8, one for every band
            pairs = zip(collection.get_paths(), collection.get_facecolor())
            bands += [(band, *color[:3]) for band, color in pairs if len(band)]
        assert bands[0][0].contains_point((mean, s))
        random = np.random.default_rng(0).uniform(size=(2, 2000))
        spots = hill.transAxes.transform(random.T)
        spots = hill.transData.inverted().transform(spots)
        mu, sigma = spots.T
        depth = np.log(sigma / s) + (s**2 + (mean - mu) ** 2) / (2 * sigma**2) - 0.5
        doublings = np.clip(np.ceil(np.log2(depth / 0.05)), 0, 16)
        drawn = np.full(mu.size, -1)
        for i in reversed(range(len(bands))):  # a band contains those it surrounds
            drawn[bands[i][0].contains_points(spots)] = i
        assert drawn.min() >= 0
        for i, (_, *color) in enumerate(bands):
            if (drawn == i).sum() > 10:
                doubling = np.median(doublings[drawn == i])
                assert np.mean(doublings[drawn == i] == doubling) > 0.9
                assert shades.setdefault(doubling, color) == color
        plt.close(hill.figure)
    assert len(shades) >= 12
    lightness = [sum(shades[doubling]) for doubling in sorted(shades)]
    assert (np.diff(lightness) < 0).all()


def test_axes(drawn):
    _, (mean, s), (mus, sigmas), truth, fig = drawn
    mu_ax, bells, sigma_ax, hill = fig.axes
    assert mu_ax.get_xlim() == sigma_ax.get_xlim()
    assert bells.get_xlim() == hill.get_xlim()
    assert hill.get_ylim() == sigma_ax.get_ylim()
    mus = [*mus, *([truth[0]] if truth else [])]
    sigmas = [*sigmas, *([truth[1]] if truth else []), s / 2, 1.5 * s]
    log = 1.05 * min(sigmas) <= 0.05 * max(sigmas)
    assert sigma_ax.get_yscale() == hill.get_yscale() == ("log" if log else "linear")
    limits = mu_ax.get_ylim(), hill.get_xlim(), hill.get_ylim()
    widest = (
        [*mus, mean - s / 2, mean + s / 2],
        [*mus, mean - 3 * s, mean + 3 * s],
        sigmas,
    )
    for i, ((low, high), shown) in enumerate(zip(limits, widest)):
        assert low < min(shown) and max(shown) < high
        if log and i == 2:
            (low, high), shown = np.log([low, high]), np.log(shown)
        assert high - low < 1.2 * (max(shown) - min(shown))  # and not much more
    left, right = mu_ax.get_xlim()
    last = len(drawn[2][0]) - 1
    assert left < 0 and last < right < 1.2 * last
    ticks = [tick for tick in sigma_ax.get_xticks() if 0 <= tick <= last]
    assert len(ticks) >= 2 and all(tick == round(tick) for tick in ticks)


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
    """Check that no text is cut off, covered or small, and that lines stay inside."""
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
    assert all(line.get_clip_on() for ax in fig.axes for line in ax.lines)


def test_texts_and_legend(drawn):
    *_, truth, fig = drawn
    check_texts(fig)
    names = ["samples", "true", "start", "final", "maximum likelihood"]
    names = [name for name in names if truth or name != "true"]
    found = [text.get_text() for text in fig.legends[0].get_texts()]
    assert found == [*names, r"best $\sigma$ for each $\mu$"]


@pytest.mark.parametrize("seed", range(40))
def test_texts_of_random_settings(seed):
    rng = np.random.default_rng(seed)

    def size(low, high):
        return float(10 ** rng.uniform(low, high))

    sd = size(-3, 3)
    mu = rng.choice([-1, 1]) * size(-3, rng.choice([3, 6, 9]))
    starts = -3.0, mu + sd * rng.normal(), mu + sd * size(0, 3)
    settings = {"n": int(size(0.5, 4)), "mu_true": float(mu), "sigma_true": sd}
    settings["mu_start"] = float(rng.choice(starts))
    settings["sigma_start"] = float(rng.choice([0.25, 1.0, sd, sd * size(-2, 2)]))
    steps = rng.choice([(0.1, 0.01), (sd**2 * size(-2, 0), sd**2 * size(-2, 0))])
    settings.update(step_mu=float(steps[0]), step_sigma=float(steps[1]))
    settings["n_iterations"] = int(size(0, 5 if seed == 0 else 3))
    x, mus, sigmas, truth = run(seed, **settings)
    fig = drawing(x, mus, sigmas, truth if rng.integers(2) else None)
    check_texts(fig)
    plt.close(fig)


def test_the_picture_is_the_same_whatever_a_matplotlibrc_says():
    foreign = {"font.size": 14, "axes.grid": True, "savefig.bbox": "tight"}
    x, *path, _ = run(**SHIPPED)
    pictures = []
    for rc in {}, {}, foreign:
        picture = io.BytesIO()
        with matplotlib.rc_context(rc), plt.style.context(STYLE):
            draw(x, *path, (2.0, 2.0)).savefig(picture, dpi=200)
        plt.close()
        pictures.append(picture.getvalue())
    assert pictures[0] == pictures[1] == pictures[2]

    # The committed picture is what the script draws, too.
    now, committed = plt.imread(io.BytesIO(pictures[0])), plt.imread(COMMITTED)
    assert COMMITTED.stat().st_size < 200_000
    assert now.shape == committed.shape
    assert now.shape[1] >= 1600  # twice the width of a README
    if f"version{matplotlib.__version__}," not in str(COMMITTED.read_bytes()[:200]):
        pytest.skip("drawn by another Matplotlib, which puts things elsewhere")
    assert np.mean(abs(now - committed)) < 1e-4, "stale: run fit_gaussian.py again"
