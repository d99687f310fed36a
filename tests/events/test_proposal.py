"""A proposed mapping: found by name and type, loadable as it is, and honest about what is missing."""

from pathlib import Path

import pytest

from readership.errors import InputError
from readership.events.fields import KINDS
from readership.events.mapping import Mapping, load_mapping
from readership.events.proposal import inner_type, propose
from readership.events.synonyms import SYNONYMS

FOREIGN = {
    "visit_uuid": "UUID",
    "reader_hash": "FixedString(32)",
    "site": "LowCardinality(String)",
    "begin": "DateTime",
    "finish": "DateTime",
    "abo": "LowCardinality(Nullable(String))",
    "articles_read": "UInt16",
    "story_ids": "Array(String)",
    "hits": "UInt32",
    "written_at": "DateTime64(3, 'UTC')",
    "tenant": "String",
}


def loaded(folder: Path, toml: str) -> Mapping:
    file = folder / "proposed.toml"
    file.write_text(toml, encoding="utf-8")
    return load_mapping(file)


def test_a_foreign_table_of_sessions(tmp_path: Path) -> None:
    found = propose(FOREIGN, zone="Europe/Berlin", tiers=["none", "abo_plus", "basic"])
    assert found.kind == "sessions"
    assert found.complete
    assert found.unused == ("tenant",)
    mapping = loaded(tmp_path, found.toml)
    assert mapping.kind == "sessions"
    assert (
        mapping.columns
        == found.matched
        == {
            "session_id": "visit_uuid",
            "user_id": "reader_hash",
            "session_start": "begin",
            "session_end": "finish",
            "created_at": "written_at",
            "brand": "site",
            "subscription_tier": "abo",
            "total_events": "hits",
            "article_views": "articles_read",
            "article_ids_visited": "story_ids",
        }
    )
    assert mapping.zone == "Europe/Berlin"
    assert mapping.tiers == {"none": "", "abo_plus": "abo_plus", "basic": "free"}
    assert mapping.consent is None


def test_the_contract_s_session_metrics_maps_onto_itself(tmp_path: Path) -> None:
    columns = dict.fromkeys(KINDS["sessions"].fields, "String")
    assert propose(columns).matched == {name: name for name in KINDS["sessions"].fields}


def test_a_foreign_table_of_events(tmp_path: Path) -> None:
    columns = {"id": "UUID", "Customer.ID": "String", "eventName": "String", "ts": "DateTime64(3, 'Europe/Paris')"}
    found = propose(columns)
    assert found.kind == "events"
    mapping = loaded(tmp_path, found.toml)
    assert mapping.columns == {
        "event_id": "id",
        "user_id": "Customer.ID",
        "event_type": "eventName",
        "timestamp": "ts",
    }
    assert mapping.zone == ""


def test_what_is_missing_is_said_and_the_file_does_not_load_before_it_is_there(tmp_path: Path) -> None:
    found = propose({"begin": "DateTime('UTC')", "articles": "UInt8"})
    assert found.missing == ("user_id or device_id", "session_end or session_duration_sec")
    assert not found.complete
    with pytest.raises(InputError, match="names neither 'user_id' nor 'device_id'; every session needs one"):
        loaded(tmp_path, found.toml)


def test_notes_say_what_a_person_has_to_decide() -> None:
    found = propose({"uid": "UUID", "begin": "DateTime", "finish": "DateTime"}, zone="Europe/Rome")
    assert [note.split(":")[0] for note in found.notes] == [
        "begin, finish state no time zone",
        "no column says what readers agreed to",
        "no column says when a row was written",
        "no subscription tier",
    ]
    assert "(Europe/Rome?)" in found.notes[0]


def test_a_column_of_another_type_is_not_taken_for_the_field() -> None:
    found = propose(
        {"user_id": "UUID", "start": "UInt8 ", "begin": "DateTime", "end": "Array(String)", "finish": "Date"}
    )
    assert found.matched["session_end"] == "finish"
    assert "article_views" not in propose({"article_views": "Array(String)"}, kind="sessions").matched


def test_columns_with_quotes_and_dots_stay_readable(tmp_path: Path) -> None:
    columns = {'user "id"': "String", "session.start": "DateTime('UTC')", "session\\end": "DateTime('UTC')"}
    mapping = loaded(tmp_path, propose(columns).toml)
    assert mapping.columns == {
        "user_id": 'user "id"',
        "session_start": "session.start",
        "session_end": "session\\end",
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_of_nothing_known_is_refused_by_what_it_lacks(kind: str) -> None:
    found = propose({"a": "String", "b": "Int8"}, kind=kind)
    assert found.matched == {}
    assert set(KINDS[kind].required) <= set(found.missing)


def test_synonyms_are_of_fields() -> None:
    fields = {name for kind in KINDS.values() for name in kind.fields}
    assert set(SYNONYMS) <= fields


def test_inner_types() -> None:
    assert inner_type("Nullable(DateTime64(3, 'UTC'))") == "DateTime64(3, 'UTC')"
    assert inner_type("Array(Nullable(String))") == "Array(Nullable(String))"
