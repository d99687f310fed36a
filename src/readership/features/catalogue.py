"""The feature catalogue, read from the comments beside the columns in `groups/*.sql`.

A column of a group reads `<expression> AS <name>, -- <unit> | <meaning> | <null rule>`. The unit `category`
marks text; a null rule beginning with `0` says that a reader without a row has truly none. A group whose header says
`model_input: no` is for no model, one with `model_input: <task>` for the models of that task alone.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from readership.warehouse import read_sql

PACKAGE = "readership.features.groups"
READER = "user_id"
_ENTRY = re.compile(
    r"(?:^\s*|\bAS\s+)(?P<name>[a-z][a-z0-9_]*),?\s+--\s+(?P<unit>[^|]+)\|(?P<meaning>[^|]+)\|(?P<null>[^|]+)$"
)
_INPUT_OF = re.compile(r"^-- model_input: (\w+)$", re.MULTILINE)


@dataclass(frozen=True)
class Feature:
    """One column: what it says about a reader at as_of.

    meaning      words for a sentence: "sessions that ended in the last 7 days"
    null_rule    when it is missing, or that it is 0 when there is none
    model_input  False for publisher-wide activity, which is a clock and not a trait of a reader
    task         the only task whose models may see it; empty: those of every task
    """

    name: str
    group: str
    meaning: str
    unit: str
    null_rule: str
    kind: Literal["number", "category"]
    model_input: bool
    task: str = ""

    @property
    def zero_when_none(self) -> bool:
        """Whether a reader without a row in the group has 0 rather than nothing known."""
        return self.null_rule.startswith("0")

    def serves(self, task: str) -> bool:
        """Whether a model of `task` may see it."""
        return self.model_input and self.task in ("", task)


@cache
def group_names() -> tuple[str, ...]:
    """Names of the feature groups, in the order of their columns."""
    folder = files("readership.features").joinpath("groups")
    return tuple(sorted(file.name.removesuffix(".sql") for file in folder.iterdir() if file.name.endswith(".sql")))


def group_sql(group: str) -> str:
    """The SELECT of one group; binds `as_of`, `snapshot_at` and, for some, `default_consent`."""
    return read_sql(PACKAGE, group)


@cache
def catalogue() -> tuple[Feature, ...]:
    """Every feature, group by group, in the order of the SELECTs."""
    return tuple(feature for group in group_names() for feature in parse(group, group_sql(group)))


@cache
def by_name() -> Mapping[str, Feature]:
    """Features by name."""
    return {feature.name: feature for feature in catalogue()}


def parse(group: str, sql: str) -> list[Feature]:
    """Catalogue entries written in a group's text."""
    stated = _INPUT_OF.search(sql)
    task = stated[1] if stated else ""
    found = [match for line in sql.splitlines() if (match := _ENTRY.search(line))]
    return [
        Feature(
            name=entry["name"],
            group=group,
            meaning=entry["meaning"].strip(),
            unit=entry["unit"].strip(),
            null_rule=entry["null"].strip(),
            kind="category" if entry["unit"].strip() == "category" else "number",
            model_input=task != "no",
            task="" if task == "no" else task,
        )
        for entry in found
    ]


def input_groups(task: str | None = None) -> tuple[str, ...]:
    """Groups whose features the models of `task` may see; without one, those that some model may see."""
    found = {f.group for f in catalogue() if (f.model_input if task is None else f.serves(task))}
    return tuple(group for group in group_names() if group in found)


def model_inputs() -> tuple[str, ...]:
    """Names of the features that some model may see, in catalogue order."""
    return tuple(feature.name for feature in catalogue() if feature.model_input)


def categories() -> tuple[str, ...]:
    """Names of the text features that some model may see, in catalogue order."""
    return tuple(feature.name for feature in catalogue() if feature.model_input and feature.kind == "category")


@cache
def sql_hashes() -> Mapping[str, str]:
    """sha256 of each group's text and of the consent rule, for manifests."""
    texts = {group: group_sql(group) for group in group_names()} | {
        "consent": read_sql("readership.features", "consent")
    }
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
