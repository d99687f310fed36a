"""Contributions in words: why this reader's score is what it is, and what drives the scores of all.

Windows of one quantity (reading time in 7, 14, 28 days), the ways to count visits (sessions, active days, events,
article views) and the ways to say "has not come for a while" each share one reason: their contributions are added,
and the member that adds most is the one told.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

ABSENCE = ("days_since_last_session", "current_gap_days", "current_gap_over_usual", "days_since_last_article_view")
VISITS = ("sessions", "active_days", "events", "article_views")
MOVED = {"churn": "the risk", "conversion": "the chance", "engagement": "the score", "uplift": "the effect"}
"""What a reason raises or lowers, by the first or last word of the model's name."""
_WINDOW = re.compile(r"_(\d+[dw]|lag_\d+|mean_\d+|mean_ever|ever)$")
_MISSING_RULE = re.compile(r"missing when (?P<when>.+)$")


def moved_by(name: str) -> str:
    """What the reasons of a model raise or lower.

    >>> moved_by("churn_subscribers"), moved_by("conversion_uplift")
    ('the risk', 'the effect')
    """
    words = name.split("_")
    return MOVED.get(words[-1], MOVED[words[0]])


class Described(Protocol):
    """An entry of the feature catalogue."""

    @property
    def meaning(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def null_rule(self) -> str: ...


class Driver(NamedTuple):
    """One feature over many readers.

    strength   mean size of its contribution, in log-odds
    direction  "rises with it", "falls with it", "both ways", or the category's words that raise and lower most
    """

    feature: str
    meaning: str
    strength: float
    direction: str


def reasons(
    names: Sequence[str],
    contributions: NDArray[np.float64],
    features: NDArray[np.float32],
    described: Mapping[str, Described],
    categories: Mapping[str, Sequence[str]],
    top: int = 3,
    moved: str = "the risk",
) -> list[list[str]]:
    """The `top` reasons of each row in words, largest contribution first, each with its direction: `moved` up or down.

    `contributions` [n, p + 1] are those of `Model.contributions` for `features` [n, p]; the constant is no reason.
    """
    families = [_family(name) for name in names]
    kinds = list(dict.fromkeys(families))
    member = np.zeros((len(names), len(kinds)))
    member[np.arange(len(names)), [kinds.index(family) for family in families]] = 1.0
    parts = contributions[:, :-1]
    totals = parts @ member
    order = np.argsort(-np.abs(totals), axis=1, kind="stable")[:, :top]
    told = []
    for row in range(len(parts)):
        words = []
        for kind in order[row]:
            total = totals[row, kind]
            if total == 0.0:
                continue
            leading = int(np.argmax(np.where(member[:, kind] > 0, parts[row] * np.sign(total), -np.inf)))
            phrase = _phrase(names, leading, features[row], described, categories)
            words.append(f"{phrase} ({'raises' if total > 0 else 'lowers'} {moved})")
        told.append(words)
    return told


def drivers(
    names: Sequence[str],
    contributions: NDArray[np.float64],
    features: NDArray[np.float32],
    described: Mapping[str, Described],
    categories: Mapping[str, Sequence[str]],
    top: int = 15,
) -> list[Driver]:
    """The features with the largest mean contribution over these rows, largest first."""
    strength = np.abs(contributions[:, :-1]).mean(axis=0)
    found = []
    for column in np.argsort(-strength, kind="stable")[:top]:
        if strength[column] > 0:
            name = names[column]
            part, value = contributions[:, column], features[:, column]
            direction = _by_word(part, value, categories[name]) if name in categories else _by_number(part, value)
            found.append(Driver(name, _meaning(name, described), float(strength[column]), direction))
    return found


def _family(name: str) -> str:
    if name in ABSENCE:
        return ABSENCE[0]
    quantity = _WINDOW.sub("", name)
    return VISITS[0] if quantity in VISITS else quantity


def _phrase(
    names: Sequence[str],
    column: int,
    row: NDArray[np.float32],
    described: Mapping[str, Described],
    categories: Mapping[str, Sequence[str]],
) -> str:
    name, value = names[column], float(row[column])
    if name in ABSENCE and (absence := _absence(names, row)):
        return absence
    meaning = _meaning(name, described)
    if np.isnan(value):
        rule = _MISSING_RULE.search(described[name].null_rule) if name in described else None
        return f"{meaning}: {rule['when'] if rule else 'not known'}"
    if name in categories:
        words = categories[name]
        return f"{meaning}: {words[int(value)] if value < len(words) else 'one not seen in training'}"
    return f"{meaning}: {_number(value, described[name].unit if name in described else '')}"


def _absence(names: Sequence[str], row: NDArray[np.float32]) -> str | None:
    """How long without a visit, beside what is usual for this reader, where both are known."""
    known = {name: float(row[names.index(name)]) for name in (*ABSENCE, "usual_gap_days") if name in names}
    days = next((known[name] for name in ABSENCE[:2] if not np.isnan(known.get(name, np.nan))), None)
    if days is None:
        return None
    usual = known.get("usual_gap_days", np.nan)
    words = f"no visit for {_days(days)}"
    return words if np.isnan(usual) else f"{words} (usually every {'day' if round(usual) <= 1 else _days(usual)})"


def _days(days: float) -> str:
    whole = int(days)
    return "less than a day" if whole < 1 else "1 day" if whole == 1 else f"{whole} days"


def _meaning(name: str, described: Mapping[str, Described]) -> str:
    return described[name].meaning if name in described else name.replace("_", " ")


def _number(value: float, unit: str) -> str:
    if unit == "share":
        return f"{value:.0%}"
    if unit == "0 or 1":
        return "yes" if value else "no"
    text = f"{value:,.0f}" if value == round(value) or abs(value) >= 100 else f"{value:.2g}"
    return f"{text} {unit}" if unit in {"seconds", "minutes", "hours", "days", "EUR"} else text


def _by_number(part: NDArray[np.float64], value: NDArray[np.float32]) -> str:
    known = ~np.isnan(value)
    if known.sum() < 2 or np.ptp(value[known]) == 0 or np.ptp(part[known]) == 0:
        return "both ways"
    slope = np.corrcoef(_ranks(value[known]), _ranks(part[known]))[0, 1]
    return "rises with it" if slope > 0.3 else "falls with it" if slope < -0.3 else "both ways"


def _by_word(part: NDArray[np.float64], value: NDArray[np.float32], words: Sequence[str]) -> str:
    means = {word: part[value == code].mean() for code, word in enumerate(words) if (value == code).any()}
    if not means:
        return "both ways"
    highest, lowest = max(means, key=means.__getitem__), min(means, key=means.__getitem__)
    return f"highest for {highest}, lowest for {lowest}"


def _ranks(values: NDArray[np.generic]) -> NDArray[np.float64]:
    """Mean rank of each value; equal values share one."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse]
