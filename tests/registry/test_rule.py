"""The rule of promotion on arrays: superior, or newer and not worse beyond a margin; a first champion beats floors."""

import numpy as np
import pytest
from registry_world import an_evaluation

from readership.registry.rule import MARGIN, Decision, beats_floors, compare, newest, row_losses

RNG = np.random.default_rng(5)
CHAMPION = RNG.gamma(2, 0.3, 600)
READER = np.repeat(np.arange(300), 2)


def test_losses_are_those_of_the_probability_given_to_what_happened():
    assert row_losses([1, 0], [0.25, 0.25]) == pytest.approx([np.log(4), np.log(4 / 3)])
    assert np.isfinite(row_losses([1, 0], [0.0, 1.0])).all()


def test_superior_beyond_doubt_is_allowed_whatever_its_age():
    decision = compare(CHAMPION, CHAMPION - 0.05 + RNG.normal(0, 0.02, 600), READER)
    assert decision.allowed
    assert decision.difference["ci95"][1] < 0
    assert decision.reason.startswith("superior: log loss -0.0495 [-0.05")


def test_better_only_by_chance_is_refused():
    noise = RNG.normal(0, 1.0, 600)
    decision = compare(CHAMPION, CHAMPION + noise - noise.mean() - 0.001, READER)
    assert not decision.allowed
    assert "it was not trained on newer data" in decision.reason


@pytest.mark.parametrize(("worse", "allowed"), [(0.0, True), (0.9, True), (1.1, False)])
@pytest.mark.parametrize("answer", sorted(MARGIN))
def test_newer_data_may_cost_at_most_the_margin(worse, allowed, answer):
    challenger = CHAMPION + worse * MARGIN[answer]
    assert compare(CHAMPION, challenger, READER, newer=True, answer=answer).allowed is allowed
    assert compare(CHAMPION, challenger, READER, newer=False, answer=answer).allowed is False


def test_the_interval_is_clustered_by_reader():
    """The same 600 differences are decisive as 600 readers, and prove nothing as 3."""
    difference = np.repeat([-0.4, -0.2, 0.35], 200)
    assert compare(CHAMPION, CHAMPION + difference, np.arange(600)).allowed
    assert not compare(CHAMPION, CHAMPION + difference, np.repeat([1, 2, 3], 200)).allowed


def test_weights_count():
    difference = np.where(np.arange(600) < 300, -0.5, 0.4) + RNG.normal(0, 0.01, 600)
    assert not compare(CHAMPION, CHAMPION + difference, np.arange(600), np.where(np.arange(600) < 300, 1, 9)).allowed
    assert compare(CHAMPION, CHAMPION + difference, np.arange(600), np.where(np.arange(600) < 300, 9, 1)).allowed


def test_one_reader_proves_nothing():
    decision = compare([0.9, 0.8], [0.1, 0.1], [7, 7], newer=True)
    assert not decision.allowed
    assert "cannot be told" in decision.reason


def test_a_first_champion_that_beats_its_floors():
    assert beats_floors(an_evaluation()).allowed


@pytest.mark.parametrize(
    ("floors", "words"),
    [
        ({"recency": (0.01, [-0.01, 0.03])}, "does not beat the floor 'recency'"),
        ({"base_rate": (0.1, [0.05, 0.2]), "random_forest": (-0.02, [-0.03, -0.01])}, "floor 'random_forest'"),
        ({"base_rate": (0.1, [None, None])}, "too few held-out readers"),
    ],
)
def test_a_first_champion_that_does_not(floors, words):
    decision = beats_floors(an_evaluation(**floors))
    assert not decision.allowed
    assert words in decision.reason


def test_a_candidate_among_the_floors_may_tie():
    assert beats_floors(an_evaluation(base_rate=(0.1, [0.05, 0.2]), random_forest=(-0.002, [-0.01, 0.006]))).allowed


def test_an_evaluation_without_floors_shows_nothing():
    assert not beats_floors({}).allowed


def of_kind(kind, name, value, ends):
    return {"kind": kind, "champion": "it", "metrics": {name: {"value": value, "ci95": ends}}}


@pytest.mark.parametrize(
    ("kind", "name", "low", "allowed"),
    [
        ("segment", "stability_ari", 0.61, True),
        ("segment", "stability_ari", 0.59, False),
        ("uplift", "qini", 0.001, True),
        ("uplift", "qini", -0.001, False),
        ("uplift", "qini", None, False),
    ],
)
def test_answers_without_a_label_are_judged_by_one_figure(kind, name, low, allowed):
    decision = beats_floors(of_kind(kind, name, 0.8, [low, None if low is None else 0.9]))
    assert decision.allowed is allowed
    assert name in decision.reason


@pytest.mark.parametrize(("low", "allowed"), [(0.1, True), (-0.1, False)])
def test_scores_are_judged_by_their_squared_error(low, allowed):
    floor = {"difference_to_champion": {"rmse": {"value": 1.0, "ci95": [low, 2.0]}}}
    decision = beats_floors({"kind": "score", "champion": "it", "candidates": {}, "floors": {"last_value": floor}})
    assert decision.allowed is allowed
    assert row_losses([50, 0], [60, 100], "score").tolist() == pytest.approx([0.01, 1.0])


def test_what_cannot_be_compared_row_by_row_follows_on_newer_data_alone():
    good = beats_floors(of_kind("segment", "stability_ari", 0.8, [0.7, 0.9]))
    assert newest(good, "2026-02-01", "2026-01-01").allowed
    assert "not trained on newer data" in newest(good, "2026-01-01", "2026-01-01").reason
    bad = beats_floors(of_kind("segment", "stability_ari", 0.5, [0.4, 0.6]))
    assert not newest(bad, "2026-02-01", "2026-01-01").allowed


def test_a_champion_that_cannot_answer_any_more_is_followed_by_what_is_good_by_itself():
    good, bad = Decision(True, "good"), Decision(False, "bad")
    assert not newest(good, "2026-01-01", "2026-01-01").allowed
    assert newest(good, "2026-01-01", "2026-01-01", answers=False).allowed
    assert not newest(bad, "2026-02-01", "2026-01-01", answers=False).allowed
