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


def random_runs(step_mu, step_sigma):
    """Step sizes and trajectories of 40 runs. Mean 0 and s = 1 make their laws short."""
    rng = np.random.default_rng(0)
    for _ in range(40):
        mu, sigma = rng.uniform(0.1, 4), rng.uniform(0.7, 4)
        a, b = rng.uniform(0.1, step_mu), rng.uniform(0.1, step_sigma)
        yield a, b, *fit([-1.0, 1.0], mu, sigma, a, b, 5_000)


def test_below_the_limits_every_run_arrives():
    for _, _, mus, sigmas in random_runs(step_mu=1.99, step_sigma=0.99):
        assert abs(mus[-1]) < 0.01
        assert abs(sigmas[-1] - 1) < 0.01


def test_distance_over_sigma_to_the_power_k_never_rises():
    for a, b, mus, sigmas in random_runs(step_mu=1.99, step_sigma=0.1):
        ratio = abs(mus) / sigmas ** (a / b)
        assert (ratio[1:] <= ratio[:-1] * (1 + 1e-12)).all()  # but for rounding


def test_sigma_squared_falls_by_less_than_twice_its_step_size():
    for _, b, _, sigmas in random_runs(step_mu=1.99, step_sigma=2):
        assert (sigmas[:-1] ** 2 - sigmas[1:] ** 2 < 2 * b).all()


def test_above_the_curve_it_stays_above_and_goes_straight():
    for _, _, mus, sigmas in random_runs(step_mu=0.9, step_sigma=0.5):
        above = sigmas > np.sqrt(1 + mus**2) + 1e-12
        assert (np.diff(mus[above]) <= 0).all() or (np.diff(mus[above]) >= 0).all()
        assert (np.diff(sigmas[above]) <= 0).all()
        assert (np.diff(np.flatnonzero(above)) == 1).all()
