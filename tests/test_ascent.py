"""The ascent: against the page's loop, the closed form, and what is proved of it."""

import math
import statistics

import numpy as np
import pytest
from helpers import page_loop, page_samples, settings

from fit_gaussian import best_sigma, fit, log_likelihood

ELEVEN = (1, 2, 1, 2, 3, 2, 1, 2, 0.5, 0.4, -0.1)
SMALL = np.array([1, 2, 4], "uint8")


def test_the_shipped_settings_find_the_truth_and_the_maximum():
    x = page_samples()
    mus, sigmas = fit(x, *settings())
    assert mus.shape == sigmas.shape == (501,)
    error_mu, error_sigma = 2 / math.sqrt(10_000), 2 / math.sqrt(20_000)
    assert abs(mus[-1] - 2) < 3 * error_mu and abs(sigmas[-1] - 2) < 3 * error_sigma
    assert abs(mus[-1] - np.mean(x)) < error_mu
    assert abs(sigmas[-1] - np.std(x)) < error_sigma


RUNS = [settings(), settings(STEP_MU=4.0, STEP_SIGMA=2.0), [1, 2, 1.0, 0.7, 50]]


@pytest.mark.parametrize("x", [page_samples(), ELEVEN, SMALL, [5e5, 5e5 + 3]], ids=len)
@pytest.mark.parametrize("run", RUNS, ids=str)
def test_the_trajectories_are_those_of_the_page_s_loop(x, run):
    np.testing.assert_allclose(fit(x, *run), page_loop(x, *run), rtol=1e-8)


def test_a_pandas_column_is_taken_and_the_first_iteration_is_that_by_hand():
    # mean 2, s 2: mu = -3 + 0.1 * 5, sigma = 1 + 0.01 * (4 + 4.5^2 - 1).
    column = pytest.importorskip("pandas").Series([0, 4], index=list("ab"))
    mus, sigmas = fit(column, -3, 1, 0.1, 0.01, 1)
    assert [*mus, *sigmas] == pytest.approx([-3, -2.5, 1, 1.2325])


def average_log_density(mu, sigma):
    density = statistics.NormalDist(mu, sigma).pdf
    return statistics.fmean(math.log(density(x)) for x in ELEVEN)


@pytest.mark.parametrize("mu, sigma", [(-3, 1), (2, 0.5), (0, 3), (1.3, 0.88)])
def test_steps_follow_finite_differences_of_the_log_likelihood(mu, sigma):
    h, ell = 1e-5, average_log_density
    mus, sigmas = fit(ELEVEN, mu, sigma, 0.02, 0.01, 1)
    slope_mu = (ell(mu + h, sigma) - ell(mu - h, sigma)) / (2 * h)
    slope_sigma = (ell(mus[1], sigma + h) - ell(mus[1], sigma - h)) / (2 * h)
    found = [(mus[1] - mu) / 0.02, (sigmas[1] - sigma) / 0.01]
    assert found == pytest.approx([slope_mu, slope_sigma], rel=1e-6, abs=1e-8)
    mean, s = np.mean(ELEVEN), np.std(ELEVEN)
    assert log_likelihood(mu, sigma, mean, s) == pytest.approx(ell(mu, sigma))
    beside = [ell(mu, share * best_sigma(mu, mean, s)) for share in (0.999, 1, 1.001)]
    assert max(beside) == beside[1]


@pytest.mark.parametrize("share, size", [(0.9, (1, 2)), (1.1, (2, 1))])
def test_it_ends_before_a_sigma_that_is_out_of_range(share, size):
    # Steps that take sigma from 2e-30, where its gradient is 0.9975 / 2e-30 downwards,
    # to a share of 1e-30, and from 5e29, where it is 6e-30 upwards, to one of 1e30.
    down = (2 - share) * 1e-30 * 2e-30 / 0.9975
    up = (share - 0.5) * 1e30 / 6e-30
    assert fit([-1e-31, 1e-31], 0, 2e-30, 1, down, 1)[1].size == size[0]
    assert fit([-1e30, 1e30], 0, 5e29, 1, up, 1)[1].size == size[1]
    mus, sigmas = fit([1.0, 5.0], 3, 1.72, 0.1, 24, 10)  # the third would be negative
    assert mus.size == sigmas.size == 3


# ------------------------------------------------------- what README.md proves of it
ONE = [-1.0, 1.0]  # mean 0, s 1: then d = -mu, w = sigma, a and b are the step sizes


def random_rows(low, high, n):
    return np.exp(np.random.default_rng(n).uniform(np.log(low), np.log(high), (n, 4)))


def test_below_both_limits_it_arrives_from_every_start():
    for d, w, a, b in random_rows([0.01, 0.7, 0.1, 0.1], [9, 9, 2, 1], 14):
        mus, sigmas = fit(ONE, d, w, min(a, 1.99), b, 40_000)
        near = 1e-6 if b < 0.98 else 0.02  # at b = 1, errors shrink like 1 / sqrt(t)
        assert abs(mus[-1]) < 1e-9 and abs(sigmas[-1] - 1) < near


@pytest.mark.parametrize("a, b", [(1.99, 0.9), (2.01, 0.3), (1.2, 0.99), (0.5, 1.01)])
def test_beside_the_maximum_errors_are_multiplied_by_1_a_and_1_2b(a, b):
    mus, sigmas = fit(ONE, 1e-7, 1 + 1e-7, a, b, 300)
    assert mus[1] / 1e-7 == pytest.approx(1 - a, abs=1e-5)
    assert (sigmas[1] - 1) / 1e-7 == pytest.approx(1 - 2 * b, abs=1e-5)
    assert (abs(mus[-1]) > 1e-7) == (a > 2)
    assert (abs(sigmas[-1] - 1) > 1e-7) == (b > 1)


def test_the_first_iteration_decides_whether_it_leaps():
    leaping = 0
    for d, w, a, b in random_rows([0.01, 0.1, 0.01, 0.01], [30, 9, 2, 0.5], 300):
        mus, sigmas = fit(ONE, d, w, a, b, 200)
        curve = np.hypot(1, mus[1:])
        mu_leaps = abs(mus[1:]) > abs(mus[:-1])
        sigma_leaps = (sigmas[:-1] < curve) & (sigmas[1:] > curve * (1 + 1e-12))
        predicted = w**2 < a / 2, w < curve[0] and w**3 < b * (w + curve[0])
        assert predicted == (mu_leaps[0], sigma_leaps[0])
        leaping += any(predicted)
        if not any(predicted):
            assert not mu_leaps.any() and not sigma_leaps.any()
            assert (np.diff(log_likelihood(mus, sigmas, 0, 1)) > -1e-12).all()
        # sigma^2 falls by less than 2 b in an iteration, but for rounding.
        assert (-np.diff(sigmas**2) < 2 * b + 1e-15 * sigmas[1:] ** 2).all()
    assert 60 < leaping < 240


def test_from_above_it_goes_straight_and_the_time_is_bounded():
    for d, w, a, b in random_rows([0.01, 1, 0.05, 0.05], [5, 3, 1, 0.5], 100):
        mus, sigmas = fit(ONE, -d, w * math.hypot(1, d), a, b, 400)
        assert (np.diff(sigmas) <= 1e-15).all() and (np.diff(mus) >= 0).all()
        assert (mus <= 0).all() and (sigmas >= 1 - 1e-12).all()
        y = sigmas**2 + mus**2 - 1
        y = y[y > 1e-9]  # below, rounding decides
        assert (-np.diff(y + np.log(y)) >= min(a, b * (2 - b)) * (1 - 1e-6)).all()
        assert (abs(mus[: y.size]) <= np.sqrt(y)).all()
        assert (sigmas[: y.size] - 1 <= y / 2 + 1e-15).all()
