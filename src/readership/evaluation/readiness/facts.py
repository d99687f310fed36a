"""The facts that readiness is judged by, whatever they were read from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal


@dataclass(frozen=True)
class Cutoff:
    """How many readers can be asked about at one cut-off, and how many answers are 1.

    fold   train, validation, calibration or test
    """

    as_of: datetime
    fold: str
    asked: int
    positives: int

    @property
    def rarer(self) -> int:
        """Readers with the rarer of the two answers."""
        return min(self.positives, self.asked - self.positives)


@dataclass(frozen=True)
class Question:
    """A question about readers at a cut-off, and what the folds that fit into this log hold.

    cutoffs   the last of each fold and every one of the test, in time order; empty where the folds do not fit
    planned   how many cut-offs a model of this question would be made from
    """

    horizon_days: int
    lookback_days: int
    cutoffs: tuple[Cutoff, ...] = ()
    planned: int = 0

    @property
    def rows(self) -> float:
        """Rows of the dataset, as far as the counted cut-offs tell."""
        return self.planned * sum(c.asked for c in self.cutoffs) / len(self.cutoffs) if self.cutoffs else 0.0


@dataclass(frozen=True)
class Machine:
    """What there is to work with; `disk_gib` is free disk where the results would lie."""

    memory_gib: float
    disk_gib: float
    processors: int


@dataclass(frozen=True)
class Facts:
    """What was read, counted over everything known at `now`.

    source            what was read, in words, without secrets
    grain             of a row: events or sessions
    rows, readers     how many there are
    registered        readers known by a login, a registration or a tier
    consenting        readers who agree to personalisation, by what they said or by default
    starts            subscriptions begun, by their events or by a tier that becomes a paid one
    first, last       times of the oldest and the newest row; None without rows
    days              UTC days with any row
    gap_days          the longest span of days without any row; `gap_from` its first day
    fields            rows that carry a field, by the field's name
    types             events of each type (of sessions: what their counts add up to)
    repeats           rows beyond the first that say the same
    quarantined       rows refused when they were loaded
    received_rows     rows whose time of arrival differs from their own time
    late_rows         rows that arrived more than a day after they happened
    consent_rows      rows that state consent
    zone_rows         rows with the reader's timezone
    brands            names of brands, the commonest first
    tables            rows of billing, content and advertising: subscriptions, articles, titled_articles, ads, exposures
    questions         by name: churn, churn_subscribers, conversion
    built             steps this version has
    missing_packages  by the extra that brings them
    champions         tasks with a live champion
    unmapped          columns of the source that the mapping does not use
    to_load           whether the rows have yet to be loaded
    """

    source: str
    grain: Literal["events", "sessions"]
    now: datetime
    rows: int = 0
    readers: int = 0
    registered: int = 0
    consenting: int = 0
    starts: int = 0
    first: datetime | None = None
    last: datetime | None = None
    days: int = 0
    gap_days: int = 0
    gap_from: datetime | None = None
    fields: Mapping[str, int] = field(default_factory=dict)
    types: Mapping[str, int] = field(default_factory=dict)
    repeats: int = 0
    quarantined: int = 0
    received_rows: int = 0
    late_rows: int = 0
    consent_rows: int = 0
    zone_rows: int = 0
    brands: tuple[str, ...] = ()
    tables: Mapping[str, int] = field(default_factory=dict)
    questions: Mapping[str, Question] = field(default_factory=dict)
    built: frozenset[str] = frozenset()
    missing_packages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    champions: tuple[str, ...] = ()
    unmapped: tuple[str, ...] = ()
    to_load: bool = False
    machine: Machine = Machine(8.0, 20.0, 2)

    @property
    def span_days(self) -> float:
        """Days from the first row until now."""
        return (self.now - self.first).total_seconds() / 86_400 if self.first else 0.0

    def carries(self, *names: str) -> bool:
        """Whether any row carries one of these fields."""
        return any(self.fields.get(name, 0) for name in names)

    def counts(self, *types: str) -> int:
        """Events of these types."""
        return sum(self.types.get(name, 0) for name in types)
