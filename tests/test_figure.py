"""What the figure shows: the trajectories, their lines, the hill and the path on it."""

import io
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import PAGE_FIT

from fit_gaussian import draw, fit, log_likelihood

COMMITTED = Path(__file__).parents[1] / "example2_nf.png"
EDITS = {
    "page": {},
    "overshoot to 50 and back": {"step_sigma": 2, "n_iterations": 3000},
    "start 100 away": {"mu": -98},
    "tiny sigma": {"sigma": 0.01},
    "bounce": {"mu": 2, "sigma": 1.5, "step_sigma": 6},
    "one iteration": {"n_iterations": 1},
    "start at the maximum": {"mu": 2, "sigma": 2},
}
MU_TRUE, SIGMA_TRUE = 2.0, 2.5  # not those of the samples, so as to tell them apart


@pytest.fixture(scope="module", params=EDITS)
def drawn(request, page_samples):
    """Samples, trajectories, figure and the arguments of its contours."""
    x, hill = page_samples[:20], []
    mus, sigmas = fit(x, **{**PAGE_FIT, **EDITS[request.param]})
    contourf = matplotlib.axes.Axes.contourf

    def spy(ax, *args, **options):
        hill.extend(args)
        return contourf(ax, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matplotlib.axes.Axes, "contourf", spy)
        fig = draw(x, mus, sigmas, MU_TRUE, SIGMA_TRUE)
    fig.canvas.draw()  # puts the panels and the legends in their places
    yield x, mus, sigmas, fig, hill
    plt.close(fig)


def line(ax, label):
    (found,) = [candidate for candidate in ax.lines if candidate.get_label() == label]
    return found


def test_trajectories_and_their_lines(drawn):
    x, mus, sigmas, fig, _ = drawn
    for ax, path, true, ml, symbol, hat in (
        (fig.axes[0], mus, MU_TRUE, np.mean(x), r"\mu", r"\bar{x}"),
        (fig.axes[1], sigmas, SIGMA_TRUE, np.std(x), r"\sigma", "s"),
    ):
        trajectory = line(ax, f"${symbol}_t$").get_xydata()
        np.testing.assert_array_equal(trajectory[:, 0], np.arange(len(path)))
        np.testing.assert_array_equal(trajectory[:, 1], path)
        dashed = line(ax, f"true ${symbol}$")
        dotted = line(ax, f"maximum likelihood ${hat}$")
        assert (dashed.get_linestyle(), dotted.get_linestyle()) == ("--", ":")
        assert list(dashed.get_ydata()) == [true, true]
        assert list(dotted.get_ydata()) == pytest.approx([ml, ml], rel=1e-12)
        assert ax.get_xlabel() == "iteration $t$"
        assert ax.get_ylabel() == f"${symbol}_t$"


def test_path_and_points_on_the_hill(drawn):
    x, mus, sigmas, fig, _ = drawn
    ax = fig.axes[2]
    assert (ax.get_xlabel(), ax.get_ylabel()) == (r"$\mu$", r"$\sigma$")
    path = line(ax, "ascent").get_xydata()
    np.testing.assert_array_equal(path, np.transpose([mus, sigmas]))
    points = {
        "start": (mus[0], sigmas[0]),
        "maximum": (np.mean(x), np.std(x)),
        "true": (MU_TRUE, SIGMA_TRUE),
    }
    for label, point in points.items():
        assert line(ax, label).get_xydata()[0] == pytest.approx(point, rel=1e-12)
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    for mu, sigma in [*path, *points.values()]:
        assert left < mu < right
        assert low < sigma < high
    assert (ax.get_yscale() == "log") == (high > 20 * low)


def test_hill_is_the_log_likelihood_and_its_top_the_closed_form(drawn):
    x, mus, sigmas, fig, (mu, sigma, surface, levels) = drawn
    # The panel is the grid, which reaches a margin beyond all there is to show.
    assert fig.axes[2].get_xlim() == (mu[0], mu[-1])
    assert fig.axes[2].get_ylim() == pytest.approx((sigma[0], sigma[-1]))
    mean, s = np.mean(x), np.std(x)
    for axis, shown in (
        (mu, [*mus, MU_TRUE, mean - 1.5 * s, mean + 1.5 * s]),
        (np.log(sigma), np.log([*sigmas, SIGMA_TRUE, s / 2, 1.5 * s])),
    ):
        margin = 0.05 * np.ptp(shown)
        expected = min(shown) - margin, max(shown) + margin
        assert (axis[0], axis[-1]) == pytest.approx(expected, rel=1e-9)
        assert len(axis) >= 200
    for row in range(0, len(sigma), 23):
        for column in range(0, len(mu), 19):
            z2 = np.mean(((x - mu[column]) / sigma[row]) ** 2)
            ell = -0.5 * np.log(2 * np.pi) - np.log(sigma[row]) - z2 / 2
            assert surface[row, column] == pytest.approx(ell, rel=1e-9)
    row, column = np.unravel_index(np.argmax(surface), surface.shape)
    assert (mu[column], sigma[row]) == pytest.approx((mean, s), rel=1e-9)
    # The bands leave nothing blank, neither the foot of the hill nor its top.
    assert (levels[0], levels[-1]) == (surface.min(), surface.max())
    assert np.all(np.diff(levels) > 0)


def test_log_likelihood_of_the_samples():
    x = np.array([1.0, 2.0, 4.0])
    for mu, sigma in ((-3.0, 1.0), (2.0, 2.0), (5.0, 0.5)):
        root = sigma * np.sqrt(2 * np.pi)
        expected = np.mean(np.log(np.exp(-((x - mu) ** 2) / (2 * sigma**2)) / root))
        assert log_likelihood(mu, sigma, np.mean(x), np.std(x)) == pytest.approx(
            expected
        )


def test_legends_cover_nothing(drawn):
    *_, fig, _ = drawn
    boxes = [ax.get_legend().get_window_extent() for ax in fig.axes[:3]]
    for ax, box in zip(fig.axes, boxes):
        assert box.y0 > ax.bbox.y1
        assert fig.bbox.x0 <= box.x0 and box.x1 <= fig.bbox.x1 and box.y1 <= fig.bbox.y1
    assert boxes[0].x1 < boxes[1].x0
    assert boxes[1].x1 < boxes[2].x0


def test_same_bytes_from_the_same_settings(page_samples):
    pictures = []
    for _ in range(2):
        picture = io.BytesIO()
        fig = draw(page_samples, *fit(page_samples, **PAGE_FIT), 2.0, 2.0)
        fig.savefig(picture)
        plt.close(fig)
        pictures.append(picture.getvalue())
    assert pictures[0] == pictures[1]


def test_committed_picture_is_what_the_script_draws(run_main, tmp_path):
    run_main(picture=True, FIGURE=tmp_path / "now.png")
    now, committed = plt.imread(tmp_path / "now.png"), plt.imread(COMMITTED)
    assert COMMITTED.stat().st_size < 200_000
    assert now.shape == committed.shape
    assert now.shape[1] >= 1600  # twice the width of a README
    if f"version{matplotlib.__version__}," not in str(COMMITTED.read_bytes()[:200]):
        pytest.skip("drawn by another Matplotlib, which puts things elsewhere")
    # 1 more in the third digit of MU_START weighs four times as much.
    assert np.mean(abs(now - committed)) < 1e-4, "stale: run fit_gaussian.py again"
