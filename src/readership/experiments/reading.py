"""Definitions of experiments from TOML files: `experiments/<key>.toml` in the project's home."""

import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import UTC, date, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

from readership.errors import InputError
from readership.experiments.definition import (
    ATTRIBUTES,
    BETTER,
    COVARIATES,
    KINDS,
    UNITS,
    Experiment,
    Metric,
    Models,
    Namespace,
)
from readership.experiments.measures import MEASURES

FOLDER = "experiments"
LONGEST_DAYS = 64
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")
_NAMES = {field.name for field in fields(Experiment)} - {"key"}
_METRIC_NAMES = {field.name for field in fields(Metric)} - {"name", "margin"}
_NEEDED = ("hypothesis", "unit", "variants", "weights", "start", "end", "metrics")


def read_experiments(folder: Path) -> dict[str, Experiment]:
    """Every definition of a folder by its key, the earliest start first; none where there is no folder.

    Raises InputError where one cannot be used, or where two that exclude each other overlap.
    """
    found = [read_experiment(path) for path in sorted(folder.glob("*.toml"))]
    for one, two in combinations(found, 2):
        if one.overlaps(two) and one.namespace and two.namespace:
            raise InputError(
                f"experiments {one.key!r} and {two.key!r} exclude each other (namespace {one.namespace.name!r}), but "
                f"both claim {max(one.namespace.low, two.namespace.low):g} to "
                f"{min(one.namespace.high, two.namespace.high):g} of it from {max(one.start, two.start):%Y-%m-%d} to "
                f"{min(one.end, two.end):%Y-%m-%d}; give them ranges, or times, that do not meet; nothing was assigned"
            )
    return {experiment.key: experiment for experiment in sorted(found, key=lambda e: (e.start, e.key))}


def read_experiment(path: Path) -> Experiment:
    """The definition in one file, whose name is the experiment's key.

    Raises InputError naming the experiment, the field, the value and what to write instead.
    """
    key = path.stem
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"experiment {key!r}: {path.name} is not TOML: {error}") from error
    if not _KEY.fullmatch(key):
        raise InputError(
            f"experiment {key!r}: its file name must be letters, digits, '-' and '_', 60 at most, since it is the key"
        )
    return _Reading(key).experiment(found)


class _Reading:
    """One definition; every error names it."""

    def __init__(self, key: str) -> None:
        self.key = key

    def wrong(self, what: str) -> InputError:
        return InputError(f"experiment {self.key!r}: {what}")

    def experiment(self, found: Mapping[str, Any]) -> Experiment:
        self.only("it", found, _NAMES)
        if missing := [name for name in _NEEDED if name not in found]:
            raise self.wrong(f"{missing[0]} is missing; it needs {', '.join(_NEEDED)}")
        start, end = self.moment(found, "start"), self.moment(found, "end")
        if end <= start:
            raise self.wrong(f"end {end:%Y-%m-%d} is not after start {start:%Y-%m-%d}")
        variants = self.words(found, "variants")
        if len(variants) < 2:
            raise self.wrong(
                f"variants is {list(variants)}; one alone cannot be compared: name the control first, then the others"
            )
        experiment = Experiment(
            key=self.key,
            hypothesis=self.text(found, "hypothesis"),
            unit=self.one_of(found, "unit", UNITS),
            variants=variants,
            weights=self.weights(found["weights"], variants),
            start=start,
            end=end,
            metrics=self.metrics(found, "metrics"),
            guardrails=self.metrics(found, "guardrails") if "guardrails" in found else (),
            coverage=self.number(found, "coverage", 1.0, 0, 1),
            namespace=self.namespace(found["namespace"]) if "namespace" in found else None,
            audience=self.audience(found.get("audience", {})),
            segments=self.segments(found),
            window_days=int(self.number(found, "window_days", 7, 1, LONGEST_DAYS)),
            pre_days=int(self.number(found, "pre_days", 28, 1, LONGEST_DAYS)),
            expected_units=int(self.number(found, "expected_units", 10_000, 100, 1e12)),
            prediction=self.text(found, "prediction") if "prediction" in found else None,
            models=self.models(found, variants) if "models" in found else None,
        )
        self.covariates(experiment)
        return experiment

    def metrics(self, found: Mapping[str, Any], kind: str) -> tuple[Metric, ...]:
        tables = found[kind]
        if not isinstance(tables, dict) or not tables:
            raise self.wrong(f"{kind} is {tables!r}; write a table for each, e.g. [{kind}.active_days]")
        return tuple(self.metric(name, table, kind) for name, table in tables.items())

    def metric(self, name: str, table: Any, kind: str) -> Metric:
        where = f"[{kind}.{name}]"
        if not isinstance(table, dict):
            raise self.wrong(f"{where} is {table!r}; it must be a table")
        self.only(where, table, _METRIC_NAMES | ({"margin"} if kind == "guardrails" else set()))
        shape = self.one_of(table, "kind", KINDS, where)
        ratio = shape == "ratio"
        if ratio != ("per" in table):
            raise self.wrong(f"{where} is a {shape}; {'name what it is per' if ratio else 'only a ratio has `per`'}")
        cap = self.number(table, "cap", 0.0, 0, math.inf, where) or None
        if cap and shape != "mean":
            raise self.wrong(f"{where} is a {shape}; only a mean has a cap")
        return Metric(
            name=name,
            kind=shape,
            measure=self.measure(table.get("measure", name), where),
            better=self.one_of(table, "better", BETTER, where) if "better" in table else "more",
            per=self.measure(table["per"], where) if ratio else None,
            cap=cap,
            covariate=self.one_of(table, "covariate", COVARIATES, where) if "covariate" in table else "pre_period",
            margin=self.number(table, "margin", 0.0, 0, 1, where) if kind == "guardrails" else None,
        )

    def measure(self, name: Any, where: str) -> str:
        if name not in MEASURES:
            raise self.wrong(f"{where} counts {name!r}, which is not known; there are: {', '.join(sorted(MEASURES))}")
        return str(name)

    def weights(self, found: Any, variants: tuple[str, ...]) -> tuple[float, ...]:
        if not isinstance(found, list) or not all(_is_number(weight) and weight > 0 for weight in found):
            raise self.wrong(f"weights is {found!r}; write the chance of each variant, e.g. [0.5, 0.5]")
        if len(found) != len(variants):
            raise self.wrong(f"there are {len(variants)} variants but {len(found)} weights; write one for each")
        if abs(sum(found) - 1) > 1e-6:
            raise self.wrong(
                f"weights {found} sum to {sum(found):g}, not to 1; divide each by {sum(found):g} (to leave "
                "readers out, write coverage)"
            )
        return tuple(float(weight) for weight in found)

    def namespace(self, found: Any) -> Namespace:
        if not isinstance(found, dict) or set(found) != {"name", "range"} or not isinstance(found["name"], str):
            raise self.wrong(f"[namespace] is {found!r}; it has a name and a range, e.g. range = [0.0, 0.5]")
        span = found["range"]
        fits = isinstance(span, list) and len(span) == 2 and all(_is_number(bound) for bound in span)
        if not fits or not 0 <= span[0] < span[1] <= 1:
            raise self.wrong(f"[namespace] range is {span!r}; it must be two numbers, 0 <= low < high <= 1")
        return Namespace(found["name"], float(span[0]), float(span[1]))

    def audience(self, found: Any) -> dict[str, tuple[str, ...]]:
        if not isinstance(found, dict):
            raise self.wrong(f"audience is {found!r}; it must be a table")
        self.only("[audience]", found, ATTRIBUTES)
        return {name: self.words(found, name, "[audience]") for name in found}

    def models(self, found: Mapping[str, Any], variants: tuple[str, ...]) -> Models:
        table, unit = found["models"], found["unit"]
        if not isinstance(table, dict) or set(table) != {"task", *variants}:
            raise self.wrong(f"[models] is {table!r}; it has a task, and the version of each of {', '.join(variants)}")
        if unit != "reader":
            raise self.wrong(f"[models] answers readers, not a {unit}; the unit must be reader")
        if "task" in variants:
            raise self.wrong("[models] cannot tell a variant called 'task' from its task; call it otherwise")
        versions = {variant: self.text(table, variant) for variant in variants}
        if len(set(versions.values())) < len(versions):
            raise self.wrong(f"[models] is {table!r}; each variant needs a version of its own")
        return Models(self.text(table, "task"), versions)

    def segments(self, found: Mapping[str, Any]) -> tuple[str, ...]:
        names = self.words(found, "segments") if "segments" in found else ()
        self.only("segments", names, ATTRIBUTES)
        return names

    def covariates(self, experiment: Experiment) -> None:
        asked = {metric.covariate for metric in experiment.judged}
        if "prediction" in asked and experiment.prediction is None:
            raise self.wrong('a metric\'s covariate is prediction, but none is named; write e.g. prediction = "churn"')
        if experiment.unit != "reader" and experiment.prediction:
            raise self.wrong(f"predictions are of readers, not of a {experiment.unit}; leave prediction out")
        names = [metric.name for metric in experiment.judged]
        if twice := [name for name in names if names.count(name) > 1]:
            raise self.wrong(f"{twice[0]!r} is a metric and a guard-rail; each name may stand once")

    def only(self, where: str, found: Iterable[str], names: Iterable[str]) -> None:
        if unknown := sorted(set(found) - set(names)):
            raise self.wrong(f"{where} names {unknown[0]!r}, which is not known; there are: {', '.join(sorted(names))}")

    def one_of(self, found: Mapping[str, Any], name: str, allowed: tuple[str, ...], where: str = "") -> str:
        value = found.get(name)
        if value not in allowed:
            raise self.wrong(f"{where} {name} is {value!r}; it must be one of {', '.join(allowed)}".lstrip())
        return str(value)

    def text(self, found: Mapping[str, Any], name: str) -> str:
        value = found[name]
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(f"{name} is {value!r}; it must be words")
        return value.strip()

    def words(self, found: Mapping[str, Any], name: str, where: str = "") -> tuple[str, ...]:
        value = found[name]
        if not isinstance(value, list) or not value or not all(isinstance(word, str) and word for word in value):
            raise self.wrong(f"{where} {name} is {value!r}; it must be a list of texts".lstrip())
        if len(set(value)) < len(value):
            raise self.wrong(f"{where} {name} is {value!r}; each may stand once".lstrip())
        return tuple(value)

    def number(
        self, found: Mapping[str, Any], name: str, default: float, low: float, high: float, where: str = ""
    ) -> float:
        value = found.get(name, default)
        if not _is_number(value) or not low <= value <= high:
            raise self.wrong(f"{where} {name} is {value!r}; it must be a number from {low:g} to {high:g}".lstrip())
        return float(value)

    def moment(self, found: Mapping[str, Any], name: str) -> datetime:
        value = found[name]
        if isinstance(value, datetime):
            return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        if isinstance(value, date):
            return datetime(value.year, value.month, value.day, tzinfo=UTC)
        raise self.wrong(f"{name} is {value!r}; write a date or a time (UTC), e.g. {name} = 2026-03-02")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
