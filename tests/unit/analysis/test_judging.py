"""Metrics against known values; intervals hold what they promise on rows nobody calibrated on."""

import numpy as np
import pytest

from analysis.features.spec import Matrix
from analysis.predictors import metrics
from analysis.predictors.evaluation import is_usable
from analysis.predictors.intervals import calibrate, covered, quantile
from analysis.predictors.reach import reach_of
from analysis.trainers.protocol import Guess


def test_errors_of_a_small_case_by_hand() -> None:
    found = metrics.regression(np.array([0.0, 2.0]), np.array([1.0, 1.0]), np.array([0.0, 1.0, 5.0]))
    assert found["mae"] == 1.0
    assert found["baseline_mae"] == 1.0  # the mean, 2, misses by 2 and 0
    assert found["baseline_median_mae"] == 1.0
    assert found["r2"] == 0.0


def test_roc_auc_counts_ties_half() -> None:
    positive = np.array([True, True, False, False])
    assert metrics.roc_auc(positive, np.array([0.9, 0.5, 0.5, 0.1])) == 0.875
    assert metrics.roc_auc(np.array([True]), np.array([1.0])) is None


def test_always_the_commonest_class_has_balanced_accuracy_one_half() -> None:
    truth = np.array([0.0, 0.0, 0.0, 1.0])
    found = metrics.classification(truth, np.eye(2)[[0, 0, 0, 1]], truth)
    assert found["balanced_accuracy"] == found["accuracy"] == found["roc_auc"] == 1.0
    assert (found["baseline_accuracy"], found["baseline_balanced_accuracy"]) == (0.75, 0.5)


def test_the_conformal_quantile_has_rank_n_plus_one_times_level() -> None:
    assert quantile(np.arange(1.0, 20.0), 0.9) == 18.0  # ceil(20 * 0.9)


def test_intervals_cover_nine_in_ten_where_the_noise_varies() -> None:
    random = np.random.default_rng(0)
    noise = random.uniform(0.1, 3.0, 5000)
    truth, guess = random.normal(size=5000) * noise, Guess(np.zeros(5000), noise * random.uniform(0.8, 1.2, 5000))
    inside = covered("regression", guess, truth, np.array_split(np.arange(5000), 5))
    assert inside.mean() == pytest.approx(0.9, abs=0.015)
    assert inside[noise > 2].mean() == pytest.approx(0.9, abs=0.05)


def test_a_guess_without_spread_still_has_an_interval() -> None:
    truth = np.random.default_rng(1).normal(size=100)
    intervals = calibrate("regression", Guess(np.zeros(100), np.zeros(100)), truth)
    assert intervals.holds(Guess(np.zeros(100), np.zeros(100)), truth).mean() >= 0.9


def test_class_sets_hold_at_least_the_likeliest() -> None:
    shares = np.array([[0.6, 0.4], [0.5, 0.5], [0.99, 0.01]])
    intervals = calibrate("classification", Guess(shares, shares[:, 0]), np.array([0.0, 1.0, 0.0]))
    assert intervals.classes(Guess(shares, shares[:, 0])).any(axis=1).all()


def test_a_model_no_better_than_the_mean_is_not_usable() -> None:
    fold = {"mae": 1.0, "baseline_mae": 0.9, "baseline_median_mae": 1.1}
    assert not is_usable("regression", [fold] * 3)
    assert is_usable("regression", [{**fold, "mae": 0.5}] * 3)


def test_a_far_row_is_farther_than_the_limit() -> None:
    values = np.random.default_rng(0).normal(size=(200, 4))
    matrix = Matrix(values, ("a", "b", "c", "d"), ("column",) * 4)
    reach = reach_of(matrix, [str(at) for at in range(200)], seed=0)
    far = Matrix(np.full((1, 4), 30.0), matrix.names, matrix.blocks)
    assert reach.distances(far)[0] > reach.limit
    assert (reach.distances(matrix) <= reach.limit).mean() > 0.98
