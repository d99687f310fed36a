"""What the ranker sees of where candidates were shown to others."""

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.candidates import Candidates, Moment
from readership.models.recommendation.memory import Memory
from readership.models.recommendation.ranks import rank, share

HALVES = (1, 2)
"""Half-lives of `Parameters.half_lives_hours` that `Parameters.shown_half_lives_hours` repeats, counted from 1."""
USUAL, PRIOR = 0.3, 3.0
"""Reads for each time shown in the first place, and for how many times shown that stands where nothing is known."""
NAMES = (
    *(f"{n}_{half}" for half in HALVES for n in ("shown", "shown_share", "shown_rank", "read_rate", "read_rate_rank")),
    "shown_minutes",
    "shown_minutes_rank",
)


def shown_columns(
    memory: Memory, moment: Moment, found: Candidates, heat: NDArray[np.float64]
) -> dict[str, NDArray[np.floating] | float]:
    """One a name; all nan where the log does not say what was shown. `heat` [k, half-lives] is that of the memory.

    A read_rate is (reads + 0.9) / (times shown + 3).
    """
    exposures, at_ms, visit = memory.exposures, moment.asker.at_ms, moment.asker.visit
    if not exposures.known:
        return dict.fromkeys(NAMES, np.nan)
    shown = exposures.at(at_ms, found.place, visit)
    columns: dict[str, NDArray[np.floating] | float] = {}
    for number, half in enumerate(HALVES):
        rate = (heat[:, half] + USUAL * PRIOR) / (shown[:, number] + PRIOR)
        columns[f"shown_{half}"] = np.log1p(shown[:, number])
        columns[f"shown_share_{half}"] = share(shown[:, number])
        columns[f"shown_rank_{half}"] = rank(shown[:, number])
        columns[f"read_rate_{half}"], columns[f"read_rate_rank_{half}"] = rate, rank(rate)
    newest = exposures.newest(found.place, visit)
    return {
        **columns,
        "shown_minutes": np.where(newest > 0, np.maximum(at_ms - newest, 0) / 60_000, np.nan),
        "shown_minutes_rank": rank(newest.astype(np.float64)),
    }
