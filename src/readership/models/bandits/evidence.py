"""What a policy knows when it shares out the next impressions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from readership.errors import InputError

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Evidence:
    """One row a cell (a placement in a context, or one test), one column an arm (an advertisement, a headline).

    shown      impressions [cells, arms]; fractions where old days count less
    clicked    clicks [cells, arms]
    present    which arms may be shown in which cells [cells, arms]
    per_click  what a click is worth, and `per_show` an impression, of each arm [arms] or [cells, arms]
    gone       share of a test of known length that is over [cells]; 0 where nobody knows how long it runs
    """

    shown: Floats
    clicked: Floats
    present: Flags
    per_click: Floats
    per_show: Floats
    gone: Floats

    @classmethod
    def of(
        cls,
        shown: Floats,
        clicked: Floats,
        *,
        present: Flags | None = None,
        per_click: Floats | float = 1.0,
        per_show: Floats | float = 0.0,
        gone: Floats | None = None,
    ) -> "Evidence":
        """Checked and filled in; InputError on counts below 0, or values that are no numbers or below 0."""
        for name, values in (("shown", shown), ("clicked", clicked), ("per_click", per_click), ("per_show", per_show)):
            if not (np.asarray(values) >= 0).all() or not np.isfinite(values).all():
                raise InputError(f"{name} of a bandit holds {np.min(values)}; give finite numbers from 0 on")
        return cls(
            shown=np.asarray(shown, np.float64),
            clicked=np.asarray(clicked, np.float64),
            present=np.ones(shown.shape, bool) if present is None else present,
            per_click=np.broadcast_to(np.asarray(per_click, np.float64), shown.shape),
            per_show=np.broadcast_to(np.asarray(per_show, np.float64), shown.shape),
            gone=np.zeros(len(shown)) if gone is None else gone,
        )

    @property
    def missed(self) -> Floats:
        """Impressions without a click; a click whose impression is not known yet makes none of them negative."""
        return np.maximum(self.shown - self.clicked, 0.0)

    @property
    def rate(self) -> Floats:
        """Clicks of an impression, 0 where nothing was shown."""
        return np.divide(self.clicked, self.shown, out=np.zeros_like(self.clicked), where=self.shown > 0)

    def worth(self, rate: Floats) -> Floats:
        """What an impression brings at these rates of clicks [..., cells, arms]."""
        return self.per_show + rate * self.per_click
