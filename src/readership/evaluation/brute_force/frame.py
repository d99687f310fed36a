"""Every reader's features at a cut-off, from a log of raw events."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import polars as pl

from readership.evaluation.brute_force.features import Value, features_of
from readership.evaluation.brute_force.visits import BITS, Event, Visit, known_events, visits_of


def brute_force_frame(
    log: Iterable[Event], as_of: datetime, default_consent: int, kinds: Mapping[str, str]
) -> pl.DataFrame:
    """One row per reader with a session over by `as_of` who agrees to personalisation: user_id and features.

    `kinds` says which features are wanted, and whether each is a number or a category; those this module does
    not know are left out.
    """
    rows: list[dict[str, Value]] = []
    readers: list[int] = []
    by_reader: dict[str, list[Event]] = {}
    for event in known_events(log, as_of):
        by_reader.setdefault(event["user_id"], []).append(event)
    for reader, events in by_reader.items():
        visits = visits_of(events, as_of)
        if visits and _consent(visits, default_consent) & BITS["personalisation"]:
            readers.append(int(reader))
            rows.append(features_of(visits, as_of))
    known = [name for name in kinds if not rows or name in rows[0]]
    columns = {
        name: pl.Series(name, [row[name] for row in rows], dtype=_TYPES[kinds[name]], strict=False) for name in known
    }
    return pl.DataFrame({"user_id": pl.Series(readers, dtype=pl.UInt64), **columns}).sort("user_id")


_TYPES = {"number": pl.Float64, "category": pl.String}


def _consent(visits: Sequence[Visit], default: int) -> int:
    """What the last session that says anything about consent says."""
    stated = [visit for visit in visits if visit.consent is not None]
    last = max(stated, key=lambda visit: (visit.end, visit.session_id), default=None)
    return default if last is None or last.consent is None else last.consent
