"""The replay knows nothing of the read's own second or later; the ranker learns from it and is the same as ONNX."""

import numpy as np
import pytest
from recommendation_world import HOUR_MS, START_MS

from readership.contracts import ModelSpec
from readership.models.recommendation.features import NAMES
from readership.models.recommendation.nouns import Article, Read
from readership.models.recommendation.parameters import Parameters
from readership.models.recommendation.ranker import Lists, Ranker, gather
from readership.models.recommendation.recommender import Recommender
from readership.models.recommendation.replay import place_of_read, replay

PARAMETERS = Parameters(refresh_ms=0)


def log(reads: int = 400, seed: int = 0) -> list[Read]:
    random = np.random.default_rng(seed)
    at = np.sort(random.integers(0, 48 * 3600, reads)) * 1000 + START_MS
    newest = (at - START_MS) // HOUR_MS
    items = np.maximum(newest - random.geometric(0.3, reads) + 1, 0)
    return [
        Read(int(when), int(reader), f"a{item}")
        for when, reader, item in zip(at, random.integers(0, 30, reads), items, strict=True)
    ]


def steps(reads, **options):
    return list(replay(Recommender(PARAMETERS), reads, appear_when_read=True, **options))


def test_deleting_the_future_changes_nothing():
    reads = log()
    cut = reads[250].at_ms
    whole = [step for step in steps(reads) if step.read.at_ms <= cut]
    known = [read for read in reads if read.at_ms <= cut]
    part = steps(known)
    assert len(part) == len(whole) > 150
    for left, right in zip(part, whole, strict=True):
        assert left.read == right.read
        assert np.array_equal(left.shortlist.features, right.shortlist.features, equal_nan=True)


def test_reads_of_one_second_do_not_know_of_each_other():
    reads = [Read(START_MS, 1, "a"), Read(START_MS + 5000, 2, "a"), Read(START_MS + 5000, 3, "a")]
    first, second, third = steps(reads)
    assert first.unseen
    assert not second.unseen
    assert second.hours_old == pytest.approx(5 / 3600)
    reads_seen = [step.shortlist.features[step.at, NAMES.index("reads")] for step in (second, third)]
    assert reads_seen == [pytest.approx(np.log1p(1))] * 2


def test_only_the_first_read_of_a_pair_is_asked_about_and_earlier_ones_are_learnt():
    reads = [Read(START_MS + n * 1000, reader, "a") for n, reader in enumerate((1, 2, 2, 3))]
    found = steps(reads, since_ms=START_MS + 1000)
    assert [step.read.reader for step in found] == [2, 3]
    assert found[1].shortlist.features[found[1].at, NAMES.index("reads")] == pytest.approx(np.log1p(2))


def test_articles_are_put_when_their_time_has_come_and_days_are_called():
    articles = [Article("late", START_MS + 30 * HOUR_MS), Article("early", START_MS)]
    days = []
    reads = [Read(START_MS + 2 * HOUR_MS, 1, "late"), Read(START_MS + 31 * HOUR_MS, 2, "late")]
    found = list(replay(Recommender(PARAMETERS), reads, articles=articles, each_day=days.append))
    assert [step.unseen for step in found] == [True, False]
    assert days == [START_MS, START_MS + 24 * HOUR_MS]


def test_ties_are_by_lot_and_the_lot_has_a_seed():
    step = next(step for step in steps(log()) if step.at >= 0 and len(step.shortlist.features) > 5)
    many = len(step.shortlist.features)
    flat = np.zeros(many)
    drawn = [place_of_read(step, flat, np.random.default_rng(seed)) for seed in range(60)]
    assert min(drawn) >= 1
    assert max(drawn) <= many
    assert len(set(drawn)) > 3
    assert drawn == [place_of_read(step, flat, np.random.default_rng(seed)) for seed in range(60)]
    flat[step.at] = 1
    assert place_of_read(step, flat, np.random.default_rng(0)) == 1
    missed = step._replace(at=-1, others=4)
    below = {place_of_read(missed, flat, np.random.default_rng(seed)) for seed in range(40)}
    assert below == {many + 1, many + 2, many + 3, many + 4}


def test_gathered_lists_hold_what_was_read_and_others_by_lot():
    features = np.full((30, len(NAMES)), 9, dtype=np.float32)
    features[:, 0] = np.arange(30)
    lists = gather([(features, 20), (features, -1), (features[:3], 1)], others=4)
    assert lists.size.tolist() == [5, 3]  # a list shorter than that is whole
    assert lists.features[lists.label() == 1, 0].tolist() == [20, 1]
    first = lists.features[:5, 0].tolist()
    assert first == sorted(set(first))
    assert lists.features[5:, 0].tolist() == [0, 1, 2]
    assert np.array_equal(lists.features[:5], gather([(features, 20)], others=4).features)
    drawn = gather([(features, 20)] * 400, others=4).features[:, 0]
    counts = np.bincount(np.delete(drawn.astype(int), np.flatnonzero(drawn == 20)), minlength=30)
    assert counts[20] == 0
    assert counts[np.arange(30) != 20].min() > 25  # 400 lists x 4 of 29: 55 each on average


def test_the_ranker_learns_and_its_onnx_is_the_same():
    found = steps(log(1500))
    train = gather((step.shortlist.features, step.at) for step in found if step.read.at_ms < START_MS + 36 * HOUR_MS)
    parameters = {"rounds": 30, "seeds": 2, "min_data_in_leaf": 20}
    ranker = Ranker(ModelSpec("lambdarank", parameters)).fit(train)
    test = [step for step in found if step.read.at_ms >= START_MS + 36 * HOUR_MS and step.at >= 0]
    random = np.random.default_rng(0)
    ranks = [place_of_read(step, ranker.margin(step.shortlist.features), random) for step in test]
    lot = [place_of_read(step, np.zeros(len(step.shortlist.features)), random) for step in test]
    assert np.mean(1 / np.array(ranks)) > 1.3 * np.mean(1 / np.array(lot))
    import onnxruntime

    session = onnxruntime.InferenceSession(ranker.to_onnx(), providers=["CPUExecutionProvider"])
    given = session.run(["margin"], {"features": train.features[:500]})[0].reshape(-1)
    assert np.allclose(given, ranker.margin(train.features[:500]), atol=1e-5)
    again = Ranker(ModelSpec("lambdarank", parameters)).fit(train)
    assert np.array_equal(again.margin(train.features[:500]), ranker.margin(train.features[:500]))
    assert sum(ranker.gains().values()) == pytest.approx(1)


def test_a_ranker_without_lists_says_so():
    empty = Lists(np.empty((0, len(NAMES)), dtype=np.float32), np.empty(0, np.int64), np.empty(0, np.int64))
    with pytest.raises(ValueError, match="there are no lists to learn from"):
        Ranker(ModelSpec("lambdarank")).fit(empty)
