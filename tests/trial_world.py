"""Made-up decisions by lot whose effects are known: students are moved, retired readers are put off, others hardly."""

import numpy as np

from readership.contracts import Dataset, Trial

NAMES = ("sessions_28d", "days_since_last_session", "user_segment", "noise")
CATEGORIES = {"user_segment": ("professional", "retired", "student")}
EFFECT = np.array([0.0, -0.10, 0.25])


def true_effect(features: np.ndarray) -> np.ndarray:
    """What a contact adds for each row: by the segment alone."""
    return EFFECT[features[:, 2].astype(int)]


def trial(decisions: int = 3_000, seed: int = 0, propensity: float = 0.5) -> Trial:
    """As many decisions, two of each reader, one a day; the outcome is likelier for those with many sessions."""
    rng = np.random.default_rng(seed)
    sessions, recency = rng.poisson(5, decisions), rng.exponential(7, decisions)
    segment, noise = rng.integers(0, 3, decisions), rng.normal(size=decisions)
    features = np.stack([sessions, recency, segment, noise], axis=1).astype(np.float32)
    treated = rng.random(decisions) < propensity
    chance = 0.1 + 0.02 * np.minimum(sessions, 10) + treated * true_effect(features)
    day = np.datetime64("2026-01-01", "ms") + np.arange(decisions) * np.timedelta64(1, "h")
    rows = Dataset(
        task="conversion_uplift",
        features=features,
        names=NAMES,
        label=(rng.random(decisions) < chance).astype(np.float32),
        reader=np.arange(decisions, dtype=np.uint64) // 2,
        as_of=day.astype("datetime64[D]").astype("datetime64[ms]"),
        weight=np.where(treated, 1 / propensity, 1 / (1 - propensity)),
        categories=CATEGORIES,
    )
    return Trial(rows, treated, day)


def odd(rows: Dataset) -> np.ndarray:
    """The features with missing values, unseen words, huge and negative numbers where they never were."""
    features = rows.features.copy()
    features[::3, ::2] = np.nan
    features[1::7] = np.nan
    features[2::5, 2] = len(CATEGORIES["user_segment"])
    features[::11, 0], features[::13, 1] = 1e9, -50
    return features
