"""What is worked out in bulk, or once for all who ask, is what plain loops over readers and articles say."""

import numpy as np
import pytest

from readership.models.recommendation.catalogue import Catalogue
from readership.models.recommendation.content import Nearest
from readership.models.recommendation.features import NAMES
from readership.models.recommendation.fitting import fitting
from readership.models.recommendation.neighbours import _largest
from readership.models.recommendation.nouns import Article, Asker, Read, Shown
from readership.models.recommendation.parameters import DAY_MS, HOUR_MS, Parameters
from readership.models.recommendation.recommender import Recommender, Shortlist
from readership.models.recommendation.rules import Which
from readership.models.recommendation.seats import Seats

NOW = 20_000 * DAY_MS
PARAMETERS = Parameters(readers_kept=6, history_kept=8, popular=30, fresh=20)


def lived(seed: int) -> Recommender:
    """A random world: some articles without topics or brand, some withdrawn, readers with more reads than are kept."""
    chance = np.random.default_rng(seed)
    recommender = Recommender(PARAMETERS)
    for n in range(90):
        recommender.put(
            Article(
                f"a{n}",
                NOW - int(chance.integers(0, 5 * DAY_MS)),
                brand=("", "x", "y")[n % 3],
                category=f"c{n % 5}" if n % 4 else "",
                topics=tuple(f"t{t}" for t in chance.integers(0, 9, n % 4)),
                title=" ".join(f"w{w}" for w in chance.integers(0, 30, 5)),
                withdrawn_ms=NOW + HOUR_MS if n % 11 == 0 else None,
            )
        )
    at_ms = np.sort(NOW - chance.integers(0, 2 * DAY_MS, 1500))
    who, what = (chance.random(1500) ** 2 * 60).astype(int), (chance.random(1500) ** 2 * 90).astype(int)
    recommender.learn([Read(int(at), int(w), f"a{a}") for at, w, a in zip(at_ms, who, what, strict=True)])
    shown = np.array([f"a{a}" for a in chance.integers(0, 92, 400)], dtype=object)
    visits = chance.integers(0, 40, 400).astype(np.uint64)
    recommender.shown(Shown(np.sort(NOW - chance.integers(0, HOUR_MS, 400)), shown, chance.integers(0, 9, 400), visits))
    return recommender


def column(shortlist: Shortlist, name: str) -> np.ndarray:
    return shortlist.features[:, NAMES.index(name)]


def readers_of(recommender: Recommender, place: int) -> list[tuple[int, float]]:
    """Rows of the readers kept, and what a read that old counts."""
    row, at = recommender.memory.readers.of(place)
    hours = (NOW - at) / HOUR_MS
    return list(zip(row.tolist(), ((hours + PARAMETERS.soft_hours) ** -PARAMETERS.power).tolist(), strict=True))


def shared_with(recommender: Recommender, asker: int) -> dict[int, float]:
    """Likeness of each other reader by what articles of the asker's history keep."""
    memory = recommender.memory
    history, own, shared = memory.of(asker).place.tolist(), memory.row(asker), {}
    for place in history:
        for row, _ in readers_of(recommender, place):
            if row != own:
                shared[row] = shared.get(row, 0) + 1
    return {
        row: n / np.sqrt((len(history) + 5) * (int(memory.read_count[row]) + 5)) for row, n in sorted(shared.items())
    }


@pytest.mark.parametrize(("seed", "reader"), [(0, 1), (0, 7), (1, 3), (2, 40), (3, 999)])
def test_readers_alike_by_plain_loops(seed: int, reader: int) -> None:
    recommender = lived(seed)
    shortlist = recommender.shortlist(Asker(NOW, reader))
    likeness = shared_with(recommender, reader)
    alike, power, neighbours, most, several = [], [], [], [], []
    for place in shortlist.candidates.place.tolist():
        kept = readers_of(recommender, place)
        alike.append(sum(likeness.get(row, 0.0) for row, _ in kept))
        power.append(sum(decay for _, decay in kept))
        neighbours.append(sum(decay * (0.02 + likeness.get(row, 0.0)) for row, decay in kept))
        most.append(max((likeness.get(row, 0.0) for row, _ in kept), default=0.0))
        several.append(sum(row in likeness for row, _ in kept) / max(len(kept), 1))
    assert column(shortlist, "likeness") == pytest.approx(alike)
    assert column(shortlist, "power_share") == pytest.approx(np.array(power) / max(power))
    assert column(shortlist, "neighbours") == pytest.approx(neighbours)
    assert column(shortlist, "likeness_most") == pytest.approx(most)
    assert column(shortlist, "readers_alike") == pytest.approx(several)
    assert max(alike) > 0 or reader == 999


@pytest.mark.parametrize("reader", [1, 7, 40])
def test_who_went_on_by_plain_loops(reader: int) -> None:
    recommender = lived(4)
    memory = recommender.memory
    shortlist = recommender.shortlist(Asker(NOW, reader))
    row, at = memory.readers.of(int(memory.of(reader).place[-1]))
    left = dict(reversed(list(zip(row.tolist(), at.tolist(), strict=True))))
    expected = []
    for place in shortlist.candidates.place.tolist():
        came = zip(*(part.tolist() for part in memory.readers.of(place)), strict=True)
        minutes = [(at_ms - left[row]) / 60_000 for row, at_ms in came if row in left]
        expected.append(sum(2 ** (-each / 10) for each in minutes if each >= 0))
    assert column(shortlist, "followed") == pytest.approx(expected)


@pytest.mark.parametrize("visit", [0, 5])
def test_a_shortlist_of_many_is_that_of_one_alone(visit: int) -> None:
    """What was worked out for others who asked in the same moment changes nothing."""
    crowded = lived(5)
    for reader in range(30):
        crowded.shortlist(Asker(NOW, reader, brand="x" if reader % 2 else "", visit=visit * reader % 3))
    alone = lived(5).shortlist(Asker(NOW, 3, visit=visit))
    again = crowded.shortlist(Asker(NOW, 3, visit=visit))
    assert np.array_equal(again.candidates.place, alone.candidates.place)
    assert np.array_equal(again.features, alone.features, equal_nan=True)


def test_what_happens_in_a_moment_counts_in_it() -> None:
    """A read, an impression and a new article are seen by the next who asks, at the same time as the one before."""
    recommender, asker = lived(6), Asker(NOW, 3)
    (one,) = recommender.catalogue.ids(recommender.shortlist(asker).candidates.place[:1])
    for change in (
        lambda engine: engine.learn([Read(NOW - 1, 77, one), Read(NOW - 1, 78, one)]),
        lambda engine: engine.shown(
            Shown(np.array([NOW - 1]), np.array([one], object), np.array([1]), np.array([0], np.uint64))
        ),
        lambda engine: engine.put(Article("new", NOW - 1)),
    ):
        before = recommender.shortlist(asker).features
        change(recommender)
        after = recommender.shortlist(asker).features
        assert before.shape != after.shape or not np.array_equal(before, after, equal_nan=True)
        fresh = Recommender.read(recommender.files())
        assert np.array_equal(after, fresh.shortlist(asker).features, equal_nan=True)


def test_ranks_and_shares_by_plain_loops() -> None:
    shortlist = lived(7).shortlist(Asker(NOW, 3))
    popular = column(shortlist, "popular").tolist()
    assert column(shortlist, "popular_rank").tolist() == [1 + sum(o > own for o in popular) for own in popular]
    shares = column(shortlist, "together_share")
    assert shares == pytest.approx(shortlist.candidates.together / shortlist.candidates.together.max())


def test_seats_are_what_numpy_says() -> None:
    chance = np.random.default_rng(8)
    seats = Seats()
    seats.grow(50)
    for size in (0, 1, 5, 200):
        values = chance.integers(0, 50, size).astype(np.int32)
        kept, which = seats.distinct(values)
        expected, inverse = np.unique(values, return_inverse=True)
        assert kept.tolist() == expected.tolist()
        assert which.tolist() == inverse.tolist()
    assert seats.of(np.arange(-1, 50, dtype=np.int32), kept[:0]).max() == -1


@pytest.mark.parametrize("size", [3, 1000, 5000])
def test_the_nearest_are_those_of_a_whole_sort(size: int) -> None:
    """Of equals, the one put first."""
    chance = np.random.default_rng(size)
    nearest, vectors = Nearest(), chance.integers(-2, 3, (size, 64)).astype(np.float32)
    for place, vector in enumerate(vectors):
        nearest.put(place, vector)
    nearest.drop(1)
    direction = chance.integers(-2, 3, 64).astype(np.float32)
    order = [place for place in np.argsort(-(vectors @ direction), kind="stable").tolist() if place != 1]
    assert nearest.of(direction, 30).tolist() == order[:30]


def test_the_largest_are_those_of_a_whole_sort() -> None:
    values = np.random.default_rng(9).integers(0, 40, 500).astype(np.float64)
    assert _largest(values, 50).tolist() == np.argsort(-values, kind="stable")[:50].tolist()


def test_rules_mean_the_same_articles_one_by_one_and_at_once() -> None:
    chance, catalogue = np.random.default_rng(10), Catalogue()
    for n in range(60):
        topics = tuple(f"t{t}" for t in range(n % 7))
        author = f"p{n % 4}" if n % 5 else ""
        catalogue.put(Article(f"a{n}", 0, category=f"c{n % 3}" if n % 4 else "", author=author, topics=topics))
    places = chance.permutation(60).astype(np.int32)
    for which in (
        Which(article="a7"),
        Which(article="none"),
        Which(author="p1"),
        Which(author="nobody"),
        Which(category="c1", author="p2"),
        Which(topic="t2"),
        Which(topic="t5"),
        Which(topic="none"),
    ):
        one_by_one = [which.fits(catalogue.article(place)) for place in places.tolist()]
        assert fitting(which, catalogue, places).tolist() == one_by_one
