"""Does a list by uplift bring more subscriptions than a list by probability of the same length?

A simulated publisher makes offers by lot to half of the free readers in three spans (a pilot), learns from it, and
chooses two lists at a later date. What each list brings is known twice: by the true effect of an offer on every
reader, and by living the following days again under each list with the same random numbers.
"""

import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from readership.benchmarks.campaign_world import DAY_MS, PILOTS, SENT_ON, SpanOffers, drawn, starters
from readership.benchmarks.result import result
from readership.contracts import Evaluation
from readership.errors import InputError
from readership.evaluation.bootstrap import Draws, ratio
from readership.features.encoding import encode
from readership.pipelines.dataset import labels
from readership.pipelines.features import feature_frame
from readership.pipelines.making import Asked
from readership.pipelines.progress import Progress
from readership.pipelines.simulate import simulate
from readership.pipelines.tasks import Order, train
from readership.pipelines.uplift_oracle import effects_of_offers
from readership.registry.bundles import Bundle
from readership.settings import Settings
from readership.simulator import DEFAULT_START, World
from readership.simulator.policies import Policies
from readership.warehouse import Warehouse

SEED = 7
HORIZON_DAYS = 14
BUDGETS = (0.10, 0.02, 0.05, 0.20)
"""Shares of the readers who may be asked that a list holds; the first is the one the headline figures are of."""
PROTOCOL = (
    "a simulated publisher of {readers:,} readers, seed {seed}; on days {pilots} half of the free readers seen in 28 "
    "days, by lot, were put on a list for an offer at their next visit, the others left alone (a pilot: the standing "
    "arm of 10 % alone is too thin); conversion and conversion_uplift trained by the product's own steps up to day "
    "{sent}, the last pilot only judging; on that day two lists of {budget:.0%} of {asked:,} readers. Extra "
    "subscriptions within {horizon} days, against nobody being contacted: `extra_*` and `difference*` by the true "
    "effect of an offer on each reader; `twin_*` realised, by living these days under each list with the same random "
    "numbers. Intervals draw readers"
)
Ids = NDArray[np.uint64]
Floats = NDArray[np.float64]


class Chosen(NamedTuple):
    """The readers who may be asked, and what is known of each: both scores, and the true effect of an offer."""

    reader: Ids
    uplift: Floats
    probability: Floats
    effect: Floats

    def list_by(self, score: Floats, budget: float) -> NDArray[np.bool_]:
        """The first readers by this score, as many as the budget reaches."""
        first = np.argsort(-score, kind="stable")[: int(budget * len(self.reader))]
        return np.isin(np.arange(len(self.reader)), first)


def run(*, readers: int = 30_000) -> dict[str, Any]:
    """Figures: extra_by_uplift, extra_by_probability, difference with its interval, the same realised, qini …"""
    if readers < 2_000:
        raise InputError(f"{readers} readers are too few for a campaign to be learnt from; give at least 2000")
    began = time.monotonic()
    with TemporaryDirectory(prefix="readership-bench-") as folder, Progress() as progress:
        settings = Settings(
            warehouse=f"chdb://{folder}/warehouse",
            artifacts=Path(folder) / "artifacts",
            registry=f"sqlite:///{folder}/mlflow.db",
        )
        with Warehouse.open(settings) as warehouse:
            with progress.step("a publisher with a pilot"):
                world = World(readers, SENT_ON + 1, SEED, policies=Policies(offer=SpanOffers()))
                simulate(warehouse, settings, Asked(world))
                for day in PILOTS:
                    _record_pilot(warehouse, settings, day)
            found, chosen = learn_and_choose(warehouse, settings, progress)
        with progress.step("the same days under each list"):
            lived = _lived(readers, chosen)
    figures = {**_by_true_effect(chosen), **_realised(chosen, lived), **_learnt(found, chosen)}
    peers = {
        "oracle targeting": {"extra": _extra(chosen, chosen.effect)},
        "random targeting": {"extra": round(BUDGETS[0] * float(chosen.effect.sum()), 2)},
    }
    protocol = PROTOCOL.format(
        readers=readers, seed=SEED, pilots=", ".join(map(str, PILOTS)), sent=SENT_ON, budget=BUDGETS[0],
        asked=len(chosen.reader), horizon=HORIZON_DAYS,
    )  # fmt: skip
    return result("campaign", figures, peers, protocol, time.monotonic() - began)


def learn_and_choose(warehouse: Warehouse, settings: Settings, progress: Progress) -> tuple[Evaluation, Chosen]:
    """Both models trained up to the day of the campaign, and everybody who may be asked that day with both scores."""
    now = _on(SENT_ON)
    *_, likely = train(warehouse, settings, now, "conversion", Order(), progress)
    *_, moved = train(warehouse, settings, now, "conversion_uplift", Order(audit=likely.audit), progress)
    asked = labels(warehouse, "conversion", now, datetime.now(UTC), settings).select("user_id")
    frame = feature_frame(warehouse, now, datetime.now(UTC), settings=settings).join(asked, on="user_id", how="semi")
    scores = [
        _score(settings, made.evaluation["task"], made.version, frame) for made in (moved, likely) if made.version
    ]
    with progress.step("true effects"):
        rows = frame.select("user_id").with_columns(pl.lit(now).dt.cast_time_unit("ms").alias("as_of"))
        true = effects_of_offers(warehouse, rows, HORIZON_DAYS, most=len(rows))
    if true is None:
        raise InputError("the warehouse lost its truth; run the benchmark again")
    joined = frame.select("user_id").join(true, on="user_id", how="left", maintain_order="left")
    effect = joined["effect"].fill_null(0.0).to_numpy()
    return moved.evaluation, Chosen(frame["user_id"].to_numpy(), scores[0], scores[1], effect)


def _score(settings: Settings, task: str, version: str, frame: pl.DataFrame) -> Floats:
    bundle = Bundle.load(settings.artifacts_dir / "models" / task / version)
    return bundle.score(encode(frame, bundle.manifest.features, bundle.manifest.categories))


def _record_pilot(warehouse: Warehouse, settings: Settings, day: int) -> None:
    """Who was on the list of this day and who was left alone, as a campaign records it."""
    at, now = _on(day), datetime.now(UTC)
    reader = labels(warehouse, "conversion", at, now, settings)["user_id"]
    contacted = drawn(reader.to_numpy(), day)
    times = {
        name: pl.lit(moment).dt.cast_time_unit("ms")
        for name, moment in (("at", at), ("received_at", at), ("loaded_at", now))
    }
    rows = pl.DataFrame(
        {"unit": reader.cast(pl.String), "variant": np.where(contacted, "treatment", "control").tolist()}
    ).with_columns(
        experiment=pl.lit(f"campaign/pilot-{day}"),
        treatment=pl.lit("conversion"),
        propensity=pl.lit(0.5),
        decision_id=pl.format("campaign/pilot-{}/{}", pl.lit(day), pl.col("unit")),
        **times,
    )
    warehouse.insert("exposures", rows.to_arrow())


def _lived(readers: int, chosen: Chosen) -> dict[str, NDArray[np.bool_]]:
    """Who subscribed within the horizon, by whom was contacted: nobody, the list by uplift, the list by probability."""
    nobody = np.zeros(0, dtype=np.uint64)
    lists = {
        "nobody": nobody,
        "uplift": chosen.reader[chosen.list_by(chosen.uplift, BUDGETS[0])],
        "probability": chosen.reader[chosen.list_by(chosen.probability, BUDGETS[0])],
    }
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        waiting = {name: pool.submit(starters, readers, SEED, HORIZON_DAYS, listed) for name, listed in lists.items()}
        return {name: np.isin(chosen.reader, future.result()) for name, future in waiting.items()}


def _by_true_effect(chosen: Chosen) -> dict[str, Any]:
    """What the lists bring by the true effect on each reader, at each budget."""
    figures: dict[str, Any] = {}
    for budget in BUDGETS:
        name = "" if budget == BUDGETS[0] else f"_at_{budget:.0%}".replace("%", "_percent")
        by_uplift, likely = (chosen.list_by(score, budget) for score in (chosen.uplift, chosen.probability))
        figures |= {
            f"extra_by_uplift{name}": round(float(chosen.effect[by_uplift].sum()), 2),
            f"extra_by_probability{name}": round(float(chosen.effect[likely].sum()), 2),
            **_difference(f"difference{name}", chosen, chosen.effect * (by_uplift.astype(float) - likely)),
        }
        if budget == BUDGETS[0]:
            harmed = chosen.effect < 0
            figures |= {
                "contacts": int(by_uplift.sum()),
                "on_both_lists": int((by_uplift & likely).sum()),
                "sleeping_dogs_spared": int((harmed & likely).sum() - (harmed & by_uplift).sum()),
            }
    return figures


def _realised(chosen: Chosen, lived: dict[str, NDArray[np.bool_]]) -> dict[str, Any]:
    """What came of it when these days were lived under each list."""
    started = {name: who.astype(float) for name, who in lived.items()}
    return {
        **{
            f"twin_extra_by_{name}": float((started[name] - started["nobody"]).sum())
            for name in ("uplift", "probability")
        },
        **_difference("twin_difference", chosen, started["uplift"] - started["probability"]),
    }


def _difference(name: str, chosen: Chosen, by_reader: Floats) -> dict[str, Any]:
    """The sum over readers with its interval; where that includes 0, about how many readers would be needed."""
    draws = Draws.of(chosen.reader)
    found, many = ratio(by_reader, np.ones(len(by_reader)), draws), len(by_reader)
    low, high = (None if bound is None else round(many * bound, 2) for bound in found["ci95"])
    value = round(float(by_reader.sum()), 2)
    figures: dict[str, Any] = {name: value, f"{name}_low": low, f"{name}_high": high}
    if low is not None and high is not None and low <= 0 <= high and value > 0:
        figures[f"{name}_needs_readers_asked"] = round(many * ((high - low) / 2 / value) ** 2)
    return figures


def _learnt(found: Evaluation, chosen: Chosen) -> dict[str, Any]:
    low, high = found["metrics"]["qini"]["ci95"]
    return {
        "readers_asked": len(chosen.reader),
        "qini": found["metrics"]["qini"]["value"],
        "qini_low": low,
        "qini_high": high,
        "learner": found["champion"],
        "decisions_learnt_from": found["label"]["n_train"],
        "decisions_judged": found["label"]["n_test"],
    }


def _extra(chosen: Chosen, score: Floats) -> float:
    return round(float(chosen.effect[chosen.list_by(score, BUDGETS[0])].sum()), 2)


def _on(day: int) -> datetime:
    return DEFAULT_START + timedelta(milliseconds=day * DAY_MS)
