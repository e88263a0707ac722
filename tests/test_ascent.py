"""The ascent: it finds the truth, is the page's loop, and obeys its laws."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from helpers import SHIPPED_SAMPLES, page_loop, settings

from fit_gaussian import fit


def test_the_shipped_run_ends_near_the_truth_and_near_the_closed_form():
    mu, sigma = (trajectory[-1] for trajectory in fit(SHIPPED_SAMPLES, *settings()))
    error_mu, error_sigma = 2 / math.sqrt(10_000), 2 / math.sqrt(20_000)
    assert abs(mu - 2) < 3 * error_mu and abs(sigma - 2) < 3 * error_sigma
    assert abs(mu - np.mean(SHIPPED_SAMPLES)) < error_mu
    assert abs(sigma - np.std(SHIPPED_SAMPLES)) < error_sigma


@pytest.mark.parametrize("changes", [{}, {"STEP_MU": 4.0, "STEP_SIGMA": 2.0}], ids=str)
@pytest.mark.parametrize("x", [SHIPPED_SAMPLES, [1, 2, 4, 3, -0.5]], ids=len)
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


@pytest.mark.parametrize("seed", range(40))
def test_the_laws_that_the_readme_proves(seed):
    # mu, sigma, step size of mu, step size of sigma
    lowest, highest = [0.1, 0.7, 0.1, 0.1], [4, 4, 1.99, 0.99]  # limits: 2 and 1
    start_and_steps = np.random.default_rng(seed).uniform(lowest, highest)
    mus, sigmas = fit([-1.0, 1.0], *start_and_steps, 5_000)  # mean 0 and s = 1
    *_, step_mu, step_sigma = start_and_steps
    # Below the limits, it arrives.
    assert [mus[-1], sigmas[-1]] == pytest.approx([0, 1], abs=1e-9)
    # sigma^2 falls slowly, so that the way down takes long.
    assert (np.diff(sigmas**2) > -2 * step_sigma).all()
    # |mean - mu| / sigma^k never grows, if k >= 1 (step 2 of "It always arrives").
    k = step_mu / step_sigma
    assert k < 1 or (np.diff(abs(mus) / sigmas**k) <= 0).all()
    # Above the curve, sigma only falls and mu comes nearer.
    above = sigmas >= np.sqrt(1 + mus**2)
    assert step_sigma > 0.5 or (np.diff(sigmas[above]) <= 0).all()
    assert step_sigma > 0.5 or (np.diff(abs(mus[above])) <= 0).all()
