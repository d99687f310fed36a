"""An experiment as data: what is tried on whom, from when to when, and by what it is judged."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

UNITS = ("reader", "device", "session")
KINDS = ("mean", "ratio", "conversion")
BETTER = ("more", "less")
COVARIATES = ("pre_period", "prediction", "none")
ATTRIBUTES = ("brand", "country", "device_type", "subscription_tier")
"""What an audience can be chosen by, and segments be formed by."""
MAY_CHANGE = ("end", "coverage")
"""After the start: the end may come earlier, the coverage may grow; nothing else may change."""


class Namespace(NamedTuple):
    """A share of the readers, [low, high) of 0 to 1, that experiments of the same name do not share."""

    name: str
    low: float
    high: float


class Models(NamedTuple):
    """Versions of one task's model that answer readers, by variant; the control's is the champion."""

    task: str
    versions: Mapping[str, str]


@dataclass(frozen=True)
class Metric:
    """One number for each unit, and which way is better.

    kind       mean (of `measure` per unit), conversion (share of units with any of it), ratio (`measure` / `per`)
    cap        a unit's value counts for this much at most, in the measure's unit; None: as it is
    covariate  what the unit was like before, to narrow the interval: pre_period (the same measure), prediction, none
    margin     of a guard-rail: by which share of the control group's value it may get worse
    """

    name: str
    kind: str
    measure: str
    better: str = "more"
    per: str | None = None
    cap: float | None = None
    covariate: str = "pre_period"
    margin: float | None = None


@dataclass(frozen=True)
class Experiment:
    """What is tried on whom, from when to when, and by what it is judged.

    variants        the first is the control
    weights         chance of each, which sum to 1
    coverage        share of the units that take part at all
    window_days     a unit's outcome is what it does in so many days from its first exposure on
    pre_days        what it was like before is taken from so many days before that
    expected_units  how many are expected in all; the always-valid interval is narrowest there
    metrics         the first decides
    prediction      task whose last prediction before the exposure is the covariate `prediction`
    models          where variants are versions of a model: which ones
    """

    key: str
    hypothesis: str
    unit: str
    variants: tuple[str, ...]
    weights: tuple[float, ...]
    start: datetime
    end: datetime
    metrics: tuple[Metric, ...]
    guardrails: tuple[Metric, ...] = ()
    coverage: float = 1.0
    namespace: Namespace | None = None
    audience: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    segments: tuple[str, ...] = ()
    window_days: int = 7
    pre_days: int = 28
    expected_units: int = 10_000
    prediction: str | None = None
    models: Models | None = None

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> "Experiment":
        """The experiment that says this; the opposite of `content`."""
        told = dict(content)
        for name in ("metrics", "guardrails"):
            told[name] = tuple(Metric(**metric) for metric in told[name])
        for name in ("start", "end"):
            told[name] = datetime.fromisoformat(told[name])
        for name in ("variants", "weights", "segments"):
            told[name] = tuple(told[name])
        for name, kind in (("namespace", Namespace), ("models", Models)):
            told[name] = kind(*told[name]) if told.get(name) else None
        told["audience"] = {name: tuple(values) for name, values in told["audience"].items()}
        return cls(**told)

    @property
    def control(self) -> str:
        """The variant that others are compared with."""
        return self.variants[0]

    @property
    def complete_at(self) -> datetime:
        """When the outcome of the last unit exposed is known."""
        return self.end + timedelta(days=self.window_days)

    @property
    def judged(self) -> tuple[Metric, ...]:
        """Metrics, then guard-rails."""
        return (*self.metrics, *self.guardrails)

    @cached_property
    def ranges(self) -> tuple[tuple[float, float], ...]:
        """[low, high) of each variant within 0 to 1: weights laid end to end, of each its first part, as covered."""
        found, low = [], 0.0
        for weight in self.weights:
            found.append((low, low + self.coverage * weight))
            low += weight
        return tuple(found)

    def running(self, now: datetime) -> bool:
        """Whether units are assigned at this moment."""
        return self.start <= now < self.end

    def overlaps(self, other: "Experiment") -> bool:
        """Whether both claim the same readers of one namespace at the same time."""
        one, two = self.namespace, other.namespace
        return (
            one is not None
            and two is not None
            and one.name == two.name
            and max(one.low, two.low) < min(one.high, two.high)
            and max(self.start, other.start) < min(self.end, other.end)
        )

    def content(self) -> dict[str, Any]:
        """Everything it says, as plain values; `models` only where it names some (so older hashes stay true)."""
        found: dict[str, Any] = json.loads(json.dumps(asdict(self), default=datetime.isoformat))
        if self.models is None:
            del found["models"]
        return found

    def content_hash(self) -> str:
        """Of what may not change after the start: SHA-256 of canonical JSON."""
        fixed = {name: value for name, value in self.content().items() if name not in MAY_CHANGE}
        return hashlib.sha256(json.dumps(fixed, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
