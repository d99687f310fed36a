"""What was shown: counts that fade, by hand; nothing of the asker's own visit; a snapshot; logs that do not say it."""

import numpy as np
import pytest
from recommendation_world import HOUR_MS, SPORT, START_MS, article, two_groups

from readership.models.recommendation.features import NAMES
from readership.models.recommendation.files import read_arrays
from readership.models.recommendation.nouns import Asker, Read, Shown
from readership.models.recommendation.parameters import DAY_MS, Parameters
from readership.models.recommendation.recommender import Recommender
from readership.models.recommendation.shown_columns import NAMES as SHOWN

NOW_MS = START_MS + 10 * HOUR_MS


def shown(*entries: tuple) -> Shown:
    """Of (hours before now, article, position, visit)."""
    hours, names, position, visit = zip(*entries, strict=True)
    return Shown(
        np.array([NOW_MS - round(one * HOUR_MS) for one in hours], dtype=np.int64),
        np.array(names, dtype=object),
        np.array(position, dtype=np.int64),
        np.array(visit, dtype=np.uint64),
    )


def three(**parameters) -> Recommender:
    recommender = Recommender(Parameters(shown_fall=1.0, **parameters))
    for name in "abc":
        recommender.put(article(name))
    return recommender


def seen(recommender: Recommender, name: str, asker: Asker | None = None) -> dict[str, float]:
    """What the ranker sees of an article."""
    shortlist = recommender.shortlist(asker or Asker(NOW_MS))
    places = [recommender.catalogue.article(place).article_id for place in shortlist.candidates.place.tolist()]
    return dict(zip(NAMES, shortlist.features[places.index(name)].tolist(), strict=True))


def counts(recommender: Recommender, at_ms: int = NOW_MS, visit: int = 0) -> list[list[float]]:
    return recommender.memory.exposures.at(at_ms, np.arange(3), visit).tolist()


def test_counts_fade_and_weigh_by_position():
    recommender = three()
    recommender.shown(shown((0, "a", 1, 0), (1, "a", 2, 0), (3, "b", 4, 0), (0, "never put", 1, 0)))
    # a: 1 + ½ · 2^(-1 / ½) and 1 + ½ · 2^(-1 / 3); b: ¼ · 2^(-3 / ½) and ¼ · 2^(-3 / 3)
    assert counts(recommender) == [
        [pytest.approx(1.125), pytest.approx(1 + 0.5 * 2 ** (-1 / 3))],
        [pytest.approx(0.25 / 64), pytest.approx(0.125)],
        [0, 0],
    ]
    assert counts(recommender, NOW_MS + HOUR_MS)[0][0] == pytest.approx(1.125 / 4)


def test_the_order_and_the_size_of_the_parts_do_not_matter():
    entries = [(48 - hour * 0.1, "abc"[hour % 3], hour % 5, hour % 7) for hour in range(480)]
    whole, parts = three(), three()
    whole.shown(shown(*entries))
    for begin in range(0, 480, 7):
        parts.shown(shown(*entries[begin : begin + 7]))
    parts_late = three()
    parts_late.shown(shown(*entries[240:]))
    parts_late.shown(shown(*entries[:240]))
    assert np.allclose(counts(whole), counts(parts), rtol=1e-9)
    assert np.allclose(counts(whole), counts(parts_late), rtol=1e-9)
    assert 1 < counts(whole)[0][0] < 20


def test_what_was_shown_in_the_askers_own_visit_says_nothing():
    without, own = three(), three()
    others = [(2, "a", 1, 5), (1.5, "b", 2, 5)]
    without.shown(shown(*others))
    own.shown(shown(*others, (0.01, "a", 1, 9), (0.01, "c", 2, 9), (0, "c", 1, 9)))
    asker = Asker(NOW_MS, visit=9)
    assert np.allclose(counts(without), counts(own, visit=9), atol=1e-9)
    for name in "abc":
        left, right = seen(without, name, asker), seen(own, name, asker)
        assert [left[column] for column in SHOWN] == pytest.approx([right[column] for column in SHOWN], nan_ok=True)
    assert counts(own, visit=9)[2] == [0, 0], "not even a little above what was never shown"
    assert own.rank(asker, exclude="abc").article.size == 0
    assert seen(own, "c")["shown_minutes"] == 0
    assert np.isnan(seen(own, "c", asker)["shown_minutes"])
    assert seen(own, "a", asker)["shown_minutes"] == pytest.approx(120)


def test_what_was_shown_long_before_the_newest_is_not_told_apart():
    recommender = three(shown_kept=3)
    recommender.shown(shown((9, "a", 1, 1), (8, "b", 1, 2), (3, "b", 1, 3), (2, "c", 1, 4), (1, "c", 1, 5)))
    own = three(shown_kept=3)
    own.shown(shown((9, "a", 1, 1), (3, "b", 1, 3), (2, "c", 1, 4), (1, "a", 1, 5)))
    newest = [one.memory.exposures.newest(np.arange(3), visit=5) for one in (recommender, own)]
    hours = [[(NOW_MS - at) / HOUR_MS if at else None for at in one.tolist()] for one in newest]
    assert hours == [[None, 3, 2], [None, 3, 2]]


def test_rates_are_reads_for_times_shown_drawn_to_the_usual():
    recommender = three()
    recommender.learn([Read(NOW_MS, reader, "a") for reader in (1, 2)] + [Read(NOW_MS, 3, "b")])
    recommender.shown(shown(*[(0, "a", 1, 0)] * 2, *[(0, "b", 1, 0)] * 6))
    a, b, c = (seen(recommender, name) for name in "abc")
    # (reads + 0.3 · 3) / (shown + 3)
    assert [one["read_rate_1"] for one in (a, b, c)] == pytest.approx([2.9 / 5, 1.9 / 9, 0.9 / 3], rel=1e-6)
    assert [one["read_rate_rank_1"] for one in (a, b, c)] == [1, 3, 2]
    assert [one["shown_share_2"] for one in (a, b, c)] == pytest.approx([1 / 3, 1, 0])
    assert [one["shown_rank_2"] for one in (a, b, c)] == [2, 1, 3]
    assert a["shown_1"] == pytest.approx(np.log(3))


def test_a_log_without_impressions_has_empty_columns():
    features = seen(two_groups(), "sport-new", Asker(START_MS + 6 * HOUR_MS, SPORT[0]))
    assert all(np.isnan(features[name]) for name in SHOWN)
    assert np.isfinite(features["popular"])


def test_a_snapshot_knows_the_same_and_goes_on():
    recommender = three()
    recommender.learn([Read(NOW_MS - 9 * HOUR_MS, 1, "c")])
    recommender.shown(shown((3, "a", 1, 5), (1, "b", 2, 6), (0, "b", 1, 7)))
    copy = Recommender.read(recommender.files())
    asker = Asker(NOW_MS, 1)
    for _ in range(2):
        first, second = (one.shortlist(asker).features for one in (recommender, copy))
        assert np.array_equal(first, second, equal_nan=True)
        for one in (recommender, copy):
            one.shown(shown((0, "a", 3, 8)))
    later = NOW_MS + 29 * DAY_MS
    recommender.put(article("new", later))
    recommender.shown(Shown(*(np.array([value]) for value in (later, "new", 1, 3))))
    kept = Recommender.read(recommender.files(later + 2 * DAY_MS))
    assert len(kept.catalogue) == 1
    assert kept.memory.exposures.at(later, np.array([0]))[0, 0] == pytest.approx(1)
    assert not any("visit" in name for name in read_arrays(kept.files()["memory.npz"]))
