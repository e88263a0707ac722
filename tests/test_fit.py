"""The ascent, against raw samples, theory and published values; what it refuses."""

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


# ---------------------------------------------------------------- the mathematics
def test_log_likelihood_is_that_of_the_normal_distribution():
    mu, sigma = np.array([-3, 1.3, 4]), np.array([0.5, 0.88, 7])
    found = script.log_likelihood(mu, sigma, *maximum_likelihood(PUBLISHED))
    assert found == pytest.approx([ell(-3, 0.5), ell(1.3, 0.88), ell(4, 7)])


@pytest.mark.parametrize("mu", [-3, 1.3, 4])
def test_best_sigma_is_the_distance_to_the_samples_and_nothing_is_better(mu):
    best = script.best_sigma(mu, *maximum_likelihood(PUBLISHED))
    mean_square = statistics.fmean((x - mu) ** 2 for x in PUBLISHED)
    assert best == pytest.approx(math.sqrt(mean_square))
    assert ell(mu, best) > max(ell(mu, 0.999 * best), ell(mu, 1.001 * best))


@pytest.mark.parametrize("mu, sigma", [(-3, 1), (2, 0.5), (0, 3), (4, 10), (1.3, 0.88)])
def test_steps_are_the_step_sizes_times_the_gradient(mu, sigma):
    h = 1e-5
    mus, sigmas = fit(PUBLISHED, mu, sigma, 0.02, 0.01, 1)
    slope_mu = (ell(mu + h, sigma) - ell(mu - h, sigma)) / (2 * h)
    slope_sigma = (ell(mus[1], sigma + h) - ell(mus[1], sigma - h)) / (2 * h)
    taken = [(mus[1] - mu) / 0.02, (sigmas[1] - sigma) / 0.01]
    assert taken == pytest.approx([slope_mu, slope_sigma], rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("share", [0.001, 1, 1.99])
def test_near_the_maximum_errors_are_multiplied_by_the_factors_of_the_readme(share):
    mus, _ = fit(TWO, 3 + 1e-6, 2, share * 4, 0.01, 1)
    # Exact in theory; rounding leaves the floats' spacing at 3, over the error of 1e-6.
    assert (mus[1] - 3) / 1e-6 == pytest.approx(1 - share, abs=1e-9)
    _, sigmas = fit(TWO, 3, 2 + 1e-6, 0.1, share * 2, 1)
    # The quadratic term that theory drops is of the size of the error, 1e-6.
    assert (sigmas[1] - 2) / 1e-6 == pytest.approx(1 - share, abs=1e-5)


# At zero, and below, which at the mean takes a step above 4 s^2 = 16.
ENDS = [(5.0, 4.0, 32.0, 1), (3.0, 1.72, 24.0, 3), (3.0, 8**0.5, 16.2, 1)]
ENDS += [(3.0, 1e-60, 1.0, 1), (1e40, 1e-90, 1.0, 1), (3.0, 8**0.5, 15.8, 11)]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("mu, sigma, step, ends", ENDS)
def test_the_ascent_ends_before_sigma_leaves_its_range(mu, sigma, step, ends):
    settings = np.array([mu, sigma, 1e-90, step])  # NumPy's floats would warn
    mus, sigmas, invalid = climb(3.0, 2.0, *settings, 10)
    np.testing.assert_array_equal(fit(TWO, *settings, 10), [mus, sigmas])
    assert mus.size == sigmas.size == ends
    # With one iteration less than the one that ends it, nothing happens.
    assert climb(3.0, 2.0, *settings, ends - 1)[2] is None
    if ends < 11:  # early
        last, mean_square = float(sigmas[-1]), 4 + (3 - mu) * (3 - mu)
        expected = last + step * (mean_square / last / last - 1) / last
        assert invalid == pytest.approx(expected)
        assert climb(3.0, 2.0, *settings, ends)[2] == invalid


# ------------------------------------------------------------------- the theorem
def random_starts(seed):
    """Rows of d, w, a and b: errors and steps in units of s, as in README.md."""
    rng = np.random.default_rng(seed)
    return np.exp(rng.uniform(np.log(1e-3), np.log([1e3, 1e3, 2, 0.5]), (25, 4)))


@pytest.mark.parametrize("seed", range(8))
def test_below_the_limits_sigma_turns_once_and_stays_above_the_curve(seed):
    for d, w, a, b in random_starts(seed):
        mus, sigmas, invalid = climb(0.0, 1.0, d, w, a, b, 2000)
        above = sigmas[1:] - np.hypot(1, mus[1:]) >= -1e-12  # but for rounding
        first = np.argmax(above) if above.any() else above.size
        assert invalid is None and np.all(above[first:])
        assert np.all(np.diff(sigmas[: first + 1]) > 0)
        assert np.all(np.diff(sigmas[first + 1 :]) < 1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_from_above_the_curve_nothing_leaps_and_the_time_is_bounded(seed):
    for d, w, a, b in random_starts(seed + 100) * [0.03, 0.03, 0.5, 1]:
        w = math.hypot(1, d) * (1 + w)  # above the curve, whatever d
        time = (w**2 + d**2 - 1 + math.log(1000)) / min(a, b * (2 - b))
        if time < 50_000:  # else it takes too long for a test
            mus, sigmas, _ = climb(0.0, 1.0, -d, w, a, b, math.ceil(time))
            assert np.all(np.diff(sigmas) <= 1e-12) and np.all(sigmas > 1 - 1e-12)
            assert np.all(np.diff(mus) >= 0) and np.all(mus <= 0)  # from one side
            assert np.all(-np.diff(sigmas**2) < 2 * b)  # the slow way down
            assert abs(mus[-1]) <= d / 1000


# --------------------------------------------------------- samples and settings
# The second is NIST's NumAcc4, whose standard deviation of 0.1 is divided by n - 1. The
# last number is what its samples are off by, as floats.
NUMACC4 = [10_000_000.2] + [10_000_000.1, 10_000_000.3] * 500
BEST = [(PUBLISHED, 1.3454545, 0.8794251, 5e-8)]
BEST += [(NUMACC4, 10_000_000.2, 0.1 * math.sqrt(1000 / 1001), np.spacing(1e7))]


@pytest.mark.parametrize("x, mean, s, near", BEST)
def test_published_values_are_the_maximum_and_the_end_of_the_ascent(x, mean, s, near):
    assert maximum_likelihood(x) == pytest.approx((mean, s), rel=0, abs=near)
    mus, sigmas = fit(x, mean - s, 1.5 * s, 0.9 * s**2, 0.45 * s**2, 100)
    assert (mus[-1], sigmas[-1]) == pytest.approx((mean, s), rel=0, abs=2 * near)


def series(values):
    return pytest.importorskip("pandas").Series(values, index=list("abc"))


def fractions(values):
    return [Fraction(value) for value in values]


KINDS = [list, tuple, np.array, np.float32, np.int8, np.uint64, np.ma.array]


@pytest.mark.parametrize("kind", [*KINDS, series, fractions])
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
NO_SPREAD = [[0.1] * 10, [-3.0] * 5, [1e9, 1e9 + 1e-5], [0, 1e-41]]
DATES = np.array(["2020-01-01", "2020-01-02"], "datetime64[D]")
NO_NUMBER = [([1, 2, None, 3], 2), ([1, math.nan], 1), (np.array([0, 1, math.inf]), 2)]
NO_NUMBER += [(["70", "65"], 0), ([70, "65"], 1), ([1.0, 1e41], 1), ([-1e41, 1.0], 0)]
NO_NUMBER += [(np.array([True, False]), 0), ([1, 2j], 1), ([Decimal(1), 2], 0)]
NO_NUMBER += [([2, 10**400], 1), (DATES, 0), ([1, [2, 3]], 1)]
REFUSED = [(MASKED, " must have no masked values")]
WANTED = " must be a list or column of 2 or more numbers, not of shape"
REFUSED += [(x, WANTED) for x in NO_COLUMN]
REFUSED += [(x, " must differ by more than rounding: their sta") for x in NO_SPREAD]
for x, i in NO_NUMBER:
    value = np.asarray(x, dtype=object)[i]
    wanted = "must be a number from -1e+40 to 1e+40, not"
    REFUSED.append((x, f"[{i}] {wanted} {value!r}"))


@pytest.mark.filterwarnings("ignore:Creating an ndarray")  # of NumPy before 1.24
@pytest.mark.parametrize("x, message", REFUSED, ids=repr)
def test_samples_without_a_fit_are_called_by_their_name(x, message):
    with pytest.raises(ValueError, match="^x" + re.escape(message)):
        fit(x, **PAGE)
    with pytest.raises(ValueError, match="^y" + re.escape(message)):
        maximum_likelihood(x, "y")
    with pytest.raises(ValueError, match="^x" + re.escape(message)):
        script.draw(x, np.ones(1), np.ones(1))


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


# -------------------------------------------------------------------- the verdict
def test_standard_errors_say_how_far_the_maximum_is_from_the_truth():
    x = np.random.default_rng(0).normal(-7, 3, (1000, 400))
    misses = np.array([x.mean(axis=1) + 7, x.std(axis=1) - 3])
    typical = np.sqrt(np.mean(misses**2, axis=1))
    assert script.standard_errors(3, 400) == pytest.approx(typical, rel=0.1)
