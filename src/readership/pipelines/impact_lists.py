"""Whom each policy would contact, chosen on the day of decision by what was known then; the oracles alone know more."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.datasets.assemble import lot

SHARE = 0.20
"""Of the readers who may be asked, how many a list holds."""
Ids = NDArray[np.uint64]
Floats = NDArray[np.float64]


class Candidates(NamedTuple):
    """The readers a campaign may be about, and what is known of each [n].

    agrees       to marketing, as last stated
    probability  of subscribing, or of leaving
    uplift       what a contact adds, by a model that was promoted; None where there is none
    seen_days    since the last visit
    true_effect  of a contact, as the simulator knows it
    """

    reader: Ids
    agrees: NDArray[np.bool_]
    probability: Floats
    uplift: Floats | None
    seen_days: Floats
    true_effect: Floats


def lists_of(found: Candidates) -> dict[str, Ids]:
    """The list of each policy, all of the same length at most, of readers who agree to be contacted.

    ours       by uplift where a model of it was promoted, and then only those whom a contact is expected to help; else
               by probability
    likeliest  by probability; last_visit: whoever was here last comes first; random: by lot
    oracle     by the true effect, and only those whom a contact helps
    half       of `ours`, by lot: what a test within one world would contact
    """
    uplift = found.uplift
    ours = _first(found, found.probability) if uplift is None else _first(found, uplift, uplift > 0)
    return {
        "ours": ours,
        "likeliest": _first(found, found.probability),
        "last_visit": _first(found, -found.seen_days),
        "random": _first(found, lot(found.reader)),
        "oracle": _first(found, found.true_effect, found.true_effect > 0),
        "half": ours[in_half(ours)],
    }


def in_half(reader: Ids) -> NDArray[np.bool_]:
    """Even odds, by the reader's id alone; another lot than that of a random list."""
    return lot(reader * np.uint64(31)) < 0.5


def _first(found: Candidates, score: Floats, worth: NDArray[np.bool_] | None = None) -> Ids:
    """The readers of the highest scores among those who agree, as many as a list holds."""
    allowed = found.agrees if worth is None else found.agrees & worth
    order = np.argsort(-score, kind="stable")
    return found.reader[order[allowed[order]][: int(SHARE * len(found.reader))]]
