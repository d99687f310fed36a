"""Floors by hand: the base rate, and the recency rule."""

from dataclasses import replace

import numpy as np
import pytest
from tabular_world import parts, world

from readership.contracts import ModelSpec
from readership.errors import InputError
from readership.models._tabular import build


def test_base_rate_is_the_weighted_share() -> None:
    train, _, later = parts(world())
    weight = np.where(train.label == 1, 3.0, 1.0)
    share = 3 * train.label.sum() / weight.sum()
    margin = build(ModelSpec("base_rate")).fit(replace(train, weight=weight), None).margin(later.features)
    np.testing.assert_allclose(1 / (1 + np.exp(-margin)), share)


def test_base_rate_of_one_answer_stays_finite() -> None:
    train, _, later = parts(world())
    never = build(ModelSpec("base_rate")).fit(replace(train, label=np.zeros_like(train.label)), None)
    assert np.isfinite(never.margin(later.features)).all()


def test_recency_rises_with_the_time_since_the_last_visit_alone() -> None:
    train, _, later = parts(world())
    rule = build(ModelSpec("recency")).fit(train, None)
    column = train.names.index("days_since_last_session")
    order = np.argsort(later.features[:, column])
    assert (np.diff(rule.margin(later.features)[order]) >= 0).all()
    others = later.features.copy()
    others[:, [i for i in range(len(train.names)) if i != column]] = 0
    np.testing.assert_array_equal(rule.margin(others), rule.margin(later.features))


def test_recency_takes_the_column_there_is() -> None:
    train, _, _ = parts(world())
    whole_days = replace(
        train, names=tuple(n.replace("days_since_last_session", "current_gap_days") for n in train.names)
    )
    assert build(ModelSpec("recency")).fit(whole_days, None).spec.parameters["column"] == "current_gap_days"
    with pytest.raises(InputError, match="needs the feature days_since_last_session or current_gap_days"):
        build(ModelSpec("recency")).fit(train.select(("noise",)), None)
    with pytest.raises(InputError, match="needs the feature gone_days"):
        build(ModelSpec("recency", {"column": "gone_days"})).fit(train, None)
