"""Step 10: which ad to show; learnt from earlier days, chosen on later ones, judged on later ones still, registered."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib.metadata import version as library_version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from readership.contracts import Evaluation, Manifest, ModelSpec
from readership.errors import BundleError, NotEnoughData
from readership.evaluation.files import write_evaluation
from readership.evaluation.off_policy.compare import Compared, compare
from readership.evaluation.off_policy.logged import Floats, Logged
from readership.evaluation.policy_evaluation import JUDGED_BY, THOUSAND, Judged, PolicyFacts, Truth, evaluate_policy
from readership.evaluation.reports.report import write_report
from readership.models.ads import question as ads
from readership.models.ads.opening import LEARNED, MARKET, market_files, open_market
from readership.models.bandits.prior import Shrinkage
from readership.pipelines.ads_log import MILLION, SQL, WINDOW, AdLog
from readership.pipelines.ads_market import Known, Situations, rivals
from readership.pipelines.ads_revenue import DAYS, revenue
from readership.pipelines.brands import check_brand
from readership.pipelines.log import describe_log
from readership.pipelines.oracle import ad_oracle
from readership.pipelines.progress import Progress
from readership.pipelines.train import Trained, promoted, timed
from readership.registry.bundles import Bundle, write_bundle
from readership.registry.promotion import register
from readership.settings import Settings
from readership.warehouse import Warehouse, read_sql

FEWEST_DAYS = 28
SHARE, LONGEST = 0.2, timedelta(days=56)
"""Share of the days that judge, and as many before them that choose; at most so many."""
REPLICATES = {"choose": 20, "judge": 200}
"""Draws of the readers behind intervals."""
LIBRARIES = ("numpy", "readership", "scipy")
STATEMENTS = ("booked", "shown", "decisions")


class Plan(NamedTuple):
    """When ads were first shown, and from when on policies are chosen, judged, and the log is over."""

    first: datetime
    valid: datetime
    test: datetime
    end: datetime


class Trial(NamedTuple):
    """Later decisions as they were logged, and every policy's chances in them.

    rows  the decisions, those without any eligible ad left out; `filled` the share of all that is left
    """

    rows: pl.DataFrame
    logged: Logged
    chances: dict[str, Floats]
    filled: float


class Chosen(NamedTuple):
    """The candidate that would have earned most on the days that choose."""

    name: str
    on_valid: dict[str, Any]


def train_ads(warehouse: Warehouse, settings: Settings, now: datetime, progress: Progress) -> Trained:
    """The policy: bundle, version, evaluation, report.

    Raises NotEnoughData where no ads were shown, none is booked, no chances were logged, or they say too little.
    """
    check_brand(warehouse, settings)
    timings: dict[str, float] = {}
    _, data = describe_log(warehouse, settings)
    log = AdLog.of(warehouse, settings)
    with progress.step("ads shown and booked"), timed(timings, "log"):
        spans = plan(log.first(now), now)
        known = {at: Known.of(log, at) for at in (spans.valid, spans.test, now)}
        priors = {at: one.shrinkage() for at, one in known.items()}
        progress.say(f"{known[now].counts[0].sum():,.0f} impressions, {known[now].counts[1].sum():,.0f} clicks")
    with progress.step("days that choose"), timed(timings, "models"):
        chosen = _choose(_trial(log, known[spans.valid], priors[spans.valid], spans.test))
        progress.say(f"champion {chosen.name}")
    with progress.step("evaluation on later days"), timed(timings, "evaluation"):
        trial = _trial(log, known[spans.test], priors[spans.test], spans.end)
        judged = _judged(warehouse, settings, trial, chosen.name, spans)
        market = known[now].market(priors[now], ads.WIDTHS[chosen.name])
        brought = _revenue(log, known[now], market, trial)
        facts = _facts(data, spans, known[spans.test], chosen, priors[spans.test], brought, timings)
        evaluation = evaluate_policy(ads.TASK, judged, facts)
    with progress.step("bundle, registry, report"):
        path = write_evaluation(evaluation, settings.artifacts_dir / "evaluation")
        folder = _export(known[now], market_files(market, now), chosen.name, evaluation, settings)
        version = register(settings, folder, evaluation)
        promotion = promoted(settings, ads.TASK, version)
        progress.say(promotion)
        report = write_report(evaluation, settings.artifacts_dir / "reports")
    return Trained(evaluation, path, report, version, promotion, None)


def plan(first: datetime, now: datetime) -> Plan:
    """Whole days backwards from now; NotEnoughData where there are fewer than `FEWEST_DAYS`.

    Of 100 days the last 20 judge, 20 before them choose, and 60 teach.
    """
    days = now - first
    if days < timedelta(days=FEWEST_DAYS):
        raise NotEnoughData(f"ads: the log holds {days / timedelta(days=1):.1f} days of ads; {FEWEST_DAYS} are needed")
    span = min(timedelta(days=int(days.days * SHARE)), LONGEST)
    test = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - span
    return Plan(first, test - span, test, now - WINDOW)


def _trial(log: AdLog, known: Known, prior: Shrinkage, until: datetime) -> Trial:
    """What every policy would have done from `known.at` to `until`, by what was known as that time began."""
    rows = log.decisions(known.at, until)
    rows = rows.filter(pl.col("placement").is_in(known.placements))
    if rows.is_empty():
        raise NotEnoughData(f"ads: no decision from {known.at:%Y-%m-%d} to {until:%Y-%m-%d} has a logged chance")
    situations = Situations.of(rows, known)
    found = rivals(known, prior, situations)
    kept = found.filled[situations.number]
    if not kept.any():
        raise NotEnoughData(
            f"ads: at {known.at:%Y-%m-%d} no ad was booked that could be shown; load `ads` with its past"
        )
    names = sorted({*known.ads, *rows["ad_id"]})
    column = np.searchsorted(names, known.ads)
    numbers = np.unique(situations.number[kept])
    chances = {}
    for name, vectors in found.chances.items():
        chances[name] = np.zeros((len(numbers), len(names)))
        chances[name][:, column] = vectors[numbers]
    some = rows.filter(pl.Series(kept))
    logged = Logged(
        context=np.searchsorted(numbers, situations.number[kept]),
        action=np.searchsorted(names, some["ad_id"].to_numpy().astype(str)),
        reward=some["earned_micros"].to_numpy() / MILLION,
        propensity=some["propensity"].to_numpy(),
        unit=some["unit"].to_numpy(),
    )
    return Trial(some, logged, chances, float(kept.mean()))


def _choose(trial: Trial) -> Chosen:
    found = compare(trial.logged, {name: trial.chances[name] for name in ads.WIDTHS}, replicates=REPLICATES["choose"])
    if not found.values:
        raise NotEnoughData(f"ads: {next(iter(found.refused.values()))}")
    earned = {name: found.values[name][JUDGED_BY] for name in found.values}
    return Chosen(max(earned, key=lambda name: earned[name].value), {n: d.metric(THOUSAND) for n, d in earned.items()})


def _judged(warehouse: Warehouse, settings: Settings, trial: Trial, champion: str, spans: Plan) -> Judged:
    found = compare(trial.logged, trial.chances, replicates=REPLICATES["judge"])
    if champion in found.refused:
        raise NotEnoughData(f"ads: {found.refused[champion]}")
    return Judged(
        champion=champion,
        candidates=tuple(ads.WIDTHS),
        floors=tuple(name for name in trial.chances if name not in ads.WIDTHS),
        found=found,
        earned_eur=trial.logged.reward,
        clicked=trial.rows["clicked"].to_numpy().astype(float),
        filled=trial.filled,
        truth=_truth(warehouse, trial, spans) if settings.brand is None else None,
    )


def _truth(warehouse: Warehouse, trial: Trial, spans: Plan) -> Truth | None:
    """The same with what each decision was expected to bring, where the world is simulated."""
    told = ad_oracle(warehouse, trial.rows.select("decision_id"), spans.test, spans.end)
    if told is None or told["value_eur"].null_count():
        return None
    logged = Logged(**{**vars(trial.logged), "reward": told["value_eur"].to_numpy()})
    found: Compared = compare(logged, trial.chances, replicates=REPLICATES["judge"])
    return Truth(found, told["best_value_eur"].to_numpy())


def _revenue(log: AdLog, known: Known, market: Any, trial: Trial) -> dict[str, Any]:
    situations = Situations.of(trial.rows.filter(pl.col("placement").is_in(known.placements)), known)
    weight = np.bincount(situations.number, minlength=len(situations.requests)).astype(float)
    views = log.views(known.at - timedelta(days=DAYS), known.at)
    return revenue(known, market, views, situations.requests, weight)


def _facts(
    data: dict[str, Any],
    spans: Plan,
    known: Known,
    chosen: Chosen,
    prior: Shrinkage,
    brought: dict[str, Any],
    timings: dict[str, float],
) -> PolicyFacts:
    asked = ads.question()
    times = [spans.first, spans.valid, spans.test, spans.end]
    named = zip(("train", "valid", "test"), times[:-1], times[1:], strict=True)
    finite = {name: value if np.isfinite(value) else None for name, value in prior._asdict().items()}
    return PolicyFacts(
        question=asked.text,
        who_acts=asked.who_acts,
        definition=ads.DEFINITION.format(minutes=ads.WINDOW_MINUTES),
        n_train=int(known.counts[0].sum()),
        data=data,
        protocol={
            **{name: {"from": a.isoformat(), "to": b.isoformat()} for name, a, b in named},
            "champion_chosen_by": "doubly robust eCPM on the days after those that taught",
            "ecpm_valid": chosen.on_valid,
            "judged_by": "doubly robust; policies as they stood when the days that judge began",
            "even": ads.EVEN,
            "placements": list(known.placements),
            "contexts": list(known.contexts),
            "ads_booked": len(known.booked.ads),
            "prior": finite,
        },
        revenue=brought,
        timings=timings,
    )


def _export(known: Known, files: dict[str, bytes], champion: str, evaluation: Evaluation, settings: Settings) -> Path:
    """The champion as a bundle, read back and compared with what was written."""
    created, digest = datetime.now(UTC), sha256(known.counts.tobytes() + files[MARKET]).hexdigest()
    hashes = {name: sha256(read_sql(SQL, name).encode()).hexdigest() for name in STATEMENTS}
    manifest = Manifest(
        task=ads.TASK,
        version=f"{created:%Y%m%dT%H%M%S}-{digest[:6]}",
        model=ModelSpec(champion, {"width": ads.WIDTHS[champion], "even": ads.EVEN}),
        features=(),
        categories={},
        calibration="none",
        horizon_days=0,
        lookback_days=0,
        population="everybody",
        dataset_hash=digest,
        sql_hashes=hashes,
        data_from=evaluation["data"]["from"],
        data_to=evaluation["data"]["to"],
        trained_until=known.at.isoformat(),
        created_at=created.isoformat(),
        libraries={name: library_version(name) for name in LIBRARIES},
        metrics=evaluation["metrics"],
        operating_points={},
        files={},
        answer="policy",
    )
    folder = write_bundle(settings.artifacts_dir / "models", manifest, files)
    bundle = Bundle.load(folder)
    again = open_market(bundle.read(MARKET), bundle.read(LEARNED))
    if not np.array_equal(again.learner.counts.shown.sum(axis=1), known.counts[0].sum(axis=1)):
        raise BundleError(f"{folder}: its counts differ from those that were learnt; it was not registered")
    return folder
