"""A market as two files, without objects: what is sold and by which rules (JSON), and what was learnt (arrays).

`market.json` holds placements with their reserve prices, contexts, the prior, rules, the hours of a day and what is
booked; `learned.npz` holds counts by cell and ad and what campaigns have spent, as known at `learned_until`.
"""

import io
import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zipfile import BadZipFile

import numpy as np

from readership.errors import InputError
from readership.models.ads.market import Market, Rules
from readership.models.ads.nouns import Ad, Placement
from readership.models.bandits.prior import Shrinkage

MARKET, LEARNED = "market.json", "learned.npz"


def market_files(market: Market, learned_until: datetime) -> dict[str, bytes]:
    """The files from which `open_market` opens the same market.

    learned_until  what the market has counted was known then
    """
    first = next(iter(market.placements))
    contexts = [name.removeprefix(f"{first}/") for name in market.cells if name.startswith(f"{first}/")][1:]
    told = {
        "placements": [placement._asdict() for placement in market.placements.values()],
        "contexts": contexts,
        "shrinkage": _finite(market.prior.shrinkage._asdict()),
        "rules": _finite(vars(market.rules)),
        "hours": market.hours.tolist(),
        "learned_until": learned_until.isoformat(),
        "ads": [_told(ad) for ad in market.book.ads],
    }
    learned = io.BytesIO()
    arrays: dict[str, Any] = {**market.to_arrays()}
    np.savez(learned, **arrays)
    return {MARKET: json.dumps(told, indent=1, ensure_ascii=False).encode(), LEARNED: learned.getvalue()}


def open_market(market: bytes, learned: bytes) -> Market:
    """The market of these files; `refresh` it before it decides. InputError where they do not fit together."""
    try:
        told = json.loads(market)
        opened = Market(
            [Placement(**placement) for placement in told["placements"]],
            told["contexts"],
            Shrinkage(**_endless(told["shrinkage"])),
            Rules(**_endless(told["rules"])),
            np.array(told["hours"]),
        )
        opened.book_ads([_booked(ad) for ad in told["ads"]])
        with np.load(io.BytesIO(learned), allow_pickle=False) as arrays:
            opened.restore({name: arrays[name] for name in arrays.files})
    except (ValueError, KeyError, TypeError, OSError, BadZipFile) as error:
        raise InputError(f"{MARKET} and {LEARNED} are not those of a market: {error}; train ads again") from error
    return opened


def _told(ad: Ad) -> dict[str, Any]:
    return {**ad._asdict(), "targeting": {name: list(values) for name, values in ad.targeting.items()}}


def _booked(told: Mapping[str, Any]) -> Ad:
    targeting = {name: tuple(values) for name, values in told["targeting"].items()}
    return Ad(**{**told, "placements": tuple(told["placements"]), "targeting": targeting})


def _finite(numbers: Mapping[str, float]) -> dict[str, float | None]:
    """JSON has no infinity: null stands for it."""
    return {name: value if math.isfinite(value) else None for name, value in numbers.items()}


def _endless(numbers: Mapping[str, float | None]) -> dict[str, float]:
    return {name: math.inf if value is None else value for name, value in numbers.items()}
