"""What became of each decision: told late, twice, in any order, or never.

A decision is open for `wait_ms`. Then it is settled, and only then does it count: as an impression, with a click or
without. To count clicks as they come and the rest later would make every arm look better than it is. A decision of
which nothing was heard was never seen by anybody, and counts for nothing. A click that comes after the settlement is
added to its impression; one whose impression was never heard of brings it along.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from readership.errors import InputError


class Told(StrEnum):
    """What was done with a piece of feedback."""

    counted = "counted"
    duplicate = "duplicate"
    unknown = "unknown"


class Decision(NamedTuple):
    """What was chosen: names of cell and arm, when, and the chance it was chosen with."""

    decision_id: str
    cell: str
    arm: str
    at_ms: int
    propensity: float


class Settled(NamedTuple):
    """What counts now: an impression of a decision, or a click alone where the impression was counted before.

    revenue_eur  what came in with it
    """

    decision: Decision
    shown: bool
    clicked: bool
    revenue_eur: float


@dataclass
class _Open:
    decision: Decision
    seen: bool = False
    clicked: bool = False
    settled: bool = False
    revenue_eur: float = 0.0

    @property
    def shown(self) -> bool:
        return self.seen or self.clicked


@dataclass
class Ledger:
    """The decisions that may still be heard of.

    wait_ms  how long a decision stays open for the settlement
    keep_ms  how long it is remembered at all, for clicks that come late and feedback that comes twice
    unknown  how often feedback came for a decision that was never made, or is forgotten
    """

    wait_ms: int
    keep_ms: int
    unknown: int = 0
    duplicate: int = 0
    unseen: int = 0
    _open: dict[str, _Open] = field(default_factory=dict, repr=False)
    _late: list[Settled] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        if not 0 <= self.wait_ms <= self.keep_ms:
            raise InputError(f"decisions wait {self.wait_ms} ms and are kept {self.keep_ms} ms; keep them longer")

    def __len__(self) -> int:
        return len(self._open)

    def decided(self, decision: Decision) -> None:
        """A decision was made; the same again changes nothing, another under its id is refused."""
        if not 0 < decision.propensity <= 1:
            raise InputError(f"decision {decision.decision_id!r} has propensity {decision.propensity}, not in (0, 1]")
        known = self._open.setdefault(decision.decision_id, _Open(decision)).decision
        if known != decision:
            raise InputError(
                f"decision {decision.decision_id!r} was made before, and differently; give each its own id"
            )

    def seen(self, decision_id: str, revenue_eur: float = 0.0) -> Told:
        """It came into view, and brought so much; InputError on revenue below 0, which changes nothing."""
        return self._tell(decision_id, "seen", revenue_eur)

    def clicked(self, decision_id: str, revenue_eur: float = 0.0) -> Told:
        """It was clicked, so it was seen, and the click brought so much; InputError on revenue below 0."""
        return self._tell(decision_id, "clicked", revenue_eur)

    def settle(self, now_ms: int) -> list[Settled]:
        """What counts from now on, each once; what is older than `keep_ms` is forgotten."""
        found, self._late = self._late, []
        for entry in self._open.values():
            if not entry.settled and now_ms - entry.decision.at_ms >= self.wait_ms:
                entry.settled = True
                if entry.shown:
                    found.append(Settled(entry.decision, True, entry.clicked, entry.revenue_eur))
                else:
                    self.unseen += 1
        old = [key for key, entry in self._open.items() if now_ms - entry.decision.at_ms >= self.keep_ms]
        for key in old:
            del self._open[key]
        return found

    def _tell(self, decision_id: str, what: str, revenue_eur: float) -> Told:
        if not 0 <= revenue_eur < float("inf"):
            raise InputError(f"revenue of decision {decision_id!r} is {revenue_eur} EUR; give 0 or more")
        entry = self._open.get(decision_id)
        if entry is None:
            self.unknown += 1
            return Told.unknown
        if getattr(entry, what):
            self.duplicate += 1
            return Told.duplicate
        first = not entry.shown
        setattr(entry, what, True)
        entry.revenue_eur += revenue_eur
        if entry.settled:
            self.unseen -= first
            self._late.append(Settled(entry.decision, first, what == "clicked", revenue_eur))
        return Told.counted

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """What to store, without objects; `from_arrays` gives the ledger back."""
        entries = list(self._open.values())
        return {
            **_columns(entries),
            "late": np.array([one.decision.decision_id for one in self._late], dtype=np.str_),
            "late_is": np.array([one[1:] for one in self._late], dtype=np.float64).reshape(-1, 3),
            "numbers": np.array([self.wait_ms, self.keep_ms, self.unknown, self.duplicate, self.unseen], np.int64),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The ledger stored as these arrays."""
        wait_ms, keep_ms, unknown, duplicate, unseen = (int(number) for number in arrays["numbers"])
        ledger = cls(wait_ms, keep_ms, unknown, duplicate, unseen)
        for entry in _entries(arrays):
            ledger._open[entry.decision.decision_id] = entry
        known = {key: entry.decision for key, entry in ledger._open.items()}
        for key, (shown, clicked, revenue) in zip(arrays["late"], arrays["late_is"], strict=True):
            ledger._late.append(Settled(known[str(key)], bool(shown), bool(clicked), float(revenue)))
        return ledger


TEXTS, FLAGS = ("decision_id", "cell", "arm"), ("seen", "clicked", "settled")


def _columns(entries: Sequence[_Open]) -> dict[str, NDArray[np.generic]]:
    columns: dict[str, NDArray[np.generic]] = {
        name: np.array([getattr(entry.decision, name) for entry in entries], dtype=np.str_) for name in TEXTS
    }
    columns["at_ms"] = np.array([entry.decision.at_ms for entry in entries], dtype=np.int64)
    columns["propensity"] = np.array([entry.decision.propensity for entry in entries], dtype=np.float64)
    columns["revenue_eur"] = np.array([entry.revenue_eur for entry in entries], dtype=np.float64)
    return columns | {name: np.array([getattr(entry, name) for entry in entries], dtype=np.bool_) for name in FLAGS}


def _entries(arrays: Mapping[str, NDArray[Any]]) -> Iterable[_Open]:
    for row in range(len(arrays["decision_id"])):
        texts = [str(arrays[name][row]) for name in TEXTS]
        decision = Decision(texts[0], texts[1], texts[2], int(arrays["at_ms"][row]), float(arrays["propensity"][row]))
        seen, clicked, settled = (bool(arrays[name][row]) for name in FLAGS)
        yield _Open(decision, seen, clicked, settled, float(arrays["revenue_eur"][row]))
