"""Step 06: what to read next. A log is lived again; the ranker learns from earlier days and is judged on later ones."""

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version as library_version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Evaluation, Manifest, ModelSpec
from readership.errors import BundleError
from readership.evaluation.files import write_evaluation
from readership.evaluation.ranking import METRICS, gains, rank_of
from readership.evaluation.ranking_evaluation import RankingFacts, evaluate_ranking
from readership.evaluation.reports.report import write_report
from readership.features.memory import write_memory
from readership.models._calibration import Calibrator
from readership.models.recommendation import question as recommendation
from readership.models.recommendation.embedding import read_text_model
from readership.models.recommendation.features import NAMES
from readership.models.recommendation.files import read_arrays, write_arrays
from readership.models.recommendation.parameters import Parameters
from readership.models.recommendation.ranker import Ranker, gather
from readership.models.recommendation.recommender import Recommender
from readership.pipelines.brands import check_brand
from readership.pipelines.log import describe_log
from readership.pipelines.progress import Progress
from readership.pipelines.recommendation_judging import Judging
from readership.pipelines.recommendation_log import ARTICLES, READS, Log, recommendation_log
from readership.pipelines.recommendation_plan import Plan, half_life_hours, plan, text_model
from readership.pipelines.recommendation_replay import Ask, Replay
from readership.pipelines.train import PARITY, Trained, npz, promoted, timed
from readership.registry.bundles import Bundle, write_bundle
from readership.registry.live import read_live
from readership.registry.promotion import register
from readership.settings import Settings
from readership.warehouse import Warehouse

PARAMETERS, TEXT = "parameters.json", "text.npz"
LIBRARIES = ("lightgbm", "numpy", "onnxruntime", "readership")
Asked = tuple[NDArray[np.float32], int]
"""Features of the candidates, and which of them was opened (-1: none)."""


class Chosen(NamedTuple):
    """The ranker chosen on the days after those it learnt from, and fitted again on both."""

    name: str
    ranker: Ranker
    on_valid: dict[str, float]
    lists: int


def train_recommendation(warehouse: Warehouse, settings: Settings, now: datetime, progress: Progress) -> Trained:
    """The ranker: bundle, version, evaluation, report; and the memory that the API answers from.

    The audit of features says nothing here, since none is used; what the replay had learnt is compared instead. Raises
    NotEnoughData where too little was read, or over too few days; nothing is written then.
    """
    check_brand(warehouse, settings)
    timings: dict[str, float] = {}
    _, data = describe_log(warehouse, settings)
    with progress.step("articles and reads"), timed(timings, "log"):
        log = recommendation_log(warehouse, settings, now)
        spans = plan(log, now)
        progress.say(f"{len(log.reads):,} reads of {len(log.articles):,} versions of articles")
    with progress.step("days that teach and choose"), timed(timings, "models"):
        parameters = Parameters(popular_half_life_hours=half_life_hours(log, spans.train))
        replay = Replay(Recommender(parameters, text_model(log, spans.train.from_ms, settings.text_model)), log)
        chosen = choose(replay, spans)
        progress.say(f"champion {chosen.name}; popularity halves every {parameters.popular_half_life_hours:g} h")
    with progress.step("evaluation on later days"), timed(timings, "evaluation"):
        judging = Judging(replay, chosen.ranker.margin, chosen.name)
        leakage = _judged(warehouse, settings, replay, spans, judging)
        replay.until(int(now.timestamp() * 1000) + 1)
        evaluation = _evaluation(log, spans, chosen, judging, data, leakage, parameters, timings)
    with progress.step("bundle, memory, registry, report"):
        path = write_evaluation(evaluation, settings.artifacts_dir / "evaluation")
        bundle = _export(chosen, replay.recommender, judging.kept, log, spans, evaluation, settings)
        version = register(settings, bundle, evaluation)
        promotion = promoted(settings, recommendation.TASK, version)
        progress.say(promotion)
        publish(settings, replay, now)
        report = write_report(evaluation, settings.artifacts_dir / "reports")
    return Trained(evaluation, path, report, version, promotion, None)


def refresh_memory(warehouse: Warehouse, settings: Settings, now: datetime) -> dict[str, Any]:
    """Live the log again with the champion's parameters, and publish what is remembered at `now`; nothing is trained.

    Without a champion the memory serves the order by popularity.
    """
    check_brand(warehouse, settings)
    models = settings.artifacts_dir / "models"
    version = read_live(models, recommendation.TASK).champion
    recommender = Recommender()
    if version is not None:
        bundle = Bundle.load(models / recommendation.TASK / version)
        text = read_text_model(read_arrays(bundle.read(TEXT)))
        recommender = Recommender(Parameters.from_json(bundle.read(PARAMETERS)), text)
    replay = Replay(recommender, recommendation_log(warehouse, settings, now))
    replay.until(int(now.timestamp() * 1000) + 1)
    return {
        "task": recommendation.TASK,
        "model_version": version,
        "reads": replay.learnt,
        "articles": len(recommender.catalogue),
        "as_of": now.isoformat(),
        "memory": publish(settings, replay, now),
    }


def publish(settings: Settings, replay: Replay, now: datetime) -> str:
    """Put what is remembered into the online store, as of `now`; returns the version's name."""
    version = read_live(settings.artifacts_dir / "models", recommendation.TASK).champion
    newest = datetime.fromtimestamp(replay.arrived_ms / 1000, UTC)
    files = replay.recommender.files(int(now.timestamp() * 1000))
    return write_memory(settings.online, files, as_of=now, learnt_until=newest, model_version=version or "")


def choose(replay: Replay, spans: Plan) -> Chosen:
    """Fit every candidate on the days that teach, take the best of the days that choose, fit it again on both."""
    taught = [_asked(ask) for ask in replay.asks(spans.train.rows)]
    lists = gather(taught)
    choosing = [_asked(ask) for ask in replay.asks(spans.valid.rows)]
    on_valid = {spec.name: _ndcg(Ranker(spec).fit(lists), choosing) for spec in recommendation.CANDIDATES}
    best = max(recommendation.CANDIDATES, key=lambda spec: on_valid[spec.name])
    whole = gather(taught + choosing)
    return Chosen(best.name, Ranker(best).fit(whole), on_valid, len(whole.size))


def _asked(ask: Ask) -> Asked:
    return ask.shortlist.features, ask.at


def _ndcg(ranker: Ranker, asked: Sequence[Asked]) -> float:
    ranks = [0 if at < 0 else rank_of(ranker.margin(features), at, 0.5) for features, at in asked]
    return float(gains(ranks)[:, METRICS.index("ndcg_at_10")].mean())


def _judged(warehouse: Warehouse, settings: Settings, replay: Replay, spans: Plan, judging: Judging) -> dict[str, Any]:
    """Judge every test read; in the middle of them, compare what was learnt with what the warehouse knew then."""
    rows = spans.test.rows[np.argsort(replay.log.at_ms[spans.test.rows], kind="stable")]
    middle = len(rows) // 2
    for ask in replay.asks(rows[:middle]):
        judging.take(ask)
    at_ms = int(replay.log.at_ms[rows[middle]])
    replay.until(at_ms)
    known = recommendation_log(warehouse, settings, datetime.fromtimestamp(at_ms / 1000, UTC))
    same = [
        (before.at_ms, before.article_id) == (learnt.at_ms, learnt.article_id)
        for before, learnt in zip(known.reads[: replay.learnt], replay.log.reads[: replay.learnt], strict=False)
    ]
    fine = sum(same) == replay.learnt <= len(known.reads) and all(same) and replay.counted_alike(known)
    for ask in replay.asks(rows[middle:]):
        judging.take(ask)
    return {
        "time_travel": "pass" if fine else "fail",
        "rows_compared": len(same),
        "verdict": ("clean" if fine else "leak") if same else "not compared",
    }


def _evaluation(
    log: Log,
    spans: Plan,
    chosen: Chosen,
    judging: Judging,
    data: dict[str, Any],
    leakage: dict[str, Any],
    parameters: Parameters,
    timings: dict[str, float],
) -> Evaluation:
    asked = recommendation.question()
    left_out = {} if log.has_text else {"content": recommendation.NO_TEXT}
    return evaluate_ranking(
        recommendation.TASK,
        judging.judged(),
        judging.orders(),
        judging.catalogue(log.has_text),
        RankingFacts(
            question=asked.text,
            who_acts=asked.who_acts,
            definition=recommendation.DEFINITION,
            n_train=chosen.lists,
            data=data,
            protocol={
                **{name: span.told() for name, span in spans._asdict().items()},
                **{f"{name}_reads": span.reads for name, span in spans._asdict().items()},
                **{f"{name}_asked": len(span.rows) for name, span in spans._asdict().items()},
                "champion_chosen_by": "NDCG@10 on the days after those it learnt from",
                "ndcg_at_10_valid": {name: round(value, 6) for name, value in chosen.on_valid.items()},
                "popular_half_life_hours": parameters.popular_half_life_hours,
                "candidates_mean": judging.mean_live,
                "features": len(NAMES),
                "gains": {name: round(share, 4) for name, share in list(chosen.ranker.gains().items())[:12]},
            },
            leakage=leakage,
            examples=judging.examples,
            left_out=left_out,
            timings=timings,
        ),
    )


def _export(
    chosen: Chosen,
    recommender: Recommender,
    kept: Sequence[NDArray[np.float32]],
    log: Log,
    spans: Plan,
    evaluation: Evaluation,
    settings: Settings,
) -> Path:
    """The champion as a bundle, read back and compared with the ranker it came from on some of the test reads."""
    model, created = chosen.ranker, datetime.now(UTC)
    digest = sha256(log.event.tobytes() + log.received_ms.tobytes()).hexdigest()
    native_name, native = model.native()
    manifest = Manifest(
        task=recommendation.TASK,
        version=f"{created:%Y%m%dT%H%M%S}-{digest[:6]}",
        model=ModelSpec(chosen.name, dict(model.spec.parameters), model.spec.seed),
        features=NAMES,
        categories={},
        calibration="none",
        horizon_days=0,
        lookback_days=int(recommender.parameters.newest_age_days),
        population="everybody",
        dataset_hash=digest,
        sql_hashes={name: sha256(sql.encode()).hexdigest() for name, sql in (("articles", ARTICLES), ("reads", READS))},
        data_from=evaluation["data"]["from"],
        data_to=evaluation["data"]["to"],
        trained_until=evaluation["protocol"]["valid"]["to"],
        created_at=created.isoformat(),
        libraries={name: library_version(name) for name in LIBRARIES},
        metrics=evaluation["metrics"],
        operating_points={},
        files={},
        answer="rank",
    )
    files = {
        "model.onnx": model.to_onnx(),
        "calibrator.npz": npz(Calibrator("none").to_arrays()),
        native_name: native,
        PARAMETERS: recommender.parameters.to_json(),
        TEXT: write_arrays(recommender.catalogue.text.arrays()),
    }
    folder = write_bundle(settings.artifacts_dir / "models", manifest, files)
    bundle = Bundle.load(folder)
    apart = max(float(np.max(np.abs(bundle.margin(one) - model.margin(one)))) for one in kept)
    if apart > PARITY * max(1.0, max(float(np.max(np.abs(model.margin(one)))) for one in kept)):
        raise BundleError(f"{folder}: its ONNX form differs from the ranker by {apart:.2g}; it was not registered")
    return folder
