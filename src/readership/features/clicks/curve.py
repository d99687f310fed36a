"""What an average item gets in each place, from a span of days before anything is learnt."""

from typing import NamedTuple

import msgspec

FEWEST_IMPRESSIONS = 50
"""A place shown less often has the usual rate."""
MILLION = 1_000_000


class Curve(NamedTuple):
    """Clicks per million impressions by place (`placement|device|position`), and of all places together."""

    places: tuple[str, ...]
    rates: tuple[int, ...]
    usual: int

    @classmethod
    def of(cls, rows: list[tuple[str, int, int]]) -> "Curve":
        """The curve of (place, impressions, clicks).

        >>> Curve.of([("front|app|1", 100, 20), ("front|app|2", 10, 1)])    # 21 of 110; the second is shown too seldom
        Curve(places=('front|app|1',), rates=(200000,), usual=190909)
        """
        shown, clicked = sum(row[1] for row in rows), sum(row[2] for row in rows)
        enough = [(place, clicks * MILLION // many) for place, many, clicks in rows if many >= FEWEST_IMPRESSIONS]
        return cls(
            tuple(place for place, _ in enough), tuple(per for _, per in enough), clicked * MILLION // max(shown, 1)
        )

    def bound(self) -> dict[str, object]:
        """The values that `shown.sql` binds."""
        return {"places": list(self.places), "rates": list(self.rates), "usual_rate": self.usual}

    def to_json(self) -> bytes:
        """The file of a bundle; `from_json` gives the curve back."""
        return msgspec.json.encode(self._asdict())

    @classmethod
    def from_json(cls, content: bytes) -> "Curve":
        """The curve that `to_json` wrote."""
        found = msgspec.json.decode(content)
        return cls(tuple(found["places"]), tuple(found["rates"]), found["usual"])
