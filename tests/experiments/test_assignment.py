"""Assignment beside GrowthBook's own SDK, in its spread, and in what takes a unit out."""

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from trial import trial

from readership.experiments.assignment import assign, assign_many, bucket, fnv1a32
from readership.experiments.definition import Experiment

IDS = [
    *(f"reader-{n}" for n in range(3_000)),
    "ü",
    "日本",
    "😀-1",
    "a" * 90,
    "0",
    "-42",
    *(f"é{n}" for n in range(200)),
]


def chosen(experiment: Experiment, units: list[str]) -> list[str | None]:
    return [found.variant if (found := assign(experiment, unit)) else None for unit in units]


def by_growthbook(experiment: Experiment, units: list[str]) -> list[str | None]:
    """The same, by GrowthBook's SDK."""
    growthbook = pytest.importorskip("growthbook")
    namespace = experiment.namespace
    found: list[str | None] = []
    for unit in units:
        asked = growthbook.Experiment(
            key=experiment.key, variations=list(experiment.variants), weights=list(experiment.weights),
            coverage=experiment.coverage, hashVersion=2, hashAttribute="id",
            namespace=(namespace.name, namespace.low, namespace.high) if namespace else None,
        )  # fmt: skip
        result = growthbook.GrowthBook(attributes={"id": unit}).run(asked)
        found.append(experiment.variants[result.variationId] if result.inExperiment else None)
    return found


SPLITS = [
    (),
    (('variants = ["control", "hybrid"]', 'variants = ["control", "b", "c"]'), ("[0.5, 0.5]", "[0.1, 0.3, 0.6]")),
    (("pre_days = 14", "pre_days = 14\ncoverage = 0.3"),),
    (("pre_days = 14", 'pre_days = 14\nnamespace = {name = "home", range = [0.2, 0.7]}'),),
    (("pre_days = 14", 'pre_days = 14\nnamespace = {name = "Öl", range = [0, 0.5]}'),),
]


@pytest.mark.parametrize("changes", SPLITS)
def test_every_unit_gets_what_growthbook_gives_it(tmp_path, changes) -> None:
    experiment = trial(tmp_path, *changes)
    assert chosen(experiment, IDS) == by_growthbook(experiment, IDS)


@pytest.mark.parametrize("changes", SPLITS)
def test_many_at_once_are_as_one_by_one(tmp_path, changes) -> None:
    experiment = trial(tmp_path, *changes)
    places = assign_many(experiment, [*IDS, ""])
    assert [None if at < 0 else experiment.variants[at] for at in places] == chosen(experiment, [*IDS, ""])


def test_numbers_worked_out_by_hand() -> None:
    # FNV-1a of "a": (0x811c9dc5 ^ 0x61) * 0x01000193 mod 2^32
    assert fnv1a32("a") == ((0x811C9DC5 ^ 0x61) * 0x01000193) % 2**32 == 0xE40C292C
    assert bucket("", "a") == fnv1a32("3826002220") % 10_000 / 10_000


def test_shares_are_as_weighted_and_two_experiments_are_independent(tmp_path) -> None:
    ids = [str(n) for n in range(40_000)]
    one, two = (trial(tmp_path, ("[0.5, 0.5]", "[0.2, 0.8]"), key=key) for key in ("one", "two"))
    first, second = assign_many(one, ids), assign_many(two, ids)
    assert np.mean(first == 0) == pytest.approx(0.2, abs=0.01)
    assert np.mean((first == 0) & (second == 0)) == pytest.approx(0.04, abs=0.005)


def test_more_coverage_moves_nobody(tmp_path) -> None:
    ids = [str(n) for n in range(5_000)]
    shares = (0.1, 0.4, 1.0)
    lots = [assign_many(trial(tmp_path, ("pre_days", f"coverage = {share}\npre_days")), ids) for share in shares]
    for less, more in pairwise(lots):
        assert np.array_equal(more[less >= 0], less[less >= 0])
        assert (less >= 0).sum() < (more >= 0).sum()


def test_exclusive_experiments_share_nobody(tmp_path) -> None:
    ids = [str(n) for n in range(5_000)]
    low, high = (
        assign_many(
            trial(tmp_path, ("pre_days", f'namespace = {{name = "n", range = {span}}}\npre_days'), key=key), ids
        )
        for span, key in (("[0, 0.4]", "low"), ("[0.4, 1]", "high"))
    )
    assert ((low >= 0) ^ (high >= 0)).all()


def test_what_a_unit_was_given_stays(tmp_path) -> None:
    experiment = trial(tmp_path, ("pre_days", "coverage = 0\npre_days"))
    assert assign(experiment, "r") is None
    assert assign(experiment, "r", earlier="hybrid") == ("hybrid", 0.5)
    assert assign(experiment, "r", earlier="gone") is None


def test_only_the_audience_takes_part(tmp_path) -> None:
    experiment = trial(tmp_path, ("[metrics.active_days]", '[audience]\nbrand = ["k"]\n\n[metrics.active_days]'))
    assert assign(experiment, "r", {"brand": "k"}) is not None
    assert assign(experiment, "r", {"brand": "other"}) is None
    assert assign(experiment, "r") is None
    assert assign(experiment, "", {"brand": "k"}) is None


def test_assigning_needs_no_warehouse_and_no_statistics() -> None:
    seen = "import sys, readership.experiments.assignment; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    found = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True).stdout.split()
    assert "numpy" in found
    assert not {"scipy", "tea_tasting", "polars", "pyarrow", "clickhouse_connect", "chdb"} & set(found)
