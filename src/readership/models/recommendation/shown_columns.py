"""What the ranker sees of where candidates were shown to others."""

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.exposures import Exposures

Columns = dict[str, NDArray[np.floating]]
HALVES = (1, 2)
"""Half-lives of `Parameters.half_lives_hours` that `Parameters.shown_half_lives_hours` repeats, counted from 1."""
USUAL, PRIOR = 0.3, 3.0
"""Reads for each time shown in the first place, and for how many times shown that stands where nothing is known."""
SEEN = (*(f"{n}_{half}" for half in HALVES for n in ("shown", "read_rate")), "shown_minutes")
"""What the ranker sees as it is."""
STANDING = (*SEEN, *(f"shown_count_{half}" for half in HALVES), "shown_newest")
NAMES = (
    *(f"{n}_{half}" for half in HALVES for n in ("shown", "shown_share", "shown_rank", "read_rate", "read_rate_rank")),
    "shown_minutes",
    "shown_minutes_rank",
)
"""All that the ranker sees of it: that, and the same compared within one list."""


def shown_columns(
    exposures: Exposures, at_ms: int, places: NDArray[np.int32], heat: NDArray[np.float64], visit: int = 0
) -> Columns:
    """`STANDING` of these distinct places, rising; all nan where the log does not say what was shown.

    `heat` [k, half-lives] is that of the memory; what was shown in the visit `visit` is left out. A read_rate is
    (reads + 0.9) / (times shown + 3).
    """
    if not exposures.known:
        return {name: np.full(len(places), np.nan) for name in STANDING}
    shown = exposures.at(at_ms, places, visit)
    columns: Columns = {}
    for number, half in enumerate(HALVES):
        columns[f"shown_{half}"] = np.log1p(shown[:, number])
        columns[f"shown_count_{half}"] = shown[:, number]
        columns[f"read_rate_{half}"] = (heat[:, half] + USUAL * PRIOR) / (shown[:, number] + PRIOR)
    newest = exposures.newest(places, visit)
    return {
        **columns,
        "shown_newest": newest.astype(np.float64),
        "shown_minutes": np.where(newest > 0, np.maximum(at_ms - newest, 0) / 60_000, np.nan),
    }
