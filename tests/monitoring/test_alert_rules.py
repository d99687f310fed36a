"""Rules as data: those that ship, a publisher's own, and what is refused."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from readership.errors import InputError
from readership.monitoring.measure import KINDS, Measure
from readership.monitoring.rules import read_rulebook

AT = datetime(2026, 3, 1, tzinfo=UTC)
ROOT = Path(__file__).parents[2]


def own(folder: Path, text: str) -> Path:
    file = folder / "alerts.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_rules_that_ship_can_be_used_and_their_runbooks_are_there(tmp_path: Path) -> None:
    book = read_rulebook(tmp_path / "alerts.toml")
    assert book.tell == {"log": "info", "webhook": "warning", "email": "critical", "alertmanager": "info"}
    assert len(book.rules) >= 10
    for rule in book.rules.values():
        assert rule.kind in KINDS
        page, _, heading = rule.runbook.partition("#")
        headings = [line.lstrip("# ") for line in (ROOT / page).read_text().splitlines() if line.startswith("#")]
        assert heading in [text.lower().replace(" ", "-") for text in headings], rule.name
        assert rule.says


def test_of_a_rule_that_ships_only_what_differs_is_stated(tmp_path: Path) -> None:
    text = '[rules.events-missing]\nseverity = "info"\n\n[rules.events-late]\noff = true\n\n[tell]\nemail = "warning"\n'
    book = read_rulebook(own(tmp_path, text))
    assert (book.rules["events-missing"].severity, book.rules["events-missing"].measure) == ("info", "events")
    assert "events-late" not in book.rules
    assert (book.tell["email"], book.tell["webhook"]) == ("warning", "warning")


def test_a_rule_of_ones_own_by_value(tmp_path: Path) -> None:
    text = '[rules.few]\nkind = "data"\nmeasure = "readers"\nbelow = 100\ntask = ""\n'
    rule = read_rulebook(own(tmp_path, text)).rules["few"]
    few, enough, none = (Measure(AT, "data", "readers", "green", value=value) for value in (99.0, 100.0, None))
    assert [rule.broken(m) for m in (few, enough, none)] == [True, False, False]
    assert rule.about(few)
    assert not rule.about(Measure(AT, "data", "readers", "green", task="churn"))


def test_a_condition_by_state_holds_for_worse_ones_too(tmp_path: Path) -> None:
    text = '[rules.x]\nkind = "inputs"\nmeasure = "*"\nstate = "amber"\n'
    rule = read_rulebook(own(tmp_path, text)).rules["x"]
    assert [s for s in ("green", "grey", "amber", "red") if rule.broken(Measure(AT, "inputs", "psi", s))] == [
        "amber",
        "red",
    ]


def test_a_silence_is_about_a_span(tmp_path: Path) -> None:
    text = '[[silence]]\nrule = "events-*"\nfrom = 2026-03-01\nuntil = 2026-03-03T12:00:00Z\nwhy = "moving servers"\n'
    (silence,) = read_rulebook(own(tmp_path, text)).silences
    assert silence.covers("events-missing", "", AT)
    assert not silence.covers("words-changed", "", AT)
    assert not silence.covers("events-missing", "", datetime(2026, 3, 3, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rules = ", "cannot be read"),
        ("[sinks.x]\n", "there is no 'sinks'; it holds"),
        ('[rules.x]\nkind = "data"\n', "rule 'x' does not say which measure it is about"),
        ('[rules.x]\nkind = "data"\nmeasure = "e"\n', "needs a condition: either `state`, or `above` or `below`"),
        ('[rules.x]\nkind = "data"\nmeasure = "e"\nstate = "red"\nabove = 1\n', "needs a condition"),
        ('[rules.x]\nkind = "data"\nmeasure = "e"\nstate = "green"\n', "state is 'green'; it can be red or amber"),
        (
            '[rules.x]\nkind = "data"\nmeasure = "e"\nstate = "red"\nseverity = "bad"\n',
            "can be info, warning, critical",
        ),
        ('[rules.events-late]\nfor_days = "two"\n', "for_days is 'two'; it must be a number"),
        ("[rules.events-late]\nafter = 2\n", "states 'after', which no rule has"),
        ('[tell]\npager = "info"\n', r"\[tell\] says pager = 'info'; receivers are log, webhook"),
        ('[[silence]]\nrule = "x"\nfrom = 2026-03-01\nuntil = 2026-04-01\n', "a silence lacks 'why'"),
        ('[[silence]]\nrule = "x"\nfrom = 2026-03-02\nuntil = 2026-03-01\nwhy = "y"\n', "ends .* before it begins"),
        ('[[silence]]\nrule = "x"\nfrom = "soon"\nuntil = 2026-03-01\nwhy = "y"\n', "'soon' in a silence is no date"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_rulebook(own(tmp_path, text))
