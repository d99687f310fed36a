"""Traits of readers made comparable, and the few directions in which readers differ; in NumPy and in ONNX."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Dataset
from readership.errors import NotEnoughData
from readership.models._onnx import Graph

Floats = NDArray[np.float64]

EVIDENCE = "sessions_90d"
"""How many sessions stand behind a share."""
USUAL_SESSIONS = 10.0
LIMIT = 3.0
NORMAL_IQR = 1.349
"""Interquartile range of a normal distribution of standard deviation 1."""
VARIANCE_KEPT = 0.95
LEAST_KNOWN = 0.5


class Trait(NamedTuple):
    """One feature that readers are compared by.

    kind   amount (squeezed by a signed logarithm), share (of `EVIDENCE` sessions), plain, or flag (1 where the
           feature's word is one of `words`, else 0; a word not known is none of them)
    side   what it tells about: habit, volume, depth, rhythm, taste, arrival, device, tier
    """

    name: str
    kind: Literal["amount", "share", "plain", "flag"]
    side: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Space:
    """Fitted on rows of readers; turns them into standardised traits [n, t] and their directions [n, q].

    names     features it reads, in the order of the ONNX input
    traits    those that these rows tell apart; `left_out` says why each other was left out
    column    position of each trait's feature; `evidence` that of the number of sessions
    codes     of each trait, the codes of its words
    usual     what stands for a missing value, and becomes 0: the median, of a flag the mean
    scale     what becomes 1: the interquartile range over 1.349, or the standard deviation where half are alike
    centre    mean of the standardised traits [t]
    axes      directions [q, t], orthonormal, the one with most variance first
    """

    names: tuple[str, ...]
    traits: tuple[Trait, ...]
    left_out: dict[str, str]
    column: NDArray[np.intp]
    evidence: int
    codes: tuple[tuple[float, ...], ...]
    usual: Floats
    scale: Floats
    centre: Floats
    axes: Floats

    @classmethod
    def fit(cls, rows: Dataset, traits: Sequence[Trait]) -> Self:
        """Medians, scales and directions of these rows. Raises NotEnoughData where fewer than two traits are told."""
        rows = rows.select((*(trait.name for trait in traits), EVIDENCE))
        values = {trait: _values(rows, trait) for trait in traits}
        left_out = {trait.name: why for trait in traits if (why := _not_told(values[trait]))}
        kept = tuple(trait for trait in traits if trait.name not in left_out)
        if len(kept) < 2:
            raise NotEnoughData(
                f"readers cannot be told apart: of {len(traits)} traits {len(kept)} differ between them; "
                "`readership explore` shows what the log holds; nothing was changed"
            )
        usual, scale = np.array([_usual_and_scale(values[trait], trait) for trait in kept]).T
        blank = np.zeros(len(kept))
        codes = tuple(_codes(rows, trait) for trait in kept)
        column = np.array([rows.names.index(trait.name) for trait in kept], dtype=np.intp)
        evidence = rows.names.index(EVIDENCE)
        unit = cls(rows.names, kept, left_out, column, evidence, codes, usual, scale, blank, np.eye(len(kept)))
        return unit._directed(unit.standardised(rows))

    def standardised(self, rows: Dataset) -> Floats:
        """Traits less their usual value over their scale, within ±`LIMIT`; a share by the sessions behind it."""
        features = rows.select(self.names).features
        trust = _trust(features[:, self.evidence].astype(np.float64))
        columns = []
        for place, trait in enumerate(self.traits):
            value = _scaled(features[:, self.column[place]].astype(np.float64), trait, self.codes[place])
            value = (value - self.usual[place]) / self.scale[place]
            value = np.where(np.isnan(value), 0.0, value)
            columns.append(value * trust if trait.kind == "share" else value)
        return np.clip(np.stack(columns, axis=1), -LIMIT, LIMIT)

    def apply(self, rows: Dataset) -> Floats:
        """Where readers lie along the directions [n, q]."""
        return (self.standardised(rows) - self.centre) @ self.axes.T

    def value(self, standardised: Floats) -> Floats:
        """Standardised traits [k, t] in units that outlast a training: logarithms, shares, nats."""
        return self.usual + self.scale * standardised

    def add_to(self, graph: Graph) -> str:
        """`apply` in ONNX; returns the name of the directions."""
        values = graph.double("features")
        sessions = graph.add("Gather", values, graph.constant(np.array([self.evidence])), axis=1)
        sessions = graph.add("Where", graph.add("IsNaN", sessions), graph.constant(np.zeros(1)), sessions)
        trust = graph.add("Div", sessions, graph.add("Add", sessions, graph.constant(np.array([USUAL_SESSIONS]))))
        columns = [self._column(graph, values, trust, place) for place in range(len(self.traits))]
        limits = graph.constant(np.array(-LIMIT)), graph.constant(np.array(LIMIT))
        within = graph.add("Clip", graph.add("Concat", *columns, axis=1), *limits)
        centred = graph.add("Sub", within, graph.constant(self.centre))
        return graph.add("MatMul", centred, graph.constant(self.axes.T))

    def _column(self, graph: Graph, values: str, trust: str, place: int) -> str:
        trait = self.traits[place]
        value = graph.add("Gather", values, graph.constant(self.column[place : place + 1]), axis=1)
        if trait.kind == "amount":
            one = graph.constant(np.ones(1))
            logarithm = graph.add("Log", graph.add("Add", graph.add("Abs", value), one))
            value = graph.add("Mul", graph.add("Sign", value), logarithm)
        if trait.kind == "flag":
            codes = graph.constant(np.array(self.codes[place]))
            equal = graph.double(graph.add("Equal", value, codes))
            value = graph.add("ReduceSum", equal, graph.constant(np.array([1])), keepdims=1)
        value = graph.add("Sub", value, graph.constant(self.usual[place : place + 1]))
        value = graph.add("Div", value, graph.constant(self.scale[place : place + 1]))
        value = graph.add("Where", graph.add("IsNaN", value), graph.constant(np.zeros(1)), value)
        return graph.add("Mul", value, trust) if trait.kind == "share" else value

    def _directed(self, standardised: Floats) -> Self:
        centre = standardised.mean(axis=0)
        variance, axes = np.linalg.eigh(np.cov(standardised - centre, rowvar=False))
        variance, axes = variance[::-1], axes[:, ::-1].T
        keep = int(np.searchsorted(np.cumsum(variance) / variance.sum(), VARIANCE_KEPT)) + 1
        axes = axes[:keep]
        largest = axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)]
        return replace(self, centre=centre, axes=axes * np.sign(largest)[:, None])


def _trust(sessions: Floats) -> Floats:
    """How far a share of so many sessions is believed: half at ten of them."""
    known = np.where(np.isnan(sessions), 0.0, sessions)
    return known / (known + USUAL_SESSIONS)


def _codes(rows: Dataset, trait: Trait) -> tuple[float, ...]:
    """Codes of a flag's words; one that no row has where the vocabulary knows none of them."""
    vocabulary = rows.categories.get(trait.name, ())
    return tuple(float(vocabulary.index(word)) for word in trait.words if word in vocabulary) or (-1.0,)


def _scaled(value: Floats, trait: Trait, codes: tuple[float, ...]) -> Floats:
    if trait.kind == "amount":
        return np.sign(value) * np.log1p(np.abs(value))
    return np.isin(value, codes).astype(np.float64) if trait.kind == "flag" else value


def _values(rows: Dataset, trait: Trait) -> Floats:
    column = rows.features[:, rows.names.index(trait.name)].astype(np.float64)
    return _scaled(column, trait, _codes(rows, trait))


def _not_told(values: Floats) -> str:
    known = values[~np.isnan(values)]
    if len(known) < LEAST_KNOWN * len(values):
        return f"known of {len(known) / max(1, len(values)):.0%} of the readers only"
    return "the same for every reader" if len(known) == 0 or np.ptp(known) == 0 else ""


def _usual_and_scale(values: Floats, trait: Trait) -> tuple[float, float]:
    known = values[~np.isnan(values)]
    if trait.kind == "flag":
        return float(known.mean()), 1.0
    low, high = np.quantile(known, [0.25, 0.75])
    scale = (high - low) / NORMAL_IQR
    return float(np.median(known)), float(scale if scale > 1e-9 else known.std())
