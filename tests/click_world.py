"""Impressions whose clicks follow a known rule: what stands first is looked at more, and some items draw more."""

import numpy as np

from readership.contracts import Dataset

NAMES = (
    "position", "item_rate", "reader_rate", "age_hours", "hour", "never_known", "placement", "device_type", "category",
)  # fmt: skip
WORDS = {"placement": ("front", "related"), "device_type": ("app", "desktop"), "category": ("culture", "sport")}


def world(rows: int = 6_000, seed: int = 5) -> Dataset:
    """Log-odds: -1.5 - 0.25 position + 0.8 (item_rate - 1) + 0.6 on the front + 0.5 for sport, over four days."""
    draw = np.random.default_rng(seed)
    position = draw.integers(1, 9, rows).astype(float)
    item, reader = draw.lognormal(0, 0.5, rows), draw.lognormal(0, 0.5, rows)
    placement, device, category = (draw.integers(0, 2, rows).astype(float) for _ in range(3))
    age = np.where(draw.random(rows) < 0.2, np.nan, draw.exponential(20, rows))
    margin = -1.5 - 0.25 * position + 0.8 * (item - 1) + 0.6 * (placement == 0) + 0.5 * (category == 1)
    label = draw.random(rows) < 1 / (1 + np.exp(-margin - 0.4 * (reader - 1)))
    columns = (position, item, reader, age, draw.integers(0, 24, rows), np.full(rows, np.nan), placement, device)
    day = np.sort(draw.integers(0, 4, rows))
    return Dataset(
        task="click",
        features=np.stack([*columns, category], axis=1).astype(np.float32),
        names=NAMES,
        label=label.astype(np.float32),
        reader=draw.integers(0, 400, rows).astype(np.uint64),
        as_of=np.datetime64("2026-03-02", "ms") + day * np.timedelta64(1, "D"),
        weight=np.ones(rows),
        categories=WORDS,
    )


def parts(data: Dataset) -> tuple[Dataset, Dataset, Dataset]:
    """The first two days, the third, the last."""
    days = np.unique(data.as_of)
    return data.take(data.as_of < days[2]), data.take(data.as_of == days[2]), data.take(data.as_of == days[3])


def odd(data: Dataset) -> np.ndarray:
    """Rows with missing values, unseen words and positions beyond all known ones."""
    rows = data.features[:60].copy()
    for column in range(rows.shape[1]):
        rows[column * 4, column] = np.nan
        rows[column * 4 + 1, column] = 2.0 if NAMES[column] in WORDS else 500.0
    rows[50], rows[51:55, 0] = np.nan, 0.0
    return rows
