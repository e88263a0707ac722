"""The ascent, against the closed form, theory, hand computation and raw samples."""

import math
import re
import statistics
import tracemalloc

import numpy as np
import pytest
from conftest import PAGE_FIT

from fit_gaussian import climb, fit, log_likelihood, maximum_likelihood

PUBLISHED = [1, 2, 1, 2, 3, 2, 1, 2, 0.5, 0.4, -0.1]
FOUR = [0.0, 4.0]  # mean 2, standard deviation 2, exactly


def settle(x):
    """Fit from close by, with steps at which both errors shrink tenfold."""
    mean, s = statistics.fmean(x), statistics.pstdev(x)
    mus, sigmas = fit(x, mean - s, 1.5 * s, 0.9 * s**2, 0.45 * s**2, 100)
    return mus[-1], sigmas[-1]


def ell(mu, sigma):
    """The average log-likelihood of PUBLISHED, sample by sample."""
    density = statistics.NormalDist(mu, sigma).pdf
    return statistics.fmean(math.log(density(x)) for x in PUBLISHED)


def test_page_settings_meet_the_closed_form(page_samples):
    mus, sigmas = fit(page_samples, **{**PAGE_FIT, "n_iterations": 6000})
    assert abs(mus[500] - np.mean(page_samples)) < 2 / math.sqrt(10_000)
    assert abs(sigmas[500] - np.std(page_samples)) < 2 / math.sqrt(20_000)
    assert mus[-1] == pytest.approx(math.fsum(page_samples) / 10_000, abs=1e-9)
    assert sigmas[-1] == pytest.approx(statistics.pstdev(page_samples), abs=1e-9)


def test_many_seeds_scatter_as_the_standard_errors_say():
    misses = []
    for seed in range(200):
        x = np.random.default_rng(seed).normal(-7, 3, 400)
        mu, sigma = settle(x)
        *_, se_mu, se_sigma = maximum_likelihood(x)
        misses.append([(mu + 7) / se_mu, (sigma - 3) / se_sigma])
    # The mean square of 200 standard normal values is 1, give or take 0.1.
    assert np.mean(np.square(misses), axis=0) == pytest.approx([1, 1], abs=0.3)


def test_published_example():
    best = 1.3454545, 0.8794251, 0.2651566, 0.1874941
    assert maximum_likelihood(PUBLISHED) == pytest.approx(best, abs=5e-8)
    assert settle(PUBLISHED) == pytest.approx(best[:2], abs=5e-8)


def test_a_large_offset_costs_no_accuracy():
    # NIST's NumAcc4: mean 10,000,000.2 and, dividing by n - 1, standard deviation 0.1.
    x = [10_000_000.2] + [10_000_000.1, 10_000_000.3] * 500
    best = 10_000_000.2, 0.1 * math.sqrt(1000 / 1001)
    spacing = np.spacing(1e7)  # of floats there: what the samples themselves are off by
    assert maximum_likelihood(x)[:2] == pytest.approx(best, rel=0, abs=spacing)
    assert settle(x) == pytest.approx(best, rel=0, abs=2 * spacing)


def test_log_likelihood_is_that_of_the_normal_distribution():
    mean, s, *_ = maximum_likelihood(PUBLISHED)
    mu, sigma = np.array([-3, 1.3, 4]), np.array([[0.5], [0.88], [7]])
    expected = [[ell(m, d) for m in mu] for d in sigma[:, 0]]
    assert log_likelihood(mu, sigma, mean, s) == pytest.approx(np.array(expected))


def test_first_step_by_hand():
    mus, sigmas = fit(FOUR, -3, 1, 0.1, 0.01, 1)
    assert mus.tolist() == [-3, pytest.approx(-3 + 0.1 * 5)]
    # The new mu is 4.5 from the mean. With the old one, 5 from it, sigma would be 1.28.
    assert sigmas.tolist() == [1, pytest.approx(1 + 0.01 * (2**2 + 4.5**2 - 1))]


def test_trajectories_are_those_of_the_raw_samples(page_samples):
    x = page_samples[:100]
    mu, sigma = -3.0, 1.0
    expected = [(mu, sigma)]
    for _ in range(500):
        mu = mu + 0.1 * np.mean((x - mu) / sigma**2)
        sigma = sigma + 0.01 * np.mean((x - mu) ** 2 / sigma**3 - 1 / sigma)
        expected.append((mu, sigma))
    np.testing.assert_allclose(fit(x, **PAGE_FIT), np.transpose(expected), rtol=1e-12)


@pytest.mark.parametrize("mu, sigma", [(-3, 1), (2, 0.5), (0, 3), (4, 10), (1.3, 0.88)])
def test_steps_are_the_gradient(mu, sigma):
    h = 1e-5
    mus, sigmas = fit(PUBLISHED, mu, sigma, 0.01, 0.01, 1)
    taken = np.array([mus[1] - mu, sigmas[1] - sigma]) / 0.01
    slope_mu = (ell(mu + h, sigma) - ell(mu - h, sigma)) / (2 * h)
    slope_sigma = (ell(mus[1], sigma + h) - ell(mus[1], sigma - h)) / (2 * h)
    assert taken == pytest.approx([slope_mu, slope_sigma], rel=1e-6, abs=1e-8)
    # The check is sharp enough to reject a slope that is off by 1 in 100,000.
    assert 1.00001 * taken != pytest.approx([slope_mu, slope_sigma], rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("a, b", [(1, 100), (3, 0), (0.01, -5), (-2, 7)])
def test_shift_and_scale(a, b):
    x, steps = np.array(PUBLISHED), np.array([0.1, 0.01])
    mus, sigmas = fit(x, -3, 1, *steps, 300)
    moved_mus, moved_sigmas = fit(a * x + b, a * -3 + b, abs(a), *steps * a**2, 300)
    np.testing.assert_allclose(moved_mus, a * mus + b, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(moved_sigmas, abs(a) * sigmas, rtol=1e-9)


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 1, 1.5, 1.99])
def test_rates(share):
    mus, _ = fit(FOUR, 2 + 1e-6, 2, share * 4, 0.01, 1)
    # Exact in theory; rounding leaves the floats' spacing at 2, over the error of 1e-6.
    assert (mus[1] - 2) / 1e-6 == pytest.approx(1 - share, abs=1e-9)
    _, sigmas = fit(FOUR, 2, 2 + 1e-6, 0.1, share * 2, 1)
    # The quadratic term that theory drops is of the size of the error, 1e-6.
    assert (sigmas[1] - 2) / 1e-6 == pytest.approx(1 - share, abs=1e-5)


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
        assert fit(FOUR, 2, sigma, 0.1, 0.99 * 4 * s2, 1).shape == (2, 2)
    assert fit(FOUR, 2, math.sqrt(2 * s2), 0.1, 1.01 * 4 * s2, 1).shape == (2, 1)


def test_far_out_sigma_squared_falls_by_twice_the_step_and_mu_hardly_moves():
    mus, sigmas = fit(FOUR, -3, 100, 0.1, 0.5, 1000)
    falls = -np.diff(sigmas**2)
    assert np.all(falls < 2 * 0.5)
    assert falls == pytest.approx(2 * 0.5, rel=0.01)
    assert abs(mus[-1] - mus[0]) < 5 * 1000 * 0.1 / sigmas[-1] ** 2


@pytest.mark.parametrize("kind", [list, tuple, np.array, np.float32, np.int64])
def test_any_array_like_is_taken_and_left_as_it_was(kind):
    x = kind([1, 2, 4])
    path = fit(x, 5, 6, 0.1, 0.1, 7)
    assert (path.dtype, path.shape, list(path[:, 0])) == (np.float64, (2, 8), [5, 6])
    np.testing.assert_array_equal(path, fit([1.0, 2.0, 4.0], 5.0, 6.0, 0.1, 0.1, 7))
    assert list(x) == [1, 2, 4]


def test_memory_holds_the_samples_once():
    x = np.random.default_rng(0).normal(size=1_000_000)
    tracemalloc.start()
    fit(x, 0, 1, 0.1, 0.1, 10)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < x.nbytes / 2


def test_only_mean_and_variance_matter(page_samples):
    again = np.tile(page_samples, 25)  # 250,000 samples: more than one part
    path = fit(page_samples, **PAGE_FIT)
    np.testing.assert_allclose(fit(again, **PAGE_FIT), path, rtol=1e-12)


ENDS = [(2, 1.72, 24, 3), (2, 8**0.5, 20, 1)]  # below zero, at iterations 3 and 1
ENDS += [(2, 1e-150, 1e150, 1), (1e200, 1, 0.01, 1), (math.nan, 1, 0.01, 1)]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("mu, sigma, step, length", ENDS)
def test_the_path_ends_before_sigma_is_no_positive_number(mu, sigma, step, length):
    # With NumPy's floats in the loop there would be a warning.
    path, followed = climb(2.0, 2.0, *np.array([mu, sigma, 1e-9, step]), 1000)
    np.testing.assert_array_equal(fit(FOUR, mu, sigma, 1e-9, step, 1000), path)
    assert path.shape == (2, length)
    assert np.all(path[1] > 0)
    last, mean_square = float(path[1, -1]), 4 + (mu - 2) * (mu - 2)  # mu hardly moves
    expected = last + step * (mean_square / last / last - 1) / last
    assert followed == pytest.approx(expected, nan_ok=True)
    assert not 0 < followed < 1e154


NO_FIT = [[], [1.0], [0.1] * 10, [1e9, 1e9 + 1e-6], [1.0, math.nan], [1.0, math.inf]]


@pytest.mark.parametrize("x", [*NO_FIT, [-1e200, 1e200], [0.0, 1e-200]])
def test_samples_without_a_fit(x):
    with pytest.raises(ValueError, match="the size of x" if len(x) < 2 else "spread"):
        fit(x, 0, 1, 0.1, 0.1, 10)


NO_SIZE = [0, -1, math.nan, math.inf, 1e-200, 1e200, "1", None]
BAD = [(k, v) for k in ("sigma", "step_mu", "step_sigma") for v in NO_SIZE]
BAD += [("n_iterations", value) for value in (0, -1, 1.5, 1e4, "1", None)]


@pytest.mark.parametrize("name, value", BAD)
def test_a_bad_setting_is_named(name, value):
    message = f"^{name} must .* not {re.escape(repr(value))}$"
    with pytest.raises(ValueError, match=message):
        fit(FOUR, **{**PAGE_FIT, name: value})
