"""A small made-up publisher as a feature matrix: what moves the label is known, and every oddity is in it."""

from dataclasses import replace

import numpy as np

from readership.contracts import Dataset

NAMES = (
    "sessions_28d",
    "days_since_last_session",
    "usual_gap_days",
    "device_type",
    "engaged_seconds_28d",
    "tier",
    "noise",
    "never_known",
    "always_one",
)
CATEGORIES = {"device_type": ("app", "desktop", "mobile", "tablet"), "tier": ("free", "premium")}
CUTOFFS = np.array(["2025-01-01", "2025-02-01", "2025-03-01", "2025-04-01"], dtype="datetime64[ms]")


def world(readers: int = 500, seed: int = 0) -> Dataset:
    """`readers` at four cut-offs; leaving depends on recency, sessions, device and a product of two of them."""
    rng = np.random.default_rng(seed)
    rows = readers * len(CUTOFFS)
    habit = np.repeat(rng.normal(size=readers), len(CUTOFFS))
    sessions = rng.poisson(np.exp(1 + habit)).astype(float)
    recency = rng.exponential(np.exp(1.5 - habit))
    gap = np.where(sessions > 1, np.exp(1 - habit + 0.2 * rng.normal(size=rows)), np.nan)
    device = np.where(rng.random(rows) < 0.1, np.nan, rng.integers(0, 4, rows))
    seconds = np.where(rng.random(rows) < 0.3, np.nan, sessions * rng.lognormal(4, 1, rows))
    tier = rng.integers(0, 2, rows).astype(float)
    noise, empty, one = rng.normal(size=rows), np.full(rows, np.nan), np.ones(rows)
    margin = 0.9 * np.log1p(recency) - 0.8 * np.log1p(sessions) + 1.2 * (device == 2) - 0.6 * tier
    columns = (sessions, recency, gap, device, seconds, tier, noise, empty, one)
    return Dataset(
        task="churn",
        features=np.stack(columns, axis=1).astype(np.float32),
        names=NAMES,
        label=(rng.random(rows) < 1 / (1 + np.exp(-margin))).astype(np.float32),
        reader=np.repeat(np.arange(readers, dtype=np.uint64), len(CUTOFFS)),
        as_of=np.tile(CUTOFFS, readers),
        weight=np.ones(rows),
        categories=CATEGORIES,
    )


def parts(dataset: Dataset) -> tuple[Dataset, Dataset, Dataset]:
    """Train (two cut-offs), validation, and later rows."""
    times = dataset.as_of
    return dataset.take(times < CUTOFFS[2]), dataset.take(times == CUTOFFS[2]), dataset.take(times == CUTOFFS[3])


def odd(dataset: Dataset) -> Dataset:
    """The same rows with missing values, unseen words, huge and negative numbers where they never were."""
    features = dataset.features.copy()
    features[::3, ::2] = np.nan
    features[1::7] = np.nan
    features[2::5, dataset.names.index("device_type")] = len(CATEGORIES["device_type"])
    features[2::9, dataset.names.index("tier")] = len(CATEGORIES["tier"])
    features[4::6, dataset.names.index("sessions_28d")] = 3e7
    features[3::6, dataset.names.index("noise")] = -2e9
    features[5::11, dataset.names.index("always_one")] = 0
    return replace(dataset, features=features)


LAGS = 6
SCORE_COLUMNS = (
    *(f"{name}_lag_{k}" for name in ("score", "silence_days", "articles") for k in range(1, LAGS + 1)),
    "score_mean_ever",
)


def score_world(readers: int = 500, seed: int = 0) -> Dataset:
    """The same readers with the scores of their last sessions; the next one is as usual for them, more or less."""
    base = world(readers, seed)
    rng = np.random.default_rng(seed + 1)
    rows = len(base)
    usual = np.repeat(30 + 12 * rng.normal(size=readers), len(CUTOFFS))
    scores = np.clip(usual[:, None] + 8 * rng.normal(size=(rows, LAGS)), 0, 100)
    there = np.arange(LAGS) < rng.integers(1, LAGS + 1, rows)[:, None]
    scores = np.where(there, scores, np.nan)
    silences = np.where(there, rng.exponential(3, (rows, LAGS)), np.nan)
    articles = np.where(there, rng.poisson(2, (rows, LAGS)), np.nan)
    mean = np.nanmean(scores, axis=1)
    device = base.features[:, NAMES.index("device_type")] == 2
    label = np.clip(usual + 6 * device + 8 * rng.normal(size=rows), 0, 100)
    extra = np.column_stack([scores, silences, articles, mean])
    return replace(
        base,
        task="engagement",
        features=np.hstack([base.features, extra]).astype(np.float32),
        names=(*NAMES, *SCORE_COLUMNS),
        label=label.astype(np.float32),
    )
