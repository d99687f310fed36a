"""The bench on Deskdrop: a tiny log in its format, judged from a given time on; files not there are named."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from readership.benchmarks import recs_deskdrop
from readership.benchmarks.churn_deskdrop import FILE
from readership.errors import InputError

DAY_S = 86_400
DAYS = 8


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Thirty people over eight days; each hour brings an article, and people open the newest ones."""
    random = np.random.default_rng(0)
    rows = ["timestamp,eventType,contentId,personId,sessionId,userAgent,userRegion,userCountry"]
    begin = int(recs_deskdrop.TRAIN_FROM.timestamp())
    for at in np.sort(random.integers(begin, begin + DAYS * DAY_S, 900)).tolist():
        item = max((at - begin) // 3600 - int(random.geometric(0.3)), 0)
        rows.append(f"{at},VIEW,{item - 50},{int(random.integers(-15, 15))},{at // 3600},,,")
    path = tmp_path / FILE
    path.parent.mkdir()
    with gzip.open(path, "wt", encoding="ascii") as out:
        out.write("\n".join(rows) + "\n")
    return tmp_path


def test_the_hybrid_and_every_source_are_judged_on_the_same_reads(data, monkeypatch):
    from datetime import timedelta

    monkeypatch.setattr(recs_deskdrop, "TEST_FROM", recs_deskdrop.TRAIN_FROM + timedelta(days=DAYS - 2))
    found = recs_deskdrop.run(data)
    figures, peers = found["figures"], found["peers"]
    assert set(peers) == {
        *("decayed_popularity", "power_law_popularity", "newest_first", "together", "neighbours"),
        *("als", "nmf", "ease"),
    }
    assert figures["hr_at_10"] >= figures["ndcg_at_10"] >= figures["mrr_at_10"] > peers["als"]["mrr_at_10"]
    assert figures["ndcg_at_10_low"] < figures["ndcg_at_10"] < figures["ndcg_at_10_high"]
    assert 0 < figures["unseen_item_share"] < 0.5
    seen = 1 - figures["unseen_item_share"]
    assert figures["hr_at_10_unseen_as_misses"] == pytest.approx(figures["hr_at_10"] * seen, abs=1e-5)
    assert 0.9 < figures["candidate_recall"] <= 1
    assert figures["lists_train"] > 300


def test_data_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=rf"{FILE} does not exist; --data names the folder"):
        recs_deskdrop.run(tmp_path)
