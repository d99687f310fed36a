"""Random small logs go through the real ingest, sessions and SQL; plain Python must find the same features."""

import json
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from readership.evaluation.brute_force.frame import brute_force_frame
from readership.evaluation.brute_force.log import DAY, DAYS, START, Event, random_log, rounds
from readership.evaluation.leakage import Check, Difference, compare
from readership.events.consent import bits
from readership.events.mapping import load_mapping
from readership.features.catalogue import READER, catalogue, input_groups
from readership.pipelines.features import feature_frame
from readership.pipelines.ingest import ingest
from readership.pipelines.time_travel import FAR
from readership.settings import Settings
from readership.warehouse import Warehouse

CUTOFFS = tuple(START + days * DAY for days in (20, 75, DAYS + 30))
DELIVERIES = 3
TOLERANCE = 1e-5


def brute_force(warehouse: Warehouse, settings: Settings, seeds: Sequence[int]) -> Check:
    """Compare every feature of random logs at several cut-offs with its second computation.

    Each log arrives in several deliveries, late rows after the sessions they belong to were built.
    """
    differences: list[Difference] = []
    unknown: set[str] = set()
    for seed in seeds:
        log = random_log(seed, cutoffs=CUTOFFS[:2])
        with warehouse.scratch():
            for delivery in rounds(log, DELIVERIES):
                deliver(warehouse, delivery, settings)
            for cutoff in CUTOFFS:
                found, without = _compared(warehouse, settings, log, cutoff)
                differences.append(found)
                unknown |= without
    return _check(differences, sorted(unknown))


def deliver(warehouse: Warehouse, events: Sequence[Event], settings: Settings) -> None:
    """Ingest events as one file of JSON lines, as any publisher would."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "events.jsonl"
        file.write_text("".join(json.dumps(_plain(event)) + "\n" for event in events), encoding="utf-8")
        ingest(warehouse, [file], load_mapping("native"), settings=settings)


def _compared(
    warehouse: Warehouse, settings: Settings, log: Sequence[Event], cutoff: datetime
) -> tuple[Difference, set[str]]:
    frame = feature_frame(warehouse, cutoff, FAR, settings=settings, groups=input_groups())
    inputs = [feature for feature in catalogue() if feature.model_input]
    kinds = {feature.name: feature.kind for feature in inputs}
    second = brute_force_frame(log, cutoff, bits(settings.default_consent), kinds)
    shared = [name for name in kinds if name in second.columns]
    difference = compare(frame.select(READER, *shared), second.select(READER, *shared), tolerance=TOLERANCE)
    return difference, set(kinds) - set(shared)


def _check(differences: Sequence[Difference], unknown: Sequence[str]) -> Check:
    rows = sum(difference.rows for difference in differences)
    columns = sorted({name for difference in differences for name in difference.columns})
    only_one = sum(difference.only_one for difference in differences)
    examples = [example for difference in differences for example in difference.examples]
    found = {"columns": columns, "without_a_second_way": list(unknown)}
    if not columns and not only_one:
        return Check(
            "brute_force", "pass", rows, f"{rows} rows of random logs equal plain Python over raw events", found
        )
    example = (
        f" ({examples[0]})".replace("with the future", "by SQL").replace("without", "in Python") if examples else ""
    )
    detail = f"SQL and plain Python differ in {', '.join(columns[:8]) or 'who has a row'}{example}"
    return Check("brute_force", "fail", rows, detail, found)


def _plain(event: Event) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in event.items()}
