"""Made-up readers of three kinds, told apart by every trait, at several cut-offs: the segments to find are known."""

import numpy as np

from readership.contracts import Dataset
from readership.models import rfv, segmentation
from readership.models._segments import FAVOURITE

NAMES = tuple(dict.fromkeys((*segmentation.inputs(), *rfv.INPUTS, FAVOURITE)))
CATEGORIES = {
    "device_type": ("app", "desktop", "mobile"),
    "tier": ("free", "premium"),
    FAVOURITE: ("local", "politics", "sport"),
}
CUTOFFS = np.array([f"2026-0{month}-01" for month in range(1, 8)], dtype="datetime64[ms]")
KINDS = {
    # days, weeks, views, seconds, views a session, seconds an article, weekend, morning, evening, entropy
    "daily": (50, 12, 200, 9000, 3.0, 60, 0.2, 0.8, 0.05, 2.0),
    "weekend": (12, 8, 25, 900, 1.5, 30, 0.9, 0.2, 0.3, 0.3),
    "rare": (2, 2, 2, 40, 1.0, 15, 0.25, 0.1, 0.8, 0.0),
}
ARRIVALS = {"daily": (0.8, 0.05, 0.15), "weekend": (0.3, 0.3, 0.0), "rare": (0.05, 0.8, 0.0)}
WORDS = {"daily": (1, 1, 1), "weekend": (2, 0, 2), "rare": (2, 0, 0)}
SESSIONS = {"daily": 60, "weekend": 15, "rare": 2}


def world(readers: int = 60, cutoffs: int = 7, noise: float = 0.1, seed: int = 0) -> tuple[Dataset, np.ndarray]:
    """`readers` of each kind at each cut-off, and the kind of each row (0, 1, 2)."""
    rng = np.random.default_rng(seed)
    kind = np.tile(np.repeat(np.arange(len(KINDS)), readers), cutoffs)
    rows = np.stack([_row(name) for name in KINDS])[kind]
    numbers = [at for at, name in enumerate(NAMES) if name not in CATEGORIES]
    rows[:, numbers] *= np.exp(noise * rng.normal(size=(len(rows), len(numbers))))
    return Dataset(
        task=segmentation.TASK,
        features=rows.astype(np.float32),
        names=NAMES,
        label=np.full(len(rows), np.nan, np.float32),
        reader=np.tile(np.arange(readers * len(KINDS), dtype=np.uint64), cutoffs),
        as_of=np.repeat(CUTOFFS[:cutoffs], readers * len(KINDS)),
        weight=np.ones(len(rows)),
        categories=CATEGORIES,
    ), kind


def _row(name: str) -> np.ndarray:
    device, tier, favourite = WORDS[name]
    traits = (*KINDS[name], *ARRIVALS[name], device, tier, SESSIONS[name])
    days, views, seconds = KINDS[name][0] / 3, KINDS[name][2] / 3, KINDS[name][3] / 3
    return np.array(
        [*traits, {"daily": 0.5, "weekend": 5.0, "rare": 30.0}[name], days, views, seconds, 200.0, favourite]
    )
