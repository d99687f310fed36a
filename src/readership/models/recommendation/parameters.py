"""What the recommender is told beforehand: half-lives, how far it looks, how much it keeps. JSON in a bundle."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Self

DAY_MS = 86_400_000
HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Parameters:
    """Chosen on earlier days; the limits are those of a publisher with 50,000 live articles.

    popular_half_life_hours   of the decayed popularity that ranks where there is no ranker
    half_lives_hours          of the decayed counts whose ratios tell a rising article
    together_half_life_hours  of a pair of articles read together
    power                     a read Δh hours ago counts (Δh + soft_hours)^-power
    popular … content         how many candidates each source brings; `of_category` for each of the reader's three
    readers_kept              newest readers of an article that are kept
    pairs_kept                newest articles read together with an article that are kept
    history_kept              newest reads of a reader that are kept
    history_used              newest reads of the asker that are looked at
    pairs_made                of how many articles read just before a read makes a pair
    shown_half_lives_hours    of the counts of how often an article was shown
    shown_fall                an article shown at position k counts k^-shown_fall times
    shown_kept                newest entries of what was shown that are kept one by one
    newest_age_days           an article older than that is no candidate
    refresh_ms                how old the order by popularity may be
    """

    popular_half_life_hours: float = 1.0
    half_lives_hours: tuple[float, ...] = (0.5, 3.0, 12.0, 48.0)
    together_half_life_hours: float = 48.0
    power: float = 1.5
    soft_hours: float = 0.5
    popular: int = 100
    of_category: int = 15
    fresh: int = 60
    together: int = 50
    neighbours: int = 50
    content: int = 30
    readers_kept: int = 40
    pairs_kept: int = 64
    history_kept: int = 24
    history_used: int = 50
    pairs_made: int = 8
    shown_half_lives_hours: tuple[float, ...] = (0.5, 3.0)
    shown_fall: float = 0.8
    shown_kept: int = 4000
    newest_age_days: float = 30.0
    refresh_ms: int = 2000

    def to_json(self) -> bytes:
        """As `parameters.json` of a bundle."""
        return json.dumps(asdict(self), indent=1).encode()

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """What `to_json` wrote."""
        found = json.loads(content)
        tuples: dict[str, Any] = {name: tuple(each) for name, each in found.items() if isinstance(each, list)}
        return cls(**found | tuples)
