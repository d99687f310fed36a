"""Slates of articles: what is shown where, by whose choice, and which of it is clicked."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from readership.simulator import parameters as p
from readership.simulator import places
from readership.simulator.policies import Policies, SlateBatch, decide
from readership.simulator.population import People
from readership.simulator.randomness import Keys, keys, uniform
from readership.simulator.shelf import Shelf
from readership.simulator.tastes import attraction, examination, interest
from readership.simulator.words import CATEGORIES

Numbers = NDArray[np.float64]
Codes = NDArray[np.integer]
Flags = NDArray[np.bool_]
ON_PHONE = np.array([device[0] in ("mobile", "app") for device in places.DEVICES])


@dataclass(frozen=True)
class Request:
    """Slates asked for at once, all in one placement.

    session, person, device, brand   of the reader before whom each is opened
    key        of each slate, fixed by session and parent; what it is keyed by is what its draws are keyed by
    user_id    0 where nobody is logged in
    hour       of the day whose pools it is drawn from
    at         ms since 1970, by which freshness is measured
    parent     place on the shelf of the article it stands under, or -1
    direction  of the person's taste for topics
    """

    placement: int
    key: Keys
    session: Codes
    person: Codes
    user_id: NDArray[np.uint64]
    device: Codes
    brand: Codes
    hour: Codes
    at: NDArray[np.int64]
    parent: Codes
    direction: Numbers


@dataclass(frozen=True)
class Impressions:
    """One entry an article shown, slate by slate, by position.

    key         of slate and article: what the click and all that follows are drawn from
    slate       key of its slate
    parent      the read below which it stood (place in Reads once those are put together), or -1
    article     place on the shelf
    propensity  with which it was drawn, where the standing arm drew it; else nan
    attraction  probability of a click where it is looked at; `chance` times the examination of the position
    """

    key: Keys
    slate: Keys
    session: Codes
    parent: Codes
    placement: Codes
    position: Codes
    article: Codes
    propensity: Numbers
    attraction: Numbers
    chance: Numbers
    clicked: Flags

    def __len__(self) -> int:
        return len(self.key)

    def where(self, some: Flags | Codes) -> "Impressions":
        """These alone."""
        return Impressions(*(getattr(self, name)[some] for name in self.__dataclass_fields__))


def joined(parts: list[Impressions]) -> Impressions:
    """All of them, one after another."""
    names = Impressions.__dataclass_fields__
    return Impressions(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def show(people: People, shelf: Shelf, policies: Policies, request: Request, parent_read: Codes) -> Impressions:
    """Fill these slates and see what is clicked."""
    pool = _pool(shelf, request)
    weight = np.where(pool >= 0, shelf.weight[request.hour[:, None], pool], 0.0)
    number = np.where(pool >= 0, shelf.articles.number[pool], -1)
    batch = SlateBatch(
        key=request.key,
        user_id=request.user_id,
        at=request.at,
        placement=p.PLACEMENTS[request.placement],
        brand=request.brand,
        parent=np.where(request.parent >= 0, shelf.articles.number[request.parent], -1),
        candidates=number,
        weight=weight,
        places=int(p.PLACES[request.placement]),
    )

    def clicks(rows: NDArray[np.intp], answer: NDArray[np.integer]) -> Flags:
        return _shown(people, shelf, _rows(request, rows), pool[rows], answer, None, rows).clicked

    columns = decide(policies.slate, batch, clicks)
    odds = None
    if policies.arms and request.placement == p.FRONT:
        columns, odds = _even_place(request.key, columns, number)
    return _shown(people, shelf, request, pool, columns, odds, parent_read)


def _pool(shelf: Shelf, request: Request) -> NDArray[np.int64]:
    """Places on the shelf that each slate may be filled from; never the article it stands under."""
    if request.placement == p.FRONT:
        return shelf.front[request.hour, request.brand]
    group = request.brand * len(CATEGORIES) + shelf.articles.category[request.parent]
    pool = shelf.related[request.hour, group]
    return np.where(pool == request.parent[:, None], -1, pool)


def _even_place(
    key: Keys, columns: NDArray[np.integer], number: NDArray[np.int64]
) -> tuple[NDArray[np.int64], Numbers]:
    """The standing arm: one place of each slate goes evenly to one of the candidates that stand in no other."""
    place = p.EVEN_PLACE - 1
    taken = np.zeros((len(columns), number.shape[1] + 1), dtype=bool)
    others = np.delete(columns, place, axis=1)
    taken[np.arange(len(columns))[:, None], others] = True
    free = (number >= 0) & ~taken[:, :-1]
    noise = np.where(free, uniform(keys(key[:, None], number + 1), "even place"), -1.0)
    left = free.sum(axis=1)
    found: NDArray[np.int64] = columns.astype(np.int64)
    found[:, place] = np.where(left > 0, noise.argmax(axis=1), -1)
    odds: Numbers = 1 / np.maximum(left, 1)
    return found, odds


def _shown(
    people: People,
    shelf: Shelf,
    request: Request,
    pool: NDArray[np.int64],
    columns: NDArray[np.integer],
    odds: Numbers | None,
    parent_read: Codes,
) -> Impressions:
    """The impressions of slates filled with these columns of the pool."""
    filled = columns >= 0
    row, place = np.nonzero(filled)
    article = pool[row, columns[filled]]
    person, position = request.person[row], place + 1
    liked = interest(people, person, request.direction[row], shelf.articles, article)
    pull = attraction(people, person, shelf.articles, article, liked, request.at[row], request.placement)
    chance = pull * examination(ON_PHONE[request.device[row]], position, request.placement)
    own = keys(request.key[row], shelf.articles.number[article])
    return Impressions(
        key=own,
        slate=request.key[row],
        session=request.session[row],
        parent=parent_read[row],
        placement=np.full(len(row), request.placement),
        position=position,
        article=article,
        propensity=np.full(len(row), np.nan)
        if odds is None
        else np.where(place == p.EVEN_PLACE - 1, odds[row], np.nan),
        attraction=pull,
        chance=chance,
        clicked=uniform(own, "click") < chance,
    )


def _rows(request: Request, rows: NDArray[np.intp]) -> Request:
    names = [name for name in Request.__dataclass_fields__ if name != "placement"]
    return Request(request.placement, *(getattr(request, name)[rows] for name in names))
