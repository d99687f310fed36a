"""Each candidate source finds what is right by construction; its numbers are those worked out by hand."""

import numpy as np
import pytest
from recommendation_world import HOUR_MS, POLITICS, SPORT, START_MS, article, names, two_groups

from readership.models.recommendation.content import taste
from readership.models.recommendation.factors import FITS, Reads, fit_ease
from readership.models.recommendation.live import POPULAR, live_at
from readership.models.recommendation.memory import Memory
from readership.models.recommendation.neighbours import Alike, alike, crowd, decayed, from_neighbours
from readership.models.recommendation.nouns import Read
from readership.models.recommendation.parameters import Parameters
from readership.models.recommendation.recommender import Recommender
from readership.models.recommendation.rings import Rings
from readership.models.recommendation.text import WIDTH, TextModel
from readership.models.recommendation.together import together

NOW_MS = START_MS + 6 * HOUR_MS
PAIRS = [(SPORT[0], "sport-new"), (POLITICS[0], "politics-new")]


def unread(recommender, reader, places, scores) -> str:
    """The best of these that the reader has not read."""
    read = set(recommender.memory.of(reader).place.tolist())
    order = [place for place in places[np.argsort(-np.asarray(scores), kind="stable")] if place not in read]
    return names(recommender, order)[0]


@pytest.mark.parametrize(("reader", "right"), PAIRS)
def test_co_visitation_finds_the_groups_article(reader, right):
    recommender = two_groups()
    history = recommender.memory.of(reader)
    places, scores, because = together(recommender.memory, history, recommender.parameters, NOW_MS)
    assert unread(recommender, reader, places, scores) == right
    group = right.split("-")[0]
    assert all(name.startswith(group) for name in names(recommender, because))


@pytest.mark.parametrize(("reader", "right"), PAIRS)
def test_readers_alike_find_the_groups_article(reader, right):
    recommender = two_groups()
    memory = recommender.memory
    found = alike(memory, memory.of(reader), memory.row(reader))
    assert len(found.row) == 5
    assert found.overlap.tolist() == [4.0] * 5
    places, scores = from_neighbours(memory, found, NOW_MS)
    assert unread(recommender, reader, places, scores) == right


@pytest.mark.parametrize(("reader", "right"), PAIRS)
def test_content_finds_the_groups_article(reader, right):
    recommender = two_groups()
    direction = taste(recommender.catalogue.vectors, recommender.memory.of(reader))
    near = recommender._nearest.of(direction, 5)
    assert {name.split("-")[0] for name in names(recommender, near)} == {right.split("-")[0]}


@pytest.mark.parametrize("name", list(FITS))
def test_factor_models_find_the_groups_article(name):
    pairs = [(r, p) for r in range(6) for p in range(5) if (r, p) != (0, 4)]
    pairs += [(r + 6, p + 5) for r in range(6) for p in range(5)]
    reader, place = np.array(pairs).T
    scores = FITS[name](Reads(reader, place, 12, 10))(0, np.arange(4, dtype=np.int32))
    assert scores[4] > scores[5:].max()


def test_ease_refuses_a_catalogue_too_wide():
    with pytest.raises(ValueError, match="EASE inverts 5000 x 5000 numbers; 4000 is the most"):
        fit_ease(Reads(np.array([0]), np.array([0]), 1, 5000))


def test_decayed_popularity_by_hand():
    memory = Memory(Parameters(popular_half_life_hours=1.0))
    memory.grow(2)
    memory.learn(1, 0, 0)
    memory.learn(2, 0, 2 * HOUR_MS)
    memory.learn(2, 0, 2 * HOUR_MS)  # the same reader again counts as none
    assert memory.heat_at(3 * HOUR_MS, slice(None), POPULAR).tolist() == [1 / 8 + 1 / 2, 0.0]


def test_a_late_read_counts_at_its_own_time():
    parameters = Parameters(popular_half_life_hours=1.0)
    in_order, late = Memory(parameters), Memory(parameters)
    for memory, order in ((in_order, [(1, 0), (2, 2)]), (late, [(2, 2), (1, 0)])):
        memory.grow(1)
        for reader, hour in order:
            memory.learn(reader, 0, hour * HOUR_MS)
    now = 3 * HOUR_MS
    assert late.heat_at(now, [0]).tolist() == in_order.heat_at(now, [0]).tolist()
    assert late.last_at[0] == 2 * HOUR_MS


def test_power_law_by_hand():
    """Reads 1 h and 3.5 h ago: 1.5^-1.5 + 4^-1.5 = 0.544331 + 0.125; likeness of a reader who shares one of one."""
    parameters = Parameters()
    memory = Memory(parameters)
    memory.grow(2)
    memory.learn(8, 1, 0)
    memory.learn(7, 1, 0)
    memory.learn(7, 0, 4 * HOUR_MS)
    memory.learn(9, 0, int(6.5 * HOUR_MS))
    found = alike(memory, memory.of(8), memory.row(8))
    assert found.row.tolist() == [memory.row(7)]
    assert found.likeness[0] == pytest.approx(1 / np.sqrt((1 + 5) * (2 + 5)))
    asked, at_ms = np.array([0], dtype=np.int32), int(7.5 * HOUR_MS)
    assert decayed(memory, asked, parameters, at_ms) == pytest.approx(1.5**-1.5 + 4**-1.5)
    seen = crowd(memory, asked, found, memory.row(8), parameters, at_ms)
    assert seen.row.tolist() == [memory.row(7)]
    assert seen.decay == pytest.approx([4**-1.5])
    assert seen.likeness == pytest.approx([1 / np.sqrt(42)])


def test_nobody_is_alike_where_nothing_was_read():
    memory = Memory(Parameters())
    memory.grow(1)
    memory.learn(7, 0, 0)
    empty = Alike(*(np.empty(0, dtype=kind) for kind in (np.int32, float, float, float)))
    asked = np.array([0], dtype=np.int32)
    assert crowd(memory, asked, empty, -1, Parameters(), HOUR_MS).which.tolist() == []
    assert decayed(memory, asked, Parameters(), HOUR_MS)[0] > 0


def test_newest_first_and_what_is_live():
    recommender = Recommender()
    for name, hour in (("old", -31 * 24), ("b", 1), ("a", 2), ("tomorrow", 24)):
        recommender.put(article(name, START_MS + hour * HOUR_MS))
    recommender.put(article("gone", START_MS, withdrawn_ms=START_MS + 3 * HOUR_MS))
    at = START_MS + 3 * HOUR_MS
    live = live_at(recommender.catalogue, recommender.memory, recommender.parameters, at)
    assert names(recommender, live.fresh) == ["b", "a"]
    before = live_at(recommender.catalogue, recommender.memory, recommender.parameters, at - 1)
    assert names(recommender, before.fresh) == ["gone", "b", "a"]


def test_rings_keep_the_newest():
    rings = Rings(3)
    for value in range(5):
        rings.push(1, value, value * 10)
    value, at = rings.of(1)
    assert value.tolist() == [2, 3, 4]
    assert at.tolist() == [20, 30, 40]
    assert rings.of(0)[0].tolist() == []


def test_texts_that_share_words_lie_close_in_any_script():
    texts = {
        "Russian": ("Парламент принял бюджет на следующий год", "Бюджет принял парламент", "Хоккеисты выиграли матч"),
        "Chinese": ("议会通过了明年的预算", "明年的预算", "球队赢得了比赛"),
    }
    model = TextModel.unfitted()
    for language, (text, like, unlike) in texts.items():
        near, far = (float(model.vector(text) @ model.vector(other)) for other in (like, unlike))
        assert near > 0.4 > far, language
    assert not model.vector("").any()
    assert not model.vector("… — !").any()


def test_a_fitted_text_model_is_applied_without_scikit_learn_and_weighs_rare_words_more():
    texts = [f"the council {word} the {word} vote {number}" for number in range(40) for word in ("storm", "goal")]
    model = TextModel.fit(texts)
    assert model.components.shape[1] == WIDTH
    from zlib import crc32

    from readership.models.recommendation.text import BUCKETS

    assert model.idf[crc32(b"storm") % BUCKETS] > model.idf[crc32(b"council") % BUCKETS]
    assert np.linalg.norm(model.vector("the storm vote")) == pytest.approx(1.0, abs=1e-5)
    assert TextModel.fit(texts[:10]).idf.tolist() == TextModel.unfitted().idf.tolist()


def test_a_read_of_an_article_nobody_put_is_passed_over():
    recommender = Recommender()
    recommender.learn([Read(START_MS, 1, "unknown")])
    assert recommender.memory.row(1) == -1
