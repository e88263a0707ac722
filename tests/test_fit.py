"""The ascent, against the closed form, theory, hand computation and raw samples."""

import math
import statistics
import tracemalloc

import numpy as np
import pytest
from conftest import PAGE_FIT

from fit_gaussian import fit, maximum_likelihood

PUBLISHED = [1, 2, 1, 2, 3, 2, 1, 2, 0.5, 0.4, -0.1]
FOUR = [0.0, 4.0]  # mean 2, standard deviation 2, exactly


def settle(x):
    """Fit from close by, with steps at which both errors shrink tenfold."""
    mean, s = statistics.fmean(x), statistics.pstdev(x)
    start = {"mu": mean - s, "sigma": 1.5 * s}
    return fit(x, **start, step_mu=0.9 * s**2, step_sigma=0.45 * s**2, n_iterations=100)


def average_log_likelihood(x, mu, sigma):
    """From the standard library's density, sample by sample."""
    density = statistics.NormalDist(mu, sigma).pdf
    return math.fsum(math.log(density(value)) for value in x) / len(x)


# ------------------------------------------------------------------ convergence


def test_page_settings_end_near_the_closed_form_and_the_truth(page_samples):
    mus, sigmas = fit(page_samples, **PAGE_FIT)
    se_mu, se_sigma = 2 / math.sqrt(10_000), 2 / math.sqrt(20_000)
    assert abs(mus[-1] - np.mean(page_samples)) < se_mu
    assert abs(sigmas[-1] - np.std(page_samples)) < se_sigma
    assert abs(mus[-1] - 2) < 3 * se_mu
    assert abs(sigmas[-1] - 2) < 3 * se_sigma


def test_enough_iterations_meet_the_closed_form(page_samples):
    mus, sigmas = fit(page_samples, **{**PAGE_FIT, "n_iterations": 6000})
    assert mus[-1] == pytest.approx(math.fsum(page_samples) / 10_000, abs=1e-9)
    assert sigmas[-1] == pytest.approx(statistics.pstdev(page_samples), abs=1e-9)


def test_many_seeds_meet_the_closed_form_and_scatter_as_the_standard_errors_say():
    misses = []
    for seed in range(200):
        x = np.random.default_rng(seed).normal(-7, 3, 400)
        mus, sigmas = settle(x)
        assert mus[-1] == pytest.approx(statistics.fmean(x), abs=1e-9)
        assert sigmas[-1] == pytest.approx(statistics.pstdev(x), abs=1e-9)
        *_, se_mu, se_sigma = maximum_likelihood(x)
        misses.append([(mus[-1] + 7) / se_mu, (sigmas[-1] - 3) / se_sigma])
    # The mean square of 200 standard normal values is 1, give or take 0.1.
    assert np.mean(np.square(misses), axis=0) == pytest.approx([1, 1], abs=0.3)


def test_published_example():
    assert maximum_likelihood(PUBLISHED) == pytest.approx(
        (1.3454545, 0.8794251, 0.2651566, 0.1874941), abs=5e-8
    )
    mus, sigmas = settle(PUBLISHED)
    assert mus[-1] == pytest.approx(1.3454545, abs=5e-8)
    assert sigmas[-1] == pytest.approx(0.8794251, abs=5e-8)


def test_a_large_offset_costs_no_accuracy():
    # NIST's NumAcc4: mean 10,000,000.2 and, dividing by n - 1, standard deviation 0.1.
    x = [10_000_000.2] + [10_000_000.1, 10_000_000.3] * 500
    s = 0.1 * math.sqrt(1000 / 1001)
    spacing = np.spacing(1e7)  # of floats there: what the samples themselves are off by
    assert maximum_likelihood(x)[:2] == pytest.approx(
        (10_000_000.2, s), rel=0, abs=spacing
    )
    mus, sigmas = settle(x)
    assert mus[-1] == pytest.approx(10_000_000.2, rel=0, abs=2 * spacing)
    assert sigmas[-1] == pytest.approx(s, rel=0, abs=2 * spacing)


# ------------------------------------------------------------------ the updates


def test_first_step_by_hand():
    mus, sigmas = fit(FOUR, -3, 1, 0.1, 0.01, 1)
    assert mus.tolist() == [-3, pytest.approx(-3 + 0.1 * 5)]
    # The new mu is 4.5 from the mean. With the old one, 5 from it, sigma would be 1.28.
    assert sigmas.tolist() == [1, pytest.approx(1 + 0.01 * (2**2 + 4.5**2 - 1))]
    assert sigmas[1] == pytest.approx(1.2325)


def test_trajectories_are_those_of_the_raw_samples(page_samples):
    x = page_samples[:100]
    mu, sigma = -3.0, 1.0
    expected = [(mu, sigma)]
    for _ in range(500):
        mu = mu + 0.1 * np.mean((x - mu) / sigma**2)
        sigma = sigma + 0.01 * np.mean((x - mu) ** 2 / sigma**3 - 1 / sigma)
        expected.append((mu, sigma))
    mus, sigmas = fit(x, **PAGE_FIT)
    np.testing.assert_allclose(np.transpose([mus, sigmas]), expected, rtol=1e-12)


@pytest.mark.parametrize("mu, sigma", [(-3, 1), (2, 0.5), (0, 3), (4, 10), (1.3, 0.88)])
def test_steps_are_the_gradient(mu, sigma):
    h = 1e-5

    def slopes(mu, sigma):
        def ell(m, d):
            return average_log_likelihood(PUBLISHED, m, d)

        return (
            (ell(mu + h, sigma) - ell(mu - h, sigma)) / (2 * h),
            (ell(mu, sigma + h) - ell(mu, sigma - h)) / (2 * h),
        )

    step = 0.01
    mus, sigmas = fit(PUBLISHED, mu, sigma, step, step, 1)
    taken = (mus[1] - mu) / step, (sigmas[1] - sigma) / step
    expected = slopes(mu, sigma)[0], slopes(mus[1], sigma)[1]
    assert taken == pytest.approx(expected, rel=1e-6, abs=1e-8)
    # The check is sharp enough to reject a slope that is off by 1 in 100,000.
    assert taken != pytest.approx([1.00001 * e for e in expected], rel=1e-6, abs=1e-8)


def test_log_likelihood_never_falls_at_the_page_settings(page_samples):
    x = page_samples[:1000]
    mus, sigmas = (path[:, np.newaxis] for path in fit(x, **PAGE_FIT))
    climb = np.mean(-((x - mus) ** 2) / (2 * sigmas**2) - np.log(sigmas), axis=1)
    assert np.all(np.diff(climb) > 0)


def test_the_maximum_is_a_fixed_point():
    mus, sigmas = fit(FOUR, 2, 2, 0.1, 0.01, 10)
    assert mus.tolist() == sigmas.tolist() == [2] * 11


@pytest.mark.parametrize("a, b", [(1, 100), (3, 0), (0.01, -5), (-2, 7)])
def test_shift_and_scale(a, b):
    x = np.array(PUBLISHED)
    mus, sigmas = fit(x, -3, 1, 0.1, 0.01, 300)
    steps = 0.1 * a**2, 0.01 * a**2
    moved_mus, moved_sigmas = fit(a * x + b, a * -3 + b, abs(a), *steps, 300)
    np.testing.assert_allclose(moved_mus, a * mus + b, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(moved_sigmas, abs(a) * sigmas, rtol=1e-9)


# ------------------------------------------------------------ rates and limits


@pytest.mark.parametrize("step", [0.01, 0.1, 1, 4, 6, 7.9])
def test_rate_of_mu(step):
    mus, _ = fit(FOUR, 2 + 1e-6, 2, step, 0.01, 1)
    # Exact in theory; rounding leaves the floats' spacing at 2, over the error of 1e-6.
    assert (mus[1] - 2) / 1e-6 == pytest.approx(1 - step / 4, abs=1e-9)


@pytest.mark.parametrize("step", [0.001, 0.01, 0.1, 1, 2, 3, 3.9])
def test_rate_of_sigma(step):
    _, sigmas = fit(FOUR, 2, 2 + 1e-6, 0.1, step, 1)
    # The quadratic term that theory drops is of the size of the error, 1e-6.
    assert (sigmas[1] - 2) / 1e-6 == pytest.approx(1 - 2 * step / 4, abs=1e-5)


def test_rates_of_the_page_settings():
    mus, sigmas = fit(FOUR, **{**PAGE_FIT, "n_iterations": 2000})
    assert (mus[300] - 2) / (mus[299] - 2) == pytest.approx(0.975, abs=1e-3)
    assert (sigmas[2000] - 2) / (sigmas[1999] - 2) == pytest.approx(0.995, abs=1e-5)


@pytest.mark.parametrize("share, settles", [(0.99, True), (1.01, False)])
def test_stability_limits(share, settles):
    s2 = 4
    mus, _ = fit(FOUR, 2.01, 2, share * 2 * s2, 1e-9, 200)
    assert (abs(mus[-1] - 2) < 0.01) == settles
    _, sigmas = fit(FOUR, 2, 2.01, 0.1, share * s2, 2000)
    assert (abs(sigmas[-1] - 2) < 0.01) == settles
    assert np.all(sigmas < 4)  # it bounces, it does not escape


def test_at_the_mean_sigma_can_turn_negative_only_beyond_4_s2():
    s2 = 4
    for sigma in np.geomspace(0.01, 100, 401):
        fit(FOUR, 2, sigma, 0.1, 0.99 * 4 * s2, 1)
    with pytest.raises(ArithmeticError, match=r"sigma = -0\.0\d+ at iteration 1$"):
        fit(FOUR, 2, math.sqrt(2 * s2), 0.1, 1.01 * 4 * s2, 1)


def test_far_out_sigma_squared_falls_by_twice_the_step_and_mu_hardly_moves():
    mus, sigmas = fit(FOUR, -3, 100, 0.1, 0.5, 1000)
    falls = -np.diff(sigmas**2)
    assert np.all(falls < 2 * 0.5)
    assert falls == pytest.approx(2 * 0.5, rel=0.01)
    assert abs(mus[-1] - mus[0]) < 5 * 1000 * 0.1 / sigmas[-1] ** 2


# -------------------------------------------------------------- what goes in and out


def test_returns_float_arrays_that_begin_with_the_start():
    for path, start in zip(fit([1, 2, 4], 5, 6, 0.1, 0.1, 7), (5, 6)):
        assert path.dtype == np.float64
        assert path.shape == (8,)
        assert path[0] == start
    assert [path.tolist() for path in fit([1, 2, 4], 5, 6, 0.1, 0.1, 0)] == [[5], [6]]


@pytest.mark.parametrize("kind", [list, tuple, np.array, np.float32, np.int64])
def test_any_array_like_is_taken_and_left_as_it_was(kind):
    x = kind([1, 2, 4])
    before = np.array(x)
    expected = fit(np.array([1.0, 2.0, 4.0]), 0, 1, 0.1, 0.1, 20)
    np.testing.assert_array_equal(fit(x, 0, 1, 0.1, 0.1, 20), expected)
    np.testing.assert_array_equal(x, before)


def test_numpy_settings_do_not_warn():
    settings = np.array([0.0, 1e-150, 0.1, 0.01])  # NumPy's floats would overflow
    with pytest.raises(ArithmeticError, match="sigma = inf at iteration 1$"):
        fit(FOUR, *settings, 3)


def test_memory_holds_the_samples_once():
    x = np.random.default_rng(0).normal(size=1_000_000)
    tracemalloc.start()
    fit(x, 0, 1, 0.1, 0.1, 10)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < x.nbytes / 2


def test_only_mean_and_variance_matter(page_samples):
    again = np.tile(page_samples, 25)  # 250,000 samples: more than one part
    for path, same in zip(fit(page_samples, **PAGE_FIT), fit(again, **PAGE_FIT)):
        np.testing.assert_allclose(same, path, rtol=1e-12)


@pytest.mark.parametrize(
    "x, reason",
    [
        ([], "2 or more"),
        ([1.0], "2 or more"),
        (3.0, "2 or more"),
        ([[1.0, 2.0], [3.0, 4.0]], "2 or more"),
        ([0.1] * 10, "from 0.1 to 0.1"),
        ([1.0, math.nan, 2.0], "from nan to nan"),
        ([1.0, math.inf], "from 1 to inf"),
        ([-math.inf, 1.0], "from -inf to 1"),
        ([-1e200, 1e200], "no finite spread"),
        ([0.0, 1e-200], "no finite spread"),
    ],
)
def test_samples_without_a_fit(x, reason):
    with pytest.raises(ValueError, match=reason):
        fit(x, 0, 1, 0.1, 0.1, 10)


@pytest.mark.parametrize(
    "settings, message",
    [
        ((0, 0, 0.1, 0.1), "sigma = 0 at iteration 0"),
        ((0, -1, 0.1, 0.1), "sigma = -1 at iteration 0"),
        ((0, math.nan, 0.1, 0.1), "sigma = nan at iteration 0"),
        ((0, 1e-170, 0.1, 0.1), "sigma = 1e-170 at iteration 0"),  # its square is 0
        ((0, 1e170, 0.1, 0.1), r"sigma = 1e\+170 at iteration 0"),  # its square is inf
        # From sqrt(8), a step of 20: sigma - 20 (1 - 4 / 8) / sigma = -0.707.
        ((2, math.sqrt(8), 0.1, 20), r"sigma = -0\.707 at iteration 1"),
        ((1e200, 1, 0.1, 0.1), "sigma = inf at iteration 1"),
        ((math.nan, 1, 0.1, 0.1), "sigma = nan at iteration 1"),
    ],
)
def test_leaving_the_model(settings, message):
    with pytest.raises(ArithmeticError, match=f"^{message}$"):
        fit(FOUR, *settings, 10)


def test_the_iteration_that_leaves_the_model_is_named():
    sigmas = [1.72]
    for _ in range(3):  # mu = mean = 2 throughout, s = 2
        sigmas.append(sigmas[-1] - 24 * (1 - 4 / sigmas[-1] ** 2) / sigmas[-1])
    assert min(sigmas[:3]) > 0 > sigmas[3]
    fit(FOUR, 2, 1.72, 0.1, 24, 2)
    with pytest.raises(
        ArithmeticError, match=f"sigma = {sigmas[3]:.3g} at iteration 3$"
    ):
        fit(FOUR, 2, 1.72, 0.1, 24, 1000)
