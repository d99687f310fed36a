"""What to know of the data before relying on it: each with what follows and what would help."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from readership.evaluation.readiness.facts import Facts
from readership.evaluation.reports.words import plural, span

LATE = 0.01
REPEATED = 0.001
FEW_REGISTERED = 0.2


@dataclass(frozen=True)
class Remark:
    """One finding: fine, look (deserves a look), or missing (the source does not carry it)."""

    name: str
    state: Literal["fine", "look", "missing"]
    reason: str
    remedy: str = ""


def remarks(f: Facts) -> tuple[Remark, ...]:
    """Every remark on data that has rows, what deserves a look first."""
    if not f.rows:
        return ()
    order = {"look": 0, "missing": 1, "fine": 2}
    return tuple(sorted(_all(f), key=lambda remark: order[remark.state]))


def _all(f: Facts) -> Iterator[Remark]:
    yield _history(f)
    yield _labels(f)
    yield _registered(f)
    yield _consent(f)
    yield _zones(f)
    yield _repeats(f)
    yield _late(f)
    yield _brands(f)
    if f.quarantined:
        yield Remark(
            "quarantine",
            "look",
            f"{plural(f.quarantined, 'row')} could not be understood",
            "read the table `quarantine`",
        )
    if f.unmapped:
        yield Remark(
            "columns",
            "look",
            f"not used: {', '.join(f.unmapped)}",
            "name them in the mapping, if they mean something here",
        )


def _history(f: Facts) -> Remark:
    assert f.first
    assert f.last
    span_days = (f.last.date() - f.first.date()).days + 1
    said = f"{plural(span_days, 'day')}, {f.first:%Y-%m-%d} to {f.last:%Y-%m-%d}, {f.days:,} of them with rows"
    if f.gap_days > 1:
        return Remark(
            "history",
            "look",
            f"{said}; the longest gap is {plural(f.gap_days, 'day')} from {f.gap_from:%Y-%m-%d}",
            "where tracking failed, record the span in the table `outages`",
        )
    return Remark("history", "fine", said)


def _labels(f: Facts) -> Remark:
    tests = [cutoff for cutoff in f.questions["churn"].cutoffs if cutoff.fold == "test"]
    if not tests:
        return Remark("labels", "missing", "the history is too short for a mature label of churn in every fold")
    newest = tests[-1]
    share = f", {newest.positives / newest.asked:.0%} of them left" if newest.asked else ""
    state: Literal["fine", "look"] = "fine" if newest.rarer else "look"
    return Remark(
        "labels",
        state,
        f"at {newest.as_of:%Y-%m-%d}, the newest cut-off whose answers are known, "
        f"{plural(newest.asked, 'registered reader')} can be asked about{share}",
    )


def _registered(f: Facts) -> Remark:
    share = f.registered / f.readers
    said = f"{f.registered:,} of {plural(f.readers, 'reader')} ({share:.0%}) are known to be registered"
    if share >= FEW_REGISTERED:
        return Remark("registered", "fine", said)
    return Remark(
        "registered", "look", f"{said}; churn is asked of these alone", "send `login` events, or map the tier"
    )


def _consent(f: Facts) -> Remark:
    said = f"{f.consenting:,} of {plural(f.readers, 'reader')} agree to personalisation"
    if not f.consent_rows:
        return Remark(
            "consent",
            "missing",
            f"no row states it; {said} by what was told",
            "map its column, or say `--consent …` with what they agreed to",
        )
    return Remark("consent", "fine", f"{f.consent_rows / f.rows:.0%} of rows state it; {said}")


def _zones(f: Facts) -> Remark:
    if not f.zone_rows:
        return Remark(
            "timezone",
            "missing",
            "no row states the reader's; days and day-parts are in the brand's zone, or in UTC",
            "name zones under [brand_timezones], or map the column to `timezone`",
        )
    return Remark("timezone", "fine", f"{f.zone_rows / f.rows:.0%} of rows state the reader's")


def _repeats(f: Facts) -> Remark:
    said = f"{plural(f.repeats, 'row')} of {f.rows:,} say the same as another"
    if f.repeats <= REPEATED * f.rows:
        return Remark("duplicates", "fine", said)
    return Remark("duplicates", "look", said, "give each row an id of its own; a repeat then counts once")


def _late(f: Facts) -> Remark:
    if not f.received_rows:
        return Remark(
            "late arrivals",
            "missing",
            "no row says when it arrived, so each counts as known when it happened",
            f"map the time of arrival to `{'received_at' if f.grain == 'events' else 'created_at'}`",
        )
    said = f"{plural(f.late_rows, 'row')} ({f.late_rows / f.rows:.1%}) arrived more than {span(86_400)} late"
    return Remark("late arrivals", "fine" if f.late_rows <= LATE * f.rows else "look", said)


def _brands(f: Facts) -> Remark:
    if not f.brands:
        return Remark("brands", "missing", "no row states a brand", "map its column, or state one under [constants]")
    first = ", ".join(f.brands[:5]) + (" …" if len(f.brands) > 5 else "")
    return Remark("brands", "fine", f"{plural(len(f.brands), 'brand')}: {first}")
