"""Contacts in a tool's words: built-in mappings, a file of one's own, and a CSV that no spreadsheet computes."""

import csv
import io
from pathlib import Path

import pytest

from readership.errors import InputError
from readership.pipelines.campaign_fields import BUILT_IN, FIELDS, Fields, as_csv, load_fields

CONTACT = {
    "reader_id": "42",
    "campaign": "spring",
    "task": "churn",
    "as_of": "2026-01-05T00:00:00.000+00:00",
    "probability": 0.25,
    "uplift": -0.02,
    "expected_gain_eur": None,
    "reasons": "seldom here; no newsletter",
}


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_mappings_load_and_name_the_reader(name: str) -> None:
    fields = load_fields(name)
    found = fields.of(CONTACT)
    id_column = {"generic": "reader_id", "braze": "external_id", "salesforce": "SubscriberKey"}[name]
    assert next(iter(found.items())) == (id_column, "42")
    assert fields.batch == (75 if name == "braze" else 500)
    assert next(csv.DictReader(io.StringIO(as_csv([CONTACT], fields))))[id_column] == "42"


def test_generic_has_every_field() -> None:
    assert load_fields("generic").of(CONTACT) == CONTACT
    assert list(load_fields("generic").columns) == list(FIELDS)


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_cell_that_would_be_computed_is_marked_as_text(text: str) -> None:
    rows = list(csv.reader(io.StringIO(as_csv([CONTACT | {"reader_id": text}], load_fields("generic")), newline="")))
    assert rows[1][0] == f"'{text}"


def test_a_header_that_would_be_computed_is_marked_and_numbers_stay_numbers() -> None:
    text = as_csv([CONTACT | {"reader_id": "-42"}], Fields("crm", {"reader_id": "=id", "uplift": "u"}, {"test": True}))
    assert text == "'=id,u,test\r\n-42,-0.02,true\r\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[columns]\nuplift = 'u'", r"\[columns\] has no reader_id"),
        (
            "[columns]\nreader_id = 'id'\nname = 'n'",
            r"\[columns\] has the unknown key 'name'; known are as_of, campaign",
        ),
        ("[columns]\nreader_id = 'id'\nuplift = 'id'", "two fields are both called 'id'"),
        ("[columns]\nreader_id = 7", r"\[columns\] reader_id is 7; it must be a text"),
        ("[columns]\nreader_id = 'id'\n[constants]\na = [1]", r"\[constants\] a is \[1\]; it must be a text, a number"),
        (
            "[columns]\nreader_id = 'id'\n[webhook]\nbatch = 501",
            "batch is 501; it must be a whole number from 1 to 500",
        ),
        ("[columns]\nreader_id = 'id'\n[webhook]\nbatch = true", "batch is True; it must be a whole number"),
        ("[columns]\nreader_id = 'id'\n[webhook]\nlist = ''", "list is ''; it must be a text"),
        ("[colums]\nreader_id = 'id'", "unknown key 'colums'; known are columns, constants, webhook"),
        ("columns", "not TOML"),
    ],
)
def test_a_mapping_that_cannot_be_used_is_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "crm.toml"
    file.write_text(text)
    with pytest.raises(InputError, match=rf"mapping .*crm\.toml: .*{message}"):
        load_fields(str(file))


def test_a_mapping_that_is_nowhere_names_those_there_are() -> None:
    with pytest.raises(InputError, match="'hubspot' is neither one of generic, braze, salesforce nor a TOML file"):
        load_fields("hubspot")
