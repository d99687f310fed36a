"""Step 06 on a small publisher: nothing is known before it arrived, spans in time, bundle, memory, promotion."""

import json
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from reading_log import DAY, HOUR, LOADED, MS, Publisher, T, world

from readership.errors import NotEnoughData
from readership.evaluation.reports import page
from readership.features.memory import memory_version, read_memory
from readership.models.recommendation import question
from readership.models.recommendation.nouns import Asker
from readership.models.recommendation.parameters import Parameters
from readership.models.recommendation.recommender import Recommender
from readership.pipelines import recommendation, recommendation_plan
from readership.pipelines.progress import Progress
from readership.pipelines.recommendation import train_recommendation
from readership.pipelines.recommendation_log import Log, recommendation_log
from readership.pipelines.recommendation_plan import half_life_hours, plan, text_model
from readership.pipelines.recommendation_replay import Replay, first_reads, sampled
from readership.pipelines.score import score_task
from readership.pipelines.train import Trained
from readership.registry.bundles import Bundle
from readership.registry.live import read_live
from readership.settings import Settings
from readership.warehouse import Warehouse


def ms(moment: object) -> int:
    return int(moment.timestamp() * 1000)  # type: ignore[attr-defined]


def small(warehouse: Warehouse) -> Log:
    """Reader 1 opens a; reader 2 opens b, told late, and then a, twice; c is withdrawn when it is opened."""
    publisher = Publisher(warehouse)
    publisher.publishes("a", T - 2 * DAY)
    publisher.publishes("c", T - 2 * DAY, withdrawn_at=T - 5 * HOUR)
    publisher.opens(1, "a", T - 9 * HOUR, received_at=T - 3 * HOUR)
    publisher.opens(2, "b", T - 8 * HOUR)
    publisher.opens(2, "a", T - 6 * HOUR)
    publisher.opens(2, "a", T - 2 * HOUR)
    publisher.opens(1, "c", T - HOUR)
    return recommendation_log(publisher.write(), Settings(), T, LOADED)


def rows_of(log: Log) -> dict[tuple[int, str, int], int]:
    """Row by reader, article and hours before T."""
    return {(r.reader, r.article_id, round((ms(T) - r.at_ms) / 3.6e6)): at for at, r in enumerate(log.reads)}


def test_nothing_counts_before_it_arrived(warehouse: Warehouse) -> None:
    log = small(warehouse)
    row, replay = rows_of(log), Replay(Recommender(), log)
    asks = {ask.row: ask for ask in replay.asks(np.arange(len(log.reads)))}
    first, unknown, slow, withdrawn = (asks[row[key]] for key in ((1, "a", 9), (2, "b", 8), (2, "a", 6), (1, "c", 1)))
    assert first.place == 0, "told of two days ago"
    assert unknown.place == -1, "its own event is the first that tells of it"
    assert slow.reads_before == 1
    assert replay.learnt == 4, "what happened before the last read and had arrived; its own is not learnt"
    assert (withdrawn.place, withdrawn.at) == (1, -1), "withdrawn: known, and a miss"


def test_a_late_read_is_learnt_when_it_arrives(warehouse: Warehouse) -> None:
    log = small(warehouse)
    for until, reads in ((T - 3 * HOUR, 1), (T - 3 * HOUR + MS, 2)):
        replay = Replay(Recommender(), log)
        replay.until(ms(until))
        assert replay.recommender.memory.reads[0] == reads, "of a: reader 2 at once, reader 1 six hours later"


def test_only_a_first_read_is_asked_about(warehouse: Warehouse) -> None:
    log = small(warehouse)
    first, row = first_reads(log), rows_of(log)
    assert {key for key, at in row.items() if not first[at]} == {(2, "a", 2)}


def test_the_sample_is_fixed_by_the_events(warehouse: Warehouse) -> None:
    log = recommendation_log(world(warehouse, days=8), Settings(), T, LOADED)
    every = np.ones(len(log.reads), dtype=bool)
    some = sampled(log, every, 50)
    assert len(some) == 50
    assert np.all(np.diff(some) > 0)
    earlier = np.arange(len(log.reads)) < len(log.reads) // 2
    half = sampled(log, earlier, 50)
    assert set(some[some < len(log.reads) // 2]) <= set(half), "fewer reads to draw from: those drawn stay drawn"
    assert len(sampled(log, every, 10**6)) == len(log.reads)


def test_spans_follow_each_other(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recommendation_plan, "FEWEST_READS", 50)
    log = recommendation_log(world(warehouse), Settings(), T, LOADED)
    spans = plan(log, T)
    assert spans.test.to_ms == ms(T)
    assert (spans.train.to_ms, spans.valid.to_ms) == (spans.valid.from_ms, spans.test.from_ms)
    days = [(span.to_ms - span.from_ms) / 8.64e7 for span in spans]
    assert days == pytest.approx([6, 1.2, 2.4], rel=0.01)
    at_ms = log.at_ms
    for span in spans:
        assert np.all((at_ms[span.rows] >= span.from_ms) & (at_ms[span.rows] < span.to_ms))
    assert half_life_hours(log, spans.train) in recommendation_plan.HALF_LIVES
    assert text_model(log, spans.train.from_ms, "words").idf.shape == (2**15,)
    monkeypatch.setattr(recommendation_plan, "FEWEST_READS", 10**6)
    with pytest.raises(NotEnoughData, match="need 1000000 to judge by"):
        plan(log, T)


def test_a_week_is_the_least(warehouse: Warehouse) -> None:
    log = recommendation_log(world(warehouse, days=5), Settings(), T, LOADED)
    with pytest.raises(NotEnoughData, match=r"holds 5\.0 days of reads; recommendations need 7"):
        plan(log, T)


def test_popularity_fades_as_it_does_in_the_log(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody opens the article of the hour, once: what was read an hour ago is worth nothing."""
    publisher = Publisher(warehouse)
    for hour in range(24 * 10):
        at = T - (24 * 10 - hour) * HOUR
        publisher.publishes(f"a{hour}", at)
        for reader in range(1 + hour % 3, 6):
            publisher.opens(reader + 1, f"a{hour}", at + (reader + 1) * 8 * HOUR / 60)
    monkeypatch.setattr(recommendation_plan, "FEWEST_READS", 20)
    log = recommendation_log(publisher.write(), Settings(), T, LOADED)
    assert half_life_hours(log, plan(log, T).train) == 0.5


@pytest.fixture
def trained(warehouse: Warehouse, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trained]:
    monkeypatch.setattr(recommendation_plan, "FEWEST_READS", 50)
    monkeypatch.setattr(recommendation_plan, "MOST", {"train": 300, "valid": 80, "test": 200})
    few = tuple(replace(spec, parameters={**spec.parameters, "rounds": 12}) for spec in question.CANDIDATES)
    monkeypatch.setattr(question, "CANDIDATES", few)
    monkeypatch.setattr(page, "write_png", lambda plot, path: None)
    with Progress() as progress:
        yield train_recommendation(world(warehouse), settings, T, progress)


def test_training_leaves_a_bundle_a_memory_and_a_report(
    trained: Trained, warehouse: Warehouse, settings: Settings
) -> None:
    evaluation = trained.evaluation
    assert evaluation["kind"] == "ranking"
    assert {"hr_at_10", "mrr_at_10", "ndcg_at_10", "coverage", "novelty", "intra_list_diversity"} <= set(
        evaluation["metrics"]
    )
    assert {"popular", "newest", "together", "neighbours", "content"} <= set(evaluation["floors"])
    assert evaluation["leakage"]["verdict"] == "clean"
    assert evaluation["leakage"]["rows_compared"] > 1000
    assert evaluation["metrics"]["hr_at_10"]["value"] > 0.8, "readers open one of the newest few of their taste"
    json.dumps(evaluation, allow_nan=False)
    assert trained.report is not None
    html = trained.report.read_text(encoding="utf-8")
    assert "opened next" in html
    assert "a frequent reader" in html.lower()
    folder = settings.artifacts_dir / "models" / question.TASK / str(trained.version)
    bundle = Bundle.load(folder)
    assert bundle.manifest.answer == "rank"
    assert (
        Parameters.from_json(bundle.read("parameters.json")).popular_half_life_hours in recommendation_plan.HALF_LIVES
    )
    _memory(trained, warehouse, settings)


def _memory(trained: Trained, warehouse: Warehouse, settings: Settings) -> None:
    """The published memory is the one that a batch makes anew, and answers like it."""
    version = memory_version(settings.online_dir)
    assert version is not None
    meta, files = read_memory(settings.online_dir, version)
    assert meta.as_of == T
    result = score_task(warehouse, settings, T, question.TASK)
    assert result["memory"] != version
    assert result["model_version"] == read_live(settings.artifacts_dir / "models", question.TASK).champion
    _, again = read_memory(settings.online_dir, result["memory"])
    asker = Asker(ms(T), 3, brand="b")
    first, second = (Recommender.read(some).rank(asker) for some in (files, again))
    assert first.article.tolist() == second.article.tolist()
    assert first.score.tolist() == second.score.tolist()


def test_a_read_from_the_future_is_found(
    warehouse: Warehouse, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were reads learnt when they happened rather than when they arrived, the comparison would say so."""
    monkeypatch.setattr(recommendation_plan, "FEWEST_READS", 50)
    monkeypatch.setattr(recommendation_plan, "MOST", {"train": 60, "valid": 20, "test": 60})
    log = recommendation_log(world(warehouse), settings, T)
    cheating = log._replace(received_ms=np.maximum(log.received_ms - 3_600_000, 0))
    for kept, verdict in ((log, "clean"), (cheating, "leak")):
        replay = Replay(Recommender(), kept)
        judging = type("Judging", (), {"take": lambda self, ask: None})()
        found = recommendation._judged(warehouse, settings, replay, plan(kept, T), judging)
        assert found["verdict"] == verdict


def test_what_was_shown_counts_from_its_arrival_on(warehouse: Warehouse) -> None:
    publisher = Publisher(warehouse)
    publisher.publishes("a", T - 2 * DAY)
    publisher.opens(1, "a", T - 9 * HOUR)
    shown = {"event_type": "article_impression", "position": 1}
    publisher.opens(2, "a", T - 8 * HOUR, received_at=T - 3 * HOUR, **shown)
    publisher.opens(3, "a", T - 3 * HOUR, **shown)
    log = recommendation_log(publisher.write(), Settings(), T, LOADED)
    for until, last, times in ((T - 3 * HOUR, T - 9 * HOUR, 0), (T - 3 * HOUR + MS, T - 3 * HOUR, 1 + 2 ** (-5 / 3))):
        replay = Replay(Recommender(), log)
        replay.until(ms(until))
        counted = replay.recommender.memory.exposures.at(ms(T - 3 * HOUR), np.array([0]))
        assert counted[0, 1] == pytest.approx(times), "five hours apart, at a half-life of three"
        assert replay.arrived_ms == ms(last)
    assert replay.counted_alike(log)
    assert not replay.counted_alike(log._replace(shown=log.shown.part(1, 2)))
