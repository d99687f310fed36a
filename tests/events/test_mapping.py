"""Mappings: those that ship, and what is said of one that cannot be used."""

from pathlib import Path

import pytest

from readership.errors import InputError
from readership.events.fields import FIELDS
from readership.events.mapping import Mapping, load_mapping

WHOLE = """
[columns]
user_id = "uid"
timestamp = "when"
event_type = "what"
scroll_depth = "metrics.depth"
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "own.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_native_reads_every_field_under_its_own_name() -> None:
    mapping = load_mapping("native")
    assert {name: mapping.column(name) for name in FIELDS} == {name: name for name in FIELDS}


def test_deskdrop_states_time_zone_tier_and_consent() -> None:
    mapping = load_mapping("deskdrop")
    assert (mapping.time_format, mapping.zone) == ("epoch_seconds", "UTC")
    assert mapping.consent == ("analytics", "personalisation", "advertising", "marketing")
    assert mapping.constants == {"brand": "deskdrop", "subscription_tier": "free"}
    assert mapping.column("user_id") == "personId"
    assert mapping.column("event_id") == ""


def test_json_shape_lists_the_source_s_names_that_occur_and_those_every_event_has(tmp_path: Path) -> None:
    mapping = load_mapping(written(tmp_path, 'nested = "metrics"' + WHOLE))
    found = mapping.json_shape({"uid", "metrics", "depth", "time_on_page"})
    assert found.shape == (
        "Tuple(`uid` String, `what` String, `when` String, `metrics` Tuple(`depth` String, `time_on_page` String))"
    )
    assert found.named == (
        "Tuple(user_id String, event_type String, timestamp String, "
        "nested Tuple(scroll_depth String, time_on_page String))"
    )
    assert found.unnamed == "Tuple(String, String, String, Tuple(String, String))"


@pytest.mark.parametrize(
    ("python", "engine"),
    [("%d/%m/%Y %H:%M:%S", "%e/%c/%Y %k:%i:%S"), ("%d %B %Y", "%e %M %Y"), ("%I:%M %p", "%l:%i %p")],
)
def test_time_patterns_are_written_as_in_python(python: str, engine: str) -> None:
    assert Mapping("own", {}, time_format=python).time_pattern() == engine


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[columns", "mapping own.toml is not TOML"),
        ("colums = {}", "own.toml: top level has the unknown key 'colums'; known are brand_timezones, columns"),
        ('[columns]\nuserid = "x"', r"\[columns\] has the unknown key 'userid'"),
        ('[columns]\nuser_id = "x"\ntimestamp = "t"', r"\[columns\] says no column for 'event_type'"),
        ('[columns]\ntimestamp = "t"\nevent_type = "e"', "names neither 'user_id' nor 'device_id'"),
        ("[columns]\nuser_id = 5", r"\[columns\] user_id is 5; it must be a text"),
        ("columns = 5", r"'columns' is 5; it must be a table: \[columns\]"),
        (WHOLE + '[time]\nformat = "epoch"', r"\[time\] format is 'epoch'; choose among auto, epoch_seconds"),
        (WHOLE + '[time]\nzone = "Paris"', "'Paris' is not a time zone; write one such as 'Europe/Paris'"),
        (WHOLE + '[constants]\narticle_id = "x"', r"\[constants\] has the unknown key 'article_id'"),
        (WHOLE + '[consent]\npurposes = "all"', r"\[consent\] purposes is 'all'; it must be a list of texts"),
        (WHOLE + '[consent]\npurposes = ["all"]', r"\[consent\] consent 'all' is not a purpose"),
        (WHOLE + '[brand_timezones]\nHerald = "Nowhere"', "'Nowhere' is not a time zone"),
    ],
)
def test_a_mapping_that_cannot_be_used_says_why(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_mapping(written(tmp_path, text))


def test_a_name_that_is_no_mapping_lists_those_that_ship() -> None:
    with pytest.raises(
        InputError,
        match=r"'desk' is neither one that ships \(adressa, deskdrop, ebnerd, ebnerd-history, mind, .*\) nor a file",
    ):
        load_mapping("desk")
