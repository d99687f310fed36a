"""The search for settings: on validation alone, never worse than what comes, and gone on with where it stopped."""

from collections.abc import Iterable, Iterator

import numpy as np
import pytest
from tabular_world import parts, world

from readership.contracts import Model, ModelSpec
from readership.models._rows import spread_loss
from readership.models._search import SPACES, search
from readership.models._tabular import CANDIDATES, SCORES, build

SPECS = [ModelSpec("logistic_regression"), ModelSpec("lightgbm"), ModelSpec("blend")]


class Counted:
    """Builds models and counts them; stops by force at the n-th."""

    def __init__(self, stop_at: int = 1_000) -> None:
        self.specs: list[ModelSpec] = []
        self.stop_at = stop_at

    def __call__(self, spec: ModelSpec) -> Model:
        if len(self.specs) == self.stop_at:
            raise KeyboardInterrupt
        self.specs.append(spec)
        return build(spec)


def run(journal, trials, built, each=iter):
    train, valid, _ = parts(world(readers=150))
    return search(SPECS, train, valid, built, spread_loss, journal, trials, each)


def test_every_candidate_that_has_settings_has_a_space():
    assert set(SPACES) == {*CANDIDATES, *SCORES} - {"blend", "ensemble"}


def test_the_first_trials_are_the_candidates_as_they_come_and_none_found_is_worse(tmp_path):
    built = Counted()
    found = run(tmp_path / "a.jsonl", 8, built)
    assert [spec.name for spec in built.specs[:2]] == ["logistic_regression", "lightgbm"]
    assert not any(spec.parameters for spec in built.specs[:2])
    assert len(built.specs) == 8
    assert set(found) == {"logistic_regression", "lightgbm"}
    for name, one in found.items():
        assert one.spec.name == name
        assert one.loss <= one.usual_loss


def test_what_was_found_fits_to_the_loss_that_was_said(tmp_path):
    train, valid, _ = parts(world(readers=150))
    for one in run(tmp_path / "a.jsonl", 6, Counted()).values():
        again = build(one.spec).fit(train, valid)
        loss = spread_loss(valid.label, again.margin(valid.features), valid.weight)
        assert loss == pytest.approx(one.loss, abs=1e-6)


def test_a_search_stopped_by_force_goes_on_and_one_that_is_done_fits_nothing(tmp_path):
    journal = tmp_path / "a.jsonl"
    with pytest.raises(KeyboardInterrupt):
        run(journal, 6, Counted(stop_at=3))
    after = Counted()
    found = run(journal, 6, after)
    assert len(after.specs) == 3
    again = Counted()
    assert run(journal, 6, again) == found
    assert again.specs == []


def test_progress_hears_of_the_trials_that_are_left(tmp_path):
    heard: list[int] = []

    def each(numbers: Iterable[int]) -> Iterator[int]:
        for number in numbers:
            heard.append(number)
            yield number

    run(tmp_path / "a.jsonl", 2, Counted())
    run(tmp_path / "a.jsonl", 4, Counted(), each)
    assert heard == [2, 3]


def test_the_rows_of_the_test_are_never_seen(tmp_path):
    """The search is given training and validation rows; what it fits and judges are those."""
    train, valid, _ = parts(world(readers=150))
    seen: list[int] = []

    def loss(label, margin, weight):
        seen.append(len(label))
        return spread_loss(label, margin, weight)

    search(SPECS, train, valid, build, loss, tmp_path / "a.jsonl", 3)
    assert seen == [int(np.isfinite(valid.label).sum())] * 3
