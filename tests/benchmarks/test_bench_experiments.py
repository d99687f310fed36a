"""`bench experiments` on a small scale: splits by the protocol, CUPED beside its prediction, all figures there."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from readership.benchmarks import experiments
from readership.errors import InputError


def made(moment: datetime, number: int) -> str:
    """A test's id: eight hexadecimal digits of seconds, then anything."""
    return f"{int(moment.timestamp()):08x}{number:016x}"


@pytest.fixture
def data(tmp_path):
    """Five tests: two during the fault, of them one broken; three outside, one of them broken."""
    tests = [
        (datetime(2013, 6, 25, tzinfo=UTC), [1_000, 1_500]),
        (datetime(2014, 1, 10, 23, tzinfo=UTC), [1_000, 1_010, 990]),
        (datetime(2014, 1, 11, tzinfo=UTC), [1_000, 1_000]),
        (datetime(2013, 6, 24, 23, tzinfo=UTC), [900, 1_400]),
        (datetime(2015, 1, 1, tzinfo=UTC), [5, 9]),
    ]
    rows = [(made(at, n), arm) for n, (at, arms) in enumerate(tests) for arm in arms]
    (tmp_path / "upworthy").mkdir()
    names = ["clickability_test_id", "impressions"]
    pl.DataFrame(rows, schema=names, orient="row").write_parquet(tmp_path / "upworthy/upworthy_clean.parquet")
    return tmp_path


def test_splits_are_judged_by_when_a_test_was_made(data) -> None:
    inside, outside = experiments.broken_splits(data)
    assert sorted(inside.tolist()) == [False, True]
    assert sorted(outside.tolist()) == [False, False, True]


def test_without_the_data_it_says_what_is_missing(tmp_path) -> None:
    with pytest.raises(InputError, match="the folder that holds upworthy/"):
        experiments.broken_splits(tmp_path)


def test_every_figure_is_there(data, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiments, "UNITS", 300)
    monkeypatch.setattr(experiments, "SMALL_READERS", 8_000)
    monkeypatch.setattr(experiments, "SMALL_EVENTS", 240_000)
    found = experiments.run(data=data, runs=100, exposures=10_000)
    figures = found["figures"]
    assert 0 <= figures["false_positive_rate_anytime"] <= 0.05 < figures["false_positive_rate_fixed_peeking"]
    assert (figures["srm_flag_share_fault_window"], figures["srm_flag_share_outside"]) == (0.5, 0.3333)
    assert figures["cuped_variance_cut"] == pytest.approx(figures["cuped_variance_cut_predicted"], rel=0.15)
    assert figures["analysis_seconds_10m"] > 0
    assert figures["analysis_units"] == 4_000
    assert np.isfinite([value for value in figures.values() if isinstance(value, float)]).all()
