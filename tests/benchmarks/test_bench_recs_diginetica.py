"""The benchmark on a tiny folder of its format, whose answer is known: sessions walk a ring of 30 items."""

import numpy as np
import polars as pl
import pytest

from readership.benchmarks import run
from readership.benchmarks.recs_diginetica import read
from readership.errors import InputError

ITEMS = 30


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """600 sessions to learn, and every beginning of 40 more as test rows, the longest first; items from 101."""
    rng = np.random.default_rng(0)
    walks = [[101 + (first + k) % ITEMS for k in range(rng.integers(2, 7))] for first in rng.integers(0, ITEMS, 640)]
    train = [(s, k, item) for s, walk in enumerate(walks[:600]) for k, item in enumerate(walk)]
    ends = [(walk, k) for walk in walks[600:] for k in range(len(walk) - 1, 0, -1)]
    test = [(row, k, walk[k], walk[end]) for row, (walk, end) in enumerate(ends) for k in range(end)]
    path = tmp_path_factory.mktemp("sessions")
    pl.DataFrame(train, schema=["session", "pos", "item"], orient="row").write_parquet(path / "train.parquet")
    pl.DataFrame(test, schema=["row", "pos", "item", "target"], orient="row").write_parquet(path / "test.parquet")
    return path


def test_the_ring_is_followed_by_neighbours_alone(folder):
    found = run("recs-diginetica", {"data": folder, "budget_minutes": 0})
    assert found["figures"]["p_at_20"] == 1
    assert found["peers"]["sequential_rules"]["mrr_at_20"] == 1
    assert "network" not in found["peers"]
    assert "no network" in found["protocol"]


def test_with_a_network(folder):
    pytest.importorskip("torch")
    found = run("recs-diginetica", {"data": folder, "budget_minutes": 0.1})
    assert found["figures"]["p_at_20"] == 1
    assert found["figures"]["training_minutes"] <= 0.2
    assert found["peers"]["network"]["p_at_20"] > 0.9


def test_test_rows_are_asked_as_they_stand(folder):
    """The first row is a whole session but its last item."""
    split = read(folder)
    rows = pl.read_parquet(folder / "test.parquet").filter(pl.col("row") == 0)
    asked = split.asked.article[: split.asked.start[1]]
    assert (asked + 101).tolist() == rows["item"].to_list()
    assert split.following[0] + 101 == rows["target"][0]
    assert (len(split.train), split.items) == (600, ITEMS)


def test_a_folder_without_the_files_is_named(tmp_path):
    with pytest.raises(InputError, match=r"train\.parquet does not exist; --data names the folder"):
        run("recs-diginetica", {"data": tmp_path})
