"""Who is chosen for a campaign, in which order, and who of them is held out: values in, values out."""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from readership.errors import InputError, NotEnoughData

TREATED, CONTROL = "treatment", "control"


class Terms(NamedTuple):
    """What a contact costs and brings, how many there may be, and how many are held out.

    budget   contacts, at most
    cost     of one contact, EUR
    value    of one subscription, or of one reader kept, EUR
    control  share of those chosen that is not contacted
    """

    budget: int
    cost: float
    value: float
    control: float


@dataclass(frozen=True)
class Chosen:
    """The list.

    members     both arms, best first: user_id, reader_id, arm, propensity (of that arm), probability, uplift,
                expected_gain_eur
    funnel      how many readers were left after each step, in order
    dogs_spared readers among as many of the highest probability whom a contact is expected to drive away; None where
                uplift is not known
    """

    members: pl.DataFrame
    funnel: dict[str, int]
    dogs_spared: int | None


def choose(readers: pl.DataFrame, terms: Terms, campaign: str, *, to_prevent: bool) -> Chosen:
    """Leave out who may not or should not be contacted, order the rest, hold some out by lot.

    readers     user_id, reader_id, probability, uplift (null: not known), agrees, suppressed, rests
    to_prevent  whether the outcome of which `probability` speaks is to be prevented, or else what the contact is for

    By uplift where it is known: expected gain = uplift x value - cost, positive ones only. Else by probability, of
    those for whom a contact could pay if it always worked. The list ends where the budget of contacts is used.
    Raises NotEnoughData where an arm would be empty.
    """
    by_uplift = readers["uplift"].null_count() == 0
    most = pl.col("probability") if to_prevent else 1 - pl.col("probability")
    gain = pl.col("uplift") * terms.value - terms.cost
    pays = gain > 0 if by_uplift else most * terms.value > terms.cost
    funnel = {"asked_about": readers.height}
    left = readers
    for step, kept in (("agree_to_marketing", pl.col("agrees")), ("not_suppressed", ~pl.col("suppressed"))):
        left = left.filter(kept)
        funnel[step] = left.height
    allowed = left = left.filter(~pl.col("rests"))
    funnel["rested"] = left.height
    left = left.with_columns(expected_gain_eur=gain.round(2) if by_uplift else pl.lit(None, pl.Float64)).filter(pays)
    funnel["worth_a_contact"] = left.height
    order = gain if by_uplift else pl.col("probability")
    members = _arms(left.sort(order, "user_id", descending=[True, False]), terms, campaign)
    funnel |= {"chosen": members.height, **{arm: _size(members, arm) for arm in (TREATED, CONTROL)}}
    if not funnel[TREATED] or not funnel[CONTROL]:
        raise NotEnoughData(
            f"too few readers for two arms: {_words(funnel)}; nothing was written, nobody is contacted; a larger "
            "--budget or --value, a lower --cost, or fewer exclusions leave more"
        )
    spared = _dogs(allowed, members.height) if by_uplift else None
    return Chosen(members, funnel, spared)


def lots(campaign: str, user_ids: NDArray[np.uint64]) -> NDArray[np.float64]:
    """A number in [0, 1) for each reader, fixed by campaign and reader.

    >>> lots("spring", np.array([7, 8], dtype=np.uint64)).round(4).tolist()
    [0.6461, 0.9035]
    """
    hashes = (hashlib.sha256(f"{campaign}/{reader}".encode()).digest()[:8] for reader in user_ids.tolist())
    return np.array([int.from_bytes(part, "big") / 2**64 for part in hashes])


def _arms(ordered: pl.DataFrame, terms: Terms, campaign: str) -> pl.DataFrame:
    """The first of these until the budget is used by those whom their lot does not hold out."""
    held = lots(campaign, ordered["user_id"].to_numpy()) < terms.control
    contacted = (~held).astype(np.int64)
    within: NDArray[np.bool_] = np.cumsum(contacted) - contacted < terms.budget
    propensity = np.where(held, terms.control, 1 - terms.control)
    arm = np.where(held, CONTROL, TREATED)
    named = ordered.with_columns(pl.Series("arm", arm, pl.String), pl.Series("propensity", propensity))
    return named.filter(pl.Series(within)).drop("agrees", "suppressed", "rests")


def _dogs(allowed: pl.DataFrame, size: int) -> int:
    likeliest = allowed.sort("probability", "user_id", descending=[True, False]).head(size)
    return likeliest.filter(pl.col("uplift") < 0).height


def _size(members: pl.DataFrame, arm: str) -> int:
    return members.filter(pl.col("arm") == arm).height


def _words(funnel: dict[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {number:,}" for name, number in funnel.items())


def read_suppressed(path: Path) -> frozenset[str]:
    """The publisher's own ids in a file: one a line, or the first column of a CSV.

    Raises InputError where the file cannot be read or names nobody.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            found: list[list[Any]] = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"--suppress {path} cannot be read as text: {error}; nothing was written") from error
    ids = frozenset(row[0].strip() for row in found if row and row[0].strip())
    if not ids:
        raise InputError(f"--suppress {path} names nobody; leave the option out, or mend the file; nothing was written")
    return ids
