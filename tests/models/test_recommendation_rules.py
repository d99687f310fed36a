"""`rules.toml`: what it may say, and what is refused with the names of both rules."""

import pytest

from readership.errors import InputError
from readership.models.recommendation.nouns import Article
from readership.models.recommendation.rules import Rules, When, Which
from readership.models.recommendation.rules_file import read_rules

EVERYTHING = """
[[pin]]
name = "election"
article = "a1"
slot = 1
from = 2026-10-01T00:00:00Z
until = 2026-10-02T00:00:00Z
brand = "Kurier"
[[exclude]]
name = "court case"
topic = "trial"
category = "local"
[[boost]]
name = "more local"
category = "local"
times = 1.5
[[must_include]]
name = "storm"
article = "a2"
until = 2026-10-01T18:00:00+02:00
[[at_most]]
name = "not only sport"
of = "category"
number = 2
value = "sport"
[[age]]
name = "fresh tickers"
category = "ticker"
hours = 6
[[apart]]
name = "rivals"
of = "topic"
these = ["alcohol", "accident"]
[paywall]
open_to = ["premium", "pro"]
[exploration]
slot = 3
"""


def rules(text: str) -> Rules:
    return read_rules(text, "rules.toml")


def refusal(text: str) -> str:
    with pytest.raises(InputError) as caught:
        rules(text)
    return str(caught.value)


def pin(name: str, article: str, slot: int, more: str = "") -> str:
    return f'[[pin]]\nname = "{name}"\narticle = "{article}"\nslot = {slot}\n{more}\n'


def test_every_kind_of_rule_is_read() -> None:
    found = rules(EVERYTHING)
    assert found.pins[0] == ("election", "a1", 1, When(1_790_812_800_000, 1_790_899_200_000, "Kurier"))
    assert found.excludes[0].which == Which(category="local", topic="trial")
    assert found.boosts[0].times == 1.5
    assert found.must_include[0].when.until_ms == 1_790_870_400_000
    assert (found.at_most[0].number, found.ages[0].hours, found.apart[0].these) == (2, 6.0, ("alcohol", "accident"))
    assert (found.open_to, found.explored_slot) == ({"premium", "pro"}, 3)
    assert rules("") == Rules()


def test_only_what_holds_at_a_moment_and_for_a_brand_counts() -> None:
    found = rules(EVERYTHING)
    at_ms = 1_790_812_800_000
    assert len(found.at(at_ms, "Kurier").pins) == 1
    assert len(found.at(at_ms - 1, "Kurier").pins) == 0
    assert len(found.at(at_ms + 86_400_000, "Kurier").pins) == 0
    assert len(found.at(at_ms, "").pins) == 0
    assert len(found.at(at_ms, "Presse").excludes) == 1


def test_articles_are_meant_by_all_that_is_said() -> None:
    which = Which(category="local", topic="trial")
    assert which.fits(Article("a", 0, category="local", topics=("crime", "trial")))
    assert not which.fits(Article("a", 0, category="local"))
    assert not which.fits(Article("a", 0, category="sport", topics=("trial",)))


@pytest.mark.parametrize(
    ("text", "names", "why"),
    [
        (pin("one", "a1", 2) + pin("two", "a2", 2), ("one", "two"), "both fill slot 2"),
        (pin("one", "a1", 2) + pin("two", "a1", 3), ("one", "two"), "'a1' cannot stand in slots 2 and 3"),
        (pin("one", "a1", 2) + '[[exclude]]\nname = "no"\narticle = "a1"', ("one", "no"), "the other excludes it"),
        (
            '[[must_include]]\nname = "news"\narticle = "a1"\nuntil = 2026-10-02\n'
            '[[exclude]]\nname = "no"\narticle = "a1"\nfrom = 2026-10-01',
            ("news", "no"),
            "one shows article 'a1'",
        ),
        (
            '[[boost]]\nname = "up"\nauthor = "B"\ntimes = 2\n[[exclude]]\nname = "no"\nauthor = "B"',
            ("up", "no"),
            "one lifts the very articles that the other excludes",
        ),
        (
            pin("one", "a1", 1) + pin("two", "a2", 2) + '[[apart]]\nname = "x"\nof = "article"\nthese = ["a1", "a2"]',
            ("x", "two"),
            "must both be shown, and never together",
        ),
        (
            '[[at_most]]\nname = "m"\nof = "topic"\nnumber = 1\n[[at_most]]\nname = "n"\nof = "topic"\nnumber = 2',
            ("m", "n"),
            "one allows 1 of a topic, the other 2",
        ),
    ],
)
def test_rules_that_cannot_both_be_kept_are_refused_by_name(text: str, names: tuple[str, str], why: str) -> None:
    said = refusal(text)
    assert f"the rules {names[0]!r} and {names[1]!r} contradict each other" in said
    assert why in said
    assert said.endswith("the last good rules hold until then")


def test_rules_of_different_times_or_brands_do_not_contradict() -> None:
    one = pin("one", "a1", 2, "until = 2026-10-01T12:00:00Z")
    assert len(rules(one + pin("two", "a2", 2, "from = 2026-10-01T12:00:00Z")).pins) == 2
    assert len(rules(pin("one", "a1", 2, 'brand = "A"') + pin("two", "a2", 2, 'brand = "B"')).pins) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[pin]\n", "rules.toml is not TOML"),
        ("[[pins]]\n", "the file has the unknown key 'pins'"),
        ("[[pin]]\narticle = 'a'\nslot = 1\n", "a rule in [[pin]] has no name"),
        (pin("p", "a", 0), "rule 'p': slot is 0; it must be a number, 1 at least"),
        ("[[exclude]]\nname = 'x'\n", "rule 'x': it names none of article, author, category, topic"),
        ("[[boost]]\nname = 'b'\ntopic = 't'\ntimes = 9\n", "rule 'b': times is 9; it can be 3 at most"),
        ("[[must_include]]\nname = 'm'\narticle = 'a'\n", "rule 'm': until is missing"),
        ("[[at_most]]\nname = 'm'\nof = 'reader'\nnumber = 2\n", "rule 'm': of is 'reader'"),
        ("[[apart]]\nname = 'm'\nof = 'topic'\nthese = ['x', 'x']\n", "rule 'm': these is ['x', 'x']"),
        (pin("p", "a", 1, "until = 'soon'"), "rule 'p': until is 'soon'; it must be a time"),
        (pin("p", "a", 1, "until = 2026-01-01\nfrom = 2026-02-01"), "rule 'p': until lies before from"),
        (pin("p", "a", 1) + pin("p", "b", 2), "two rules are called 'p'"),
        ("[paywall]\nopen_to = 'all'\n", "rule 'paywall': open_to is 'all'"),
        ("[exploration]\nslot = -1\n", "rule 'exploration': slot is -1"),
    ],
)
def test_what_is_wrong_is_named(text: str, said: str) -> None:
    assert said in refusal(text)
