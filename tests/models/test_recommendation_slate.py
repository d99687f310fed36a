"""Slates: worked out by hand where that is possible, and what the editors decide."""

import numpy as np
import pytest

from readership.models.recommendation.catalogue import Catalogue
from readership.models.recommendation.composition import Slate, compose
from readership.models.recommendation.eligible import Wish
from readership.models.recommendation.exploration import chances, draw
from readership.models.recommendation.nouns import Article, Asker, Ranked
from readership.models.recommendation.rules import Rules
from readership.models.recommendation.rules_file import read_rules
from readership.models.recommendation.slate import Mix, Topics, divergence, relevance

NOW = 1_000_000_000_000
HOUR = 3_600_000
WORDS = ("goal", "match", "train", "opera", "budget", "storm", "recipe", "comet", "whale", "chess")
NO_LOT = "[exploration]\nslot = 0\n"


def article(n: int, **more: object) -> Article:
    """Article n, n hours old, about a thing of its own."""
    fields: dict[str, object] = {"title": f"{WORDS[n % 10]} {n}", "category": ("sport", "travel", "politics")[n % 3]}
    return Article(f"a{n}", NOW - n * HOUR, **{**fields, **more})  # type: ignore[arg-type]


@pytest.fixture
def catalogue() -> Catalogue:
    made = Catalogue()
    for n in range(10):
        made.put(article(n, author="Huber" if n in (1, 4) else ""))
    return made


def ranked(places: list[int]) -> Ranked:
    k = len(places)
    falling = np.arange(k, 0, -1, dtype=np.float64)
    return Ranked(np.array(places, np.int32), falling, np.zeros(k, np.int8), np.full(k, -1, np.int32))


def topics(candidates: list[Article], read: list[Article]) -> Topics:
    """Shares of articles that lie in a catalogue of their own."""
    catalogue = Catalogue()
    places = [catalogue.put(one._replace(article_id=str(n))) for n, one in enumerate([*candidates, *read])]
    split = np.array(places, dtype=np.int32)
    return Topics(catalogue, split[: len(candidates)], split[len(candidates) :])


def made(
    catalogue: Catalogue,
    rules: str = NO_LOT,
    *,
    places: list[int] | None = None,
    asker: Asker | None = None,
    **wish: object,
) -> Slate:
    wanted = Wish(**{"n": 5, "decision_id": "d1", **wish})  # type: ignore[arg-type]
    found = ranked(list(range(10)) if places is None else places)
    return compose(found, catalogue, asker or Asker(NOW), wanted, read_rules(rules, "rules.toml"))


def ids(slate: Slate) -> list[str]:
    return [item.article.article_id for item in slate.items]


def test_mmr_by_hand() -> None:
    """After the first, b is its twin (similarity 1) and c is at right angles: 0.8·0.9 - 0.2·1 < 0.8·0.7."""
    vectors = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
    mix = Mix(np.array([1.0, 0.9, 0.7]), vectors, topics([Article(x, 0) for x in "abc"], []))
    assert mix.value() == pytest.approx([0.8, 0.72, 0.56])
    mix.add(0)
    assert mix.value() == pytest.approx([0.8 - 0.2, 0.72 - 0.2, 0.56])


def test_calibration_by_hand() -> None:
    """A reader of sport alone: p = 1. Of sport q̃ is 1 in a sport article, 0.01 in another: KL = ln 100."""
    assert divergence(np.array([1.0]), np.array([[1.0], [0.0]])) == pytest.approx([0.0, np.log(100)])
    read = [Article(str(n), 0, category="sport") for n in range(3)]
    shares = topics([Article("x", 0, category="sport"), Article("y", 0, category="opera")], read)
    assert shares.own is not None
    assert shares.own.tolist() == [1.0]
    mix = Mix(np.array([0.5, 0.5]), np.zeros((2, 2), np.float32), shares)
    assert mix.value() == pytest.approx([0.9 * 0.4, 0.9 * 0.4 - 0.1 * np.log(100)])


def test_topics_share_an_article_and_two_reads_are_no_taste() -> None:
    shown = [Article("x", 0, topics=("a", "b", "c", "d")), Article("y", 0)]
    read = [Article("z", 0, topics=("a", "b"))] * 3
    found = topics(shown, read)
    assert found.own is not None
    assert found.own.tolist() == [0.5, 0.5]
    assert found.shares.tolist() == [[0.25, 0.25], [0.0, 0.0]]
    assert topics(shown, read[:2]).own is None


def test_relevance_of_equals_is_one() -> None:
    assert relevance(np.array([2.0, 2.0])).tolist() == [1.0, 1.0]
    assert relevance(np.zeros(0)).tolist() == []


def test_a_reader_of_travel_is_shown_travel_first(catalogue: Catalogue) -> None:
    for n in range(100, 104):
        catalogue.put(article(n, category="travel"))
    reader = Asker(NOW, 7, tuple((f"a{n}", NOW - 1) for n in range(100, 104)))
    assert made(catalogue).items[0].article.category == "sport"
    assert made(catalogue, asker=reader).items[0].article.category == "travel"


def test_a_pin_stands_in_its_slot_though_it_was_not_ranked(catalogue: Catalogue) -> None:
    before = made(catalogue, places=[0, 1, 2, 3, 4])
    after = made(catalogue, NO_LOT + '[[pin]]\nname = "look"\narticle = "a9"\nslot = 2\n', places=[0, 1, 2, 3, 4])
    assert "a9" not in ids(before)
    assert (ids(after)[1], after.items[1].source, after.items[1].rule) == ("a9", "editors", "look")
    assert after.items[1].reason == "chosen by the editors"
    assert [item.slot for item in after.items] == [1, 2, 3, 4, 5]
    assert len(set(ids(after))) == 5


def test_an_exclusion_beats_everything(catalogue: Catalogue) -> None:
    rules = NO_LOT + '[[pin]]\nname = "look"\narticle = "a1"\nslot = 1\n[[exclude]]\nname = "no"\nauthor = "Huber"\n'
    slate = made(catalogue, rules, n=10)
    assert not {"a1", "a4"} & set(ids(slate))
    assert ("look", "not shown: excluded (no)", "a1") in slate.effects
    assert ("no", "excluded", "a4") in slate.effects


def test_a_pin_stays_for_those_who_read_it_and_breaking_news_does_not(catalogue: Catalogue) -> None:
    rules = NO_LOT + (
        '[[pin]]\nname = "look"\narticle = "a9"\nslot = 3\n'
        '[[must_include]]\nname = "storm"\narticle = "a8"\nuntil = 2030-01-01\n'
    )
    reader = Asker(NOW, 7, (("a8", NOW - 5), ("a9", NOW - 4)))
    others = [0, 1, 2, 3, 4, 5, 6, 7]
    assert ids(made(catalogue, rules, places=others))[0] == "a8"
    slate = made(catalogue, rules, places=others, asker=reader)
    assert ids(slate)[2] == "a9"
    assert "a8" not in ids(slate)
    assert ("storm", "not shown: read before", "a8") in slate.effects


def test_breaking_news_ends(catalogue: Catalogue) -> None:
    rules = NO_LOT + '[[must_include]]\nname = "storm"\narticle = "a8"\nuntil = 2001-09-09T01:46:40Z\n'  # = NOW
    assert "a8" not in ids(made(catalogue, rules, places=[0, 1, 2]))
    assert "a8" in ids(made(catalogue, rules, places=[0, 1, 2], asker=Asker(NOW - 1)))


def test_what_is_withdrawn_or_unknown_is_not_shown_by_any_rule(catalogue: Catalogue) -> None:
    catalogue.put(article(9, withdrawn_ms=NOW))
    rules = NO_LOT + "".join(f'[[pin]]\nname = "{x}"\narticle = "{x}"\nslot = {n}\n' for n, x in ((1, "a9"), (2, "zz")))
    slate = made(catalogue, rules, places=[0, 1, 2])
    assert "a9" not in ids(slate)
    assert {effect.did for effect in slate.effects} == {"not shown: withdrawn", "not shown: there is no such article"}


def test_at_most_so_many_of_a_category_and_never_together(catalogue: Catalogue) -> None:
    most = NO_LOT + '[[at_most]]\nname = "few"\nof = "category"\nnumber = 1\n'
    slate = made(catalogue, most)
    assert sorted(item.article.category for item in slate.items) == ["politics", "sport", "travel"]
    assert "3 of 5 slots could be filled" in slate.notes
    apart = NO_LOT + '[[apart]]\nname = "x"\nof = "category"\nthese = ["sport", "travel"]\n'
    assert len({item.article.category for item in made(catalogue, apart, n=9).items} & {"sport", "travel"}) == 1


def test_a_boost_lifts_to_the_best_and_no_further(catalogue: Catalogue) -> None:
    boost = NO_LOT + '[[boost]]\nname = "up"\narticle = "a4"\ntimes = 2\n'
    before, after = ids(made(catalogue, n=9)), ids(made(catalogue, boost, n=9))
    assert after.index("a4") < before.index("a4")
    assert before[0] == after[0] == "a0"  # relevance 5/9 · 2 is cut to 1, as the best has


def test_age_limits_paywall_brand_and_the_requests_own_exclusions(catalogue: Catalogue) -> None:
    assert ids(made(catalogue, NO_LOT + '[[age]]\nname = "new"\nhours = 3\n')) == ["a0", "a1", "a2"]
    catalogue.put(article(0, paywalled=True))
    wall = NO_LOT + '[paywall]\nopen_to = ["premium"]\n'
    assert ids(made(catalogue, wall, places=[0, 1])) == ["a1"]
    assert ids(made(catalogue, wall, places=[0, 1], tier="premium")) == ["a0", "a1"]
    assert ids(made(catalogue, places=[0, 1], exclude=["a1"])) == ["a0"]
    catalogue.put(article(1, brand="Presse"))
    assert ids(made(catalogue, places=[0, 1], asker=Asker(NOW, brand="Kurier"))) == ["a0"]


def test_where_the_rules_leave_nothing_it_says_so_and_falls_back_in_order(catalogue: Catalogue) -> None:
    old = NO_LOT + '[[age]]\nname = "new"\nhours = 3\n'
    others = made(catalogue, old, places=[5, 6])  # all ranked ones are too old: newest others
    assert (ids(others)[0], others.items[0].source) == ("a0", "newest")
    assert others.notes[0] == "the rules left none of the ranked articles: these are the newest others"
    read = tuple((f"a{n}", NOW - 10) for n in range(3))
    aged = made(catalogue, old, places=[5, 6], asker=Asker(NOW, 7, read))
    assert "age limits were set aside" in aged.notes[0]
    assert not set(ids(aged)) & {"a0", "a1", "a2"}
    everything = tuple((f"a{n}", NOW - 10) for n in range(10))
    again = made(catalogue, places=[], asker=Asker(NOW, 7, everything))
    assert again.notes[0] == "the rules left no unread article: some were read before"
    assert len(again.items) == 5
    nothing = made(catalogue, "".join(f'[[exclude]]\nname = "{c}"\ncategory = "{c}"\n' for c in CATEGORIES))
    assert nothing.items == ()
    assert nothing.notes == ("no article may be shown: the rules exclude every one, or none is live",)
    assert "there are no articles yet" in made(Catalogue(), places=[]).notes[0]


CATEGORIES = ("sport", "travel", "politics")


def test_the_slot_by_lot_is_drawn_from_the_vector_that_is_logged(catalogue: Catalogue) -> None:
    slate = made(catalogue, "", n=6)
    drawn = slate.items[4]
    assert (drawn.source, drawn.slot) == ("exploration", 5)
    assert drawn.propensity == slate.chance[slate.drawn_from.index(drawn.article.article_id)]
    assert sum(slate.chance) == pytest.approx(1)
    shown = {item.article.article_id for item in slate.items if item is not drawn}
    assert set(slate.drawn_from) == {f"a{n}" for n in range(10)} - shown
    assert ids(slate) == ids(made(catalogue, "", n=6))
    assert len({ids(made(catalogue, "", n=6, decision_id=f"d{n}"))[4] for n in range(60)}) == len(slate.drawn_from)


def test_draws_come_as_often_as_their_propensity_says() -> None:
    chance = chances(np.array([1.0, 0.5, 0.0]))
    counts = np.bincount([draw(f"d{n}", chance).chosen for n in range(6000)], minlength=3) / 6000
    assert counts == pytest.approx(chance, abs=4 * 0.0065)  # 4 standard errors of a share near a half
    assert draw("x", np.array([1.0])) == (0, 1.0)


def test_a_pin_in_the_slot_by_lot_leaves_nothing_to_chance(catalogue: Catalogue) -> None:
    slate = made(catalogue, '[[pin]]\nname = "p"\narticle = "a9"\nslot = 5\n')
    assert slate.items[4].article.article_id == "a9"
    assert all(item.propensity is None for item in slate.items)
    assert slate.chance == ()


def test_two_pins_beyond_a_short_slate_and_a_gap_are_closed(catalogue: Catalogue) -> None:
    slate = made(catalogue, NO_LOT + '[[pin]]\nname = "p"\narticle = "a9"\nslot = 4\n', places=[0, 1])
    assert ids(slate) == ["a0", "a1", "a9"]
    assert [item.slot for item in slate.items] == [1, 2, 3]
    small = made(catalogue, NO_LOT + '[[pin]]\nname = "p"\narticle = "a9"\nslot = 4\n', n=2)
    assert ("p", "not shown: the slate has 2 slots", "a9") in small.effects


def test_rules_hold_nothing_by_default() -> None:
    assert Rules().open_to is None
