"""The ascent, against the closed form, theory, hand computation and raw samples."""

import math
import re
import statistics
import tracemalloc
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from conftest import PAGE

import fit_gaussian as script
from fit_gaussian import climb, fit, maximum_likelihood

PUBLISHED = [1, 2, 1, 2, 3, 2, 1, 2, 0.5, 0.4, -0.1]
TWO = [1.0, 5.0]  # mean 3, standard deviation 2, exactly


def ell(mu, sigma):
    """The average log-likelihood of PUBLISHED, sample by sample."""
    density = statistics.NormalDist(mu, sigma).pdf
    return statistics.fmean(math.log(density(x)) for x in PUBLISHED)


def settle(x):
    """Fit from close by, with steps at which both errors shrink tenfold."""
    mean, s = statistics.fmean(x), statistics.pstdev(x)
    mus, sigmas = fit(x, mean - s, 1.5 * s, 0.9 * s**2, 0.45 * s**2, 100)
    return mus[-1], sigmas[-1]


# ---------------------------------------------------------------- the mathematics
def test_log_likelihood_is_that_of_the_normal_distribution():
    mean, s = maximum_likelihood(PUBLISHED)
    mu, sigma = np.array([-3, 1.3, 4]), np.array([[0.5], [0.88], [7]])
    expected = [[ell(m, d) for m in mu] for d in sigma[:, 0]]
    assert script.log_likelihood(mu, sigma, mean, s) == pytest.approx(
        np.array(expected)
    )


@pytest.mark.parametrize("mu", [-3, 1.3, 4])
def test_best_sigma_is_the_distance_to_the_samples_and_nothing_is_better(mu):
    best = script.best_sigma(mu, *maximum_likelihood(PUBLISHED))
    mean_square = statistics.fmean((x - mu) ** 2 for x in PUBLISHED)
    assert best == pytest.approx(math.sqrt(mean_square))
    assert ell(mu, best) > max(ell(mu, 0.999 * best), ell(mu, 1.001 * best))


def test_first_step_by_hand():
    mus, sigmas = fit(TWO, -2, 1, 0.1, 0.01, 1)
    assert mus.tolist() == [-2, pytest.approx(-2 + 0.1 * 5)]
    # The new mu is 4.5 from the mean. With the old one, 5 from it, sigma would be 1.28.
    assert sigmas.tolist() == [1, pytest.approx(1 + 0.01 * (2**2 + 4.5**2 - 1))]


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


def test_trajectories_are_those_of_the_raw_samples(page_samples):
    x = page_samples[:100]
    mu, sigma = -3.0, 1.0
    expected = [(mu, sigma)]
    for _ in range(500):
        mu = mu + 0.1 * np.mean((x - mu) / sigma**2)
        sigma = sigma + 0.01 * np.mean((x - mu) ** 2 / sigma**3 - 1 / sigma)
        expected.append((mu, sigma))
    np.testing.assert_allclose(fit(x, **PAGE), np.transpose(expected), rtol=1e-12)


@pytest.mark.parametrize("a, b", [(1, 100), (3, 0), (0.01, -5), (-2, 7)])
def test_shift_and_scale(a, b):
    x, steps = np.array(PUBLISHED), np.array([0.1, 0.01])
    mus, sigmas = fit(x, -3, 1, *steps, 300)
    moved_mus, moved_sigmas = fit(a * x + b, a * -3 + b, abs(a), *steps * a**2, 300)
    np.testing.assert_allclose(moved_mus, a * mus + b, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(moved_sigmas, abs(a) * sigmas, rtol=1e-9)


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 1, 1.5, 1.99])
def test_rates(share):
    mus, _ = fit(TWO, 3 + 1e-6, 2, share * 4, 0.01, 1)
    # Exact in theory; rounding leaves the floats' spacing at 3, over the error of 1e-6.
    assert (mus[1] - 3) / 1e-6 == pytest.approx(1 - share, abs=1e-9)
    _, sigmas = fit(TWO, 3, 2 + 1e-6, 0.1, share * 2, 1)
    # The quadratic term that theory drops is of the size of the error, 1e-6.
    assert (sigmas[1] - 2) / 1e-6 == pytest.approx(1 - share, abs=1e-5)


@pytest.mark.parametrize("share, settles", [(0.99, True), (1.01, False)])
def test_both_sides_of_the_limits_of_stability(share, settles):
    mus, _ = fit(TWO, 3.01, 2, share * 8, 1e-9, 200)
    assert (abs(mus[-1] - 3) < 0.01) == settles
    _, sigmas = fit(TWO, 3, 2.01, 0.1, share * 4, 2000)
    assert (abs(sigmas[-1] - 2) < 0.01) == settles
    assert np.all(sigmas < 4)  # it bounces, it does not escape


def test_at_the_mean_sigma_can_turn_negative_only_beyond_4_s2():
    for sigma in np.geomspace(0.01, 100, 401):
        assert fit(TWO, 3, sigma, 0.1, 0.99 * 16, 1)[1].size == 2
    assert fit(TWO, 3, math.sqrt(8), 0.1, 1.01 * 16, 1)[1].size == 1


ENDS = [(3.0, 1.72, 24.0, 3), (3.0, 8**0.5, 20.0, 1)]  # below zero
ENDS += [(3.0, 1e-60, 1.0, 1), (1e40, 1e-90, 1.0, 1), (3.0, 1e30, 1e-90, None)]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("mu, sigma, step, ends", ENDS)
def test_the_ascent_ends_before_sigma_leaves_its_range(mu, sigma, step, ends):
    settings = np.array([mu, sigma, 1e-90, step])  # NumPy's floats would warn
    mus, sigmas, invalid = climb(3.0, 2.0, *settings, 10)
    np.testing.assert_array_equal(fit(TWO, *settings, 10), [mus, sigmas])
    assert np.all((sigmas >= 1e-90) & (sigmas <= 1e90))
    if ends is None:
        assert (mus.size, sigmas.size, invalid) == (11, 11, None)
        return
    assert mus.size == sigmas.size == ends
    last, mean_square = float(sigmas[-1]), 4 + (3 - mu) * (3 - mu)  # mu hardly moves
    expected = last + step * (mean_square / last / last - 1) / last
    assert invalid == pytest.approx(expected) and not 1e-90 <= invalid <= 1e90
    # At the very last iteration, too. With one less, nothing happens.
    assert climb(3.0, 2.0, *settings, ends)[2] == invalid
    assert climb(3.0, 2.0, *settings, ends - 1)[2] is None


# ------------------------------------------------------------------- the theorem
def random_starts(seed, n):
    """Rows of d, w, a and b: errors and steps in units of s, as in README.md."""
    rng = np.random.default_rng(seed)
    return np.exp(rng.uniform(np.log(1e-3), np.log([1e3, 1e3, 2, 0.5]), (n, 4)))


@pytest.mark.parametrize("seed", range(8))
def test_below_the_limits_sigma_turns_once_and_stays_above_the_curve(seed):
    for d, w, a, b in random_starts(seed, 25):
        mus, sigmas, invalid = climb(0.0, 1.0, d, w, a, b, 2000)
        assert invalid is None
        above = sigmas[1:] - np.hypot(1, mus[1:]) >= -1e-12  # but for rounding
        first = np.argmax(above) if above.any() else above.size
        assert np.all(above[first:])
        assert np.all(np.diff(sigmas[: first + 1]) > 0)
        assert np.all(np.diff(sigmas[first + 1 :]) < 1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_from_above_the_curve_nothing_leaps_and_the_time_is_bounded(seed):
    for d, w, a, b in random_starts(seed + 100, 25) * [1, 1, 0.5, 1]:
        d, w = min(d, 30), min(w, 30)
        w = math.hypot(1, d) * (1 + w)  # above the curve, whatever d
        c, share = min(a, b * (2 - b)), 1e-3
        bound = math.ceil((w**2 + d**2 - 1 + math.log(1 / share)) / c)
        if bound < 50_000:  # else it takes too long for a test
            mus, sigmas, _ = climb(0.0, 1.0, -d, w, a, b, bound)
            assert np.all(np.diff(sigmas) <= 1e-12) and np.all(sigmas > 1 - 1e-12)
            assert np.all(np.diff(mus) >= 0) and np.all(mus <= 0)  # from one side
            assert np.all(-np.diff(sigmas**2) < 2 * b)  # the slow way down
            assert abs(mus[-1]) <= share * d


# --------------------------------------------------------- samples and settings
def test_page_settings_meet_the_closed_form(page_samples):
    mus, sigmas = fit(page_samples, **{**PAGE, "n_iterations": 6000})
    assert abs(mus[500] - np.mean(page_samples)) < 2 / math.sqrt(10_000)
    assert abs(sigmas[500] - np.std(page_samples)) < 2 / math.sqrt(20_000)
    assert mus[-1] == pytest.approx(math.fsum(page_samples) / 10_000, abs=1e-9)
    assert sigmas[-1] == pytest.approx(statistics.pstdev(page_samples), abs=1e-9)


def test_many_seeds_scatter_as_the_standard_errors_say():
    misses = []
    for seed in range(200):
        x = np.random.default_rng(seed).normal(-7, 3, 400)
        mu, sigma = settle(x)
        se_mu, se_sigma = script.standard_errors(np.std(x), 400)
        misses.append([(mu + 7) / se_mu, (sigma - 3) / se_sigma])
    # The mean square of 200 standard normal values is 1, give or take 0.1.
    assert np.mean(np.square(misses), axis=0) == pytest.approx([1, 1], abs=0.3)


# The second is NIST's NumAcc4, whose standard deviation of 0.1 is divided by n - 1. The
# last number is what its samples are off by, as floats.
NUMACC4 = [10_000_000.2] + [10_000_000.1, 10_000_000.3] * 500
BEST = [(PUBLISHED, 1.3454545, 0.8794251, 5e-8)]
BEST += [(NUMACC4, 10_000_000.2, 0.1 * math.sqrt(1000 / 1001), np.spacing(1e7))]


@pytest.mark.parametrize("x, mean, s, near", BEST)
def test_published_values(x, mean, s, near):
    assert maximum_likelihood(x) == pytest.approx((mean, s), rel=0, abs=near)
    assert settle(x) == pytest.approx((mean, s), rel=0, abs=2 * near)


def series(values):
    return pytest.importorskip("pandas").Series(values, index=list("abc"))


KINDS = [list, tuple, np.array, np.float32, np.int8, np.uint64, np.ma.array]


@pytest.mark.parametrize("kind", [*KINDS, series, lambda x: [*map(Fraction, x)]])
def test_any_kind_of_numbers_is_taken_and_left_as_it_was(kind):
    x = kind([1, 2, 4])
    mus, sigmas = fit(x, 5, 6, np.float32(0.5), np.int64(1), np.int64(7))
    assert (mus.dtype, mus.shape, mus[0], sigmas[0]) == (np.float64, (8,), 5, 6)
    expected = fit([1.0, 2.0, 4.0], 5.0, 6.0, 0.5, 1.0, 7)
    np.testing.assert_array_equal([mus, sigmas], expected)
    assert list(x) == [1, 2, 4]


def test_memory_holds_the_samples_once():
    x = np.random.default_rng(0).normal(size=1_000_000)
    tracemalloc.start()
    fit(x, 0, 1, 0.1, 0.1, 10)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.1 * x.nbytes  # the page's loop needs as much: one copy


MASKED = np.ma.array([1, 2, 3, 999], mask=[0, 0, 0, 1])
NO_COLUMN = [[], [1.0], 7, "marks.csv", None, [[1, 2], [3, 4]], np.ones((1, 9)), {1, 2}]
NO_SPREAD = [[0.1] * 10, [-3.0] * 5, [1e9, 1e9 + 1e-5], [-1e9, -1e9 - 1e-4], [0, 1e-41]]
DATES = np.array(["2020-01-01", "2020-01-02"], "datetime64[D]")
NO_NUMBER = [([1, 2, None, 3], 2), ([1, math.nan], 1), (np.array([0, 1, math.inf]), 2)]
NO_NUMBER += [(["70", "65"], 0), ([70, "65"], 1), ([1.0, 1e41], 1), ([-1e41, 1.0], 0)]
NO_NUMBER += [(np.array([True, False]), 0), ([1, 2j], 1), ([Decimal(1), 2], 0)]
NO_NUMBER += [([2, 10**400], 1), (DATES, 0)]
WANTED = "be a list or column of 2 or more numbers, not of shape"
REFUSED = [(MASKED, "have no masked values$")] + [(x, WANTED) for x in NO_COLUMN]
REFUSED += [(x, "differ by more than rounding: their standard dev") for x in NO_SPREAD]


@pytest.mark.parametrize("x, message", REFUSED, ids=repr)
def test_samples_without_a_fit_are_called_by_their_name(x, message):
    with pytest.raises(ValueError, match=f"^x must {message}"):
        fit(x, **PAGE)
    with pytest.raises(ValueError, match=f"^y must {message}"):
        maximum_likelihood(x, "y")


@pytest.mark.parametrize("x, position", NO_NUMBER, ids=repr)
def test_the_first_value_that_is_no_number_is_named(x, position):
    value = np.asarray(x, dtype=object)[position]
    message = f"x[{position}] must be a number from -1e+40 to 1e+40, not {value!r}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fit(x, **PAGE)


@pytest.mark.parametrize("mean, n", [(1e9, 2), (-1e9, 10_000), (1.7e18, 40_000)])
def test_the_least_spread_is_ten_gaps_between_floats(mean, n):
    least = 10 * np.spacing(abs(mean)) * max(100, math.sqrt(n))
    maximum_likelihood(mean + 1.1 * least * np.resize([-1.0, 1.0], n))
    with pytest.raises(ValueError, match="rounding"):
        maximum_likelihood(mean + 0.9 * least * np.resize([-1.0, 1.0], n))


NO_SIZE = [0, -1, math.nan, math.inf, 1e-91, 1e91, "1", None, True, [1.0], 10**400]
BAD = [(k, v) for k in ("sigma_start", "step_mu", "step_sigma") for v in NO_SIZE]
BAD += [("mu_start", v) for v in (math.nan, -math.inf, 1.1e41, -1.1e41, "1", None, 2j)]
BAD += [("n_iterations", v) for v in (0, -5, 1.5, 1e4, "1", None, True, 1_000_001)]
RANGES = {"mu_start": "a number from -1e+41 to 1e+41"}
RANGES["n_iterations"] = "a whole number from 1 to 1,000,000"


@pytest.mark.parametrize("name, value", BAD, ids=repr)
def test_a_bad_setting_is_named(name, value):
    wanted = RANGES.get(name, "a number from 1e-90 to 1e+90")
    message = f"{name.upper()} must be {wanted}, not {value!r}"
    for call in (fit, script.verdict):
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            call(TWO, **{**PAGE, name: value})
