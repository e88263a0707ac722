"""The ascent: it finds the truth, is the page's loop, and obeys its laws."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from helpers import PAGE_SAMPLES, page_loop, settings

from fit_gaussian import fit


def test_the_shipped_run_ends_near_the_truth_and_near_the_closed_form():
    mu, sigma = (trajectory[-1] for trajectory in fit(PAGE_SAMPLES, *settings()))
    error_mu, error_sigma = 2 / math.sqrt(10_000), 2 / math.sqrt(20_000)
    assert abs(mu - 2) < 3 * error_mu and abs(sigma - 2) < 3 * error_sigma
    assert abs(mu - np.mean(PAGE_SAMPLES)) < error_mu
    assert abs(sigma - np.std(PAGE_SAMPLES)) < error_sigma


@pytest.mark.parametrize("changes", [{}, {"STEP_MU": 4.0, "STEP_SIGMA": 2.0}], ids=str)
@pytest.mark.parametrize("x", [PAGE_SAMPLES, [1, 2, 4, 3, -0.5]], ids=len)
def test_the_trajectories_are_those_of_the_page_s_loop(x, changes):
    expected = page_loop(x, *settings(**changes))
    np.testing.assert_allclose(fit(x, *settings(**changes)), expected, rtol=1e-11)


@pytest.mark.parametrize("mu, sigma", [(-3.0, 1.0), (2.0, 0.5), (0.0, 3.0)])
def test_a_step_is_the_step_size_times_the_slope_of_the_log_likelihood(mu, sigma):
    x, h = [1, 2, 4, 3, -0.5], 1e-5
    (_, new_mu), (_, new_sigma) = fit(x, mu, sigma, 0.02, 0.01, 1)

    def log_likelihood(mu, sigma):
        return np.mean([math.log(NormalDist(mu, sigma).pdf(each)) for each in x])

    rise = log_likelihood(mu + h, sigma) - log_likelihood(mu - h, sigma)
    assert new_mu - mu == pytest.approx(0.02 * rise / (2 * h), rel=1e-8)
    # sigma uses the new mu.
    rise = log_likelihood(new_mu, sigma + h) - log_likelihood(new_mu, sigma - h)
    assert new_sigma - sigma == pytest.approx(0.01 * rise / (2 * h), rel=1e-8)


def random_runs(highest_step_mu, highest_step_sigma):
    """Step sizes and trajectories of 40 runs on two samples with mean 0 and s = 1."""
    # mu, sigma, step size of mu, step size of sigma
    lowest, highest = [0.1, 0.7, 0.1, 0.1], [4, 4, highest_step_mu, highest_step_sigma]
    rng = np.random.default_rng(0)
    for mu, sigma, step_mu, step_sigma in rng.uniform(lowest, highest, (40, 4)):
        mus, sigmas = fit([-1.0, 1.0], mu, sigma, step_mu, step_sigma, 5_000)
        yield step_mu, step_sigma, mus, sigmas


def test_below_the_limits_every_run_arrives():
    for _, _, mus, sigmas in random_runs(1.99, 0.99):
        assert [mus[-1], sigmas[-1]] == pytest.approx([0, 1], abs=1e-9)


def test_distance_over_sigma_to_the_k_never_rises():  # the law of README's proof
    for step_mu, step_sigma, mus, sigmas in random_runs(1.99, 0.99):
        k = step_mu / step_sigma
        if k >= 1:  # which the law needs
            assert (np.diff(abs(mus) / sigmas**k) <= 0).all()


def test_sigma_squared_falls_slowly():  # so "the way down takes at least ..."
    for _, step_sigma, _, sigmas in random_runs(1.99, 2):
        assert (-np.diff(sigmas**2) < 2 * step_sigma).all()


def test_above_the_curve_sigma_only_falls_and_mu_comes_nearer():
    for _, _, mus, sigmas in random_runs(0.9, 0.5):
        # In the end, it lies on the curve, but for rounding.
        above = np.flatnonzero(sigmas > np.sqrt(1 + mus**2) + 1e-12)
        assert (np.diff(above) == 1).all()  # it does not leave and come back
        assert (np.diff(sigmas[above]) <= 0).all()
        assert (np.diff(abs(mus[above])) <= 0).all()
