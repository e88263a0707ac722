"""The ascent: it finds the truth, is the page's, follows the gradient, and arrives."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from helpers import page_loop, page_samples, settings

from fit_gaussian import fit


def test_the_shipped_run_ends_near_the_truth_and_near_the_closed_form():
    x = page_samples()
    mus, sigmas = fit(x, *settings())
    error_mu, error_sigma = 2 / math.sqrt(10_000), 2 / math.sqrt(20_000)
    assert abs(mus[-1] - 2) < 3 * error_mu
    assert abs(sigmas[-1] - 2) < 3 * error_sigma
    assert abs(mus[-1] - np.mean(x)) < error_mu
    assert abs(sigmas[-1] - np.std(x)) < error_sigma


@pytest.mark.parametrize("changes", [{}, {"STEP_MU": 4.0, "STEP_SIGMA": 2.0}], ids=str)
@pytest.mark.parametrize("x", [page_samples(), [1, 2, 4, 3, -0.5], [5e5, 5e5 + 3]])
def test_the_trajectories_are_those_of_the_page_s_loop(x, changes):
    expected = page_loop(x, *settings(**changes))
    np.testing.assert_allclose(fit(x, *settings(**changes)), expected, rtol=1e-8)


@pytest.mark.parametrize("mu, sigma", [(-3.0, 1.0), (2.0, 0.5), (0.0, 3.0)])
def test_a_step_is_the_step_size_times_the_slope_of_the_log_likelihood(mu, sigma):
    x = [1, 2, 4, 3, -0.5]
    (_, new_mu), (_, new_sigma) = fit(x, mu, sigma, 0.02, 0.01, 1)

    def log_likelihood(mu, sigma):
        return np.mean([math.log(NormalDist(mu, sigma).pdf(each)) for each in x])

    h = 1e-5
    up, down = log_likelihood(mu + h, sigma), log_likelihood(mu - h, sigma)
    assert (new_mu - mu) / 0.02 == pytest.approx((up - down) / (2 * h), rel=1e-6)
    up, down = log_likelihood(new_mu, sigma + h), log_likelihood(new_mu, sigma - h)
    assert (new_sigma - sigma) / 0.01 == pytest.approx((up - down) / (2 * h), rel=1e-6)


# Laws, each at random. These samples have mean 0 and s = 1, which makes them short.
ONE = [-1.0, 1.0]


def random_settings(n, mu, sigma, step_mu, step_sigma):
    """n random starts and steps, each up to its bound; positive, as signs do not matter."""
    low = np.log([0.01, 0.3, 0.05, 0.05])
    high = np.log([mu, sigma, step_mu, step_sigma])
    return np.exp(np.random.default_rng(n).uniform(low, high, (n, 4)))


def test_below_the_limits_every_run_arrives():
    for start_and_steps in random_settings(
        20, mu=9, sigma=9, step_mu=1.99, step_sigma=0.99
    ):
        mus, sigmas = fit(ONE, *start_and_steps, 20_000)
        assert abs(mus[-1]) < 0.01 and abs(sigmas[-1] - 1) < 0.01


def test_distance_over_sigma_to_the_k_falls_in_every_iteration():
    for mu, sigma, a, b in random_settings(
        99, mu=30, sigma=9, step_mu=1.99, step_sigma=1
    ):
        mus, sigmas = fit(ONE, mu, sigma, max(a, b), min(a, b), 200)
        ratio = abs(mus) / sigmas ** (max(a, b) / min(a, b))
        assert (ratio[1:] <= ratio[:-1] * (1 + 1e-12)).all()  # but for rounding


def test_sigma_squared_falls_by_less_than_twice_the_step_size():
    for mu, sigma, a, b in random_settings(99, mu=30, sigma=9, step_mu=9, step_sigma=9):
        _, sigmas = fit(ONE, mu, sigma, a, b, 200)
        assert (-np.diff(sigmas**2) < 2 * b + 1e-15 * sigmas[1:] ** 2).all()


def test_from_above_the_curve_it_goes_straight():
    for mu, share, a, b in random_settings(
        99, mu=5, sigma=9, step_mu=1, step_sigma=0.5
    ):
        sigma = math.hypot(1, mu) * (1 + share)
        mus, sigmas = fit(ONE, mu, sigma, a, b, 200)
        assert (np.diff(mus) <= 0).all() and (mus >= 0).all()
        assert (np.diff(sigmas) <= 1e-15).all()
