"""How fast popularity fades: the half-life by which popularity alone foresees earlier reads best."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from readership.models.recommendation.nouns import Read
from readership.models.recommendation.parameters import HOUR_MS

CHOICES_HOURS = (0.5, 1.0, 2.0, 3.0, 6.0, 12.0, 24.0, 48.0)


def fitted_half_life(
    reads: Sequence[Read], since_ms: int, most: int = 3000, choices: Sequence[float] = CHOICES_HOURS
) -> float:
    """Of `choices`, in hours, the one with the highest mean 1 / rank over the last `most` reads from `since_ms` on.

    reads  in time order; each is ranked among the articles read before it by Σ 2^(-age / half-life), those of equal
           popularity share the middle rank. Without a read that could be foreseen: the first choice.
    """
    half_ms = np.array(choices) * HOUR_MS
    places = {name: place for place, name in enumerate(dict.fromkeys(read.article_id for read in reads))}
    heat = np.zeros((len(choices), len(places)))
    heated = np.zeros(len(places), dtype=np.int64)
    judged = [number for number, read in enumerate(reads) if read.at_ms >= since_ms][-most:]
    first = judged[0] if judged else len(reads)
    gained = np.zeros(len(choices))
    seen: set[tuple[int, str]] = set()
    for number, read in enumerate(reads):
        place, pair = places[read.article_id], (read.reader, read.article_id)
        if pair in seen:
            continue
        seen.add(pair)
        if number >= first and heated[place]:
            gained += 1 / _middle_rank(heat * np.exp2((heated - read.at_ms) / half_ms[:, None]), place)
        heat[:, place] = heat[:, place] * np.exp2((heated[place] - read.at_ms) / half_ms) + 1
        heated[place] = read.at_ms
    return float(choices[int(np.argmax(gained))])


def _middle_rank(heat: NDArray[np.float64], place: int) -> NDArray[np.float64]:
    """Rank of a place by each row, 1 for the largest."""
    own = heat[:, place, None]
    return (heat > own).sum(axis=1) + ((heat == own).sum(axis=1) + 1) / 2
