"""How a tool for messages calls our fields: a small TOML file, and contacts in its words, as CSV or as JSON."""

import csv
import io
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from readership.errors import InputError
from readership.events.mapping_file import expect_keys, table_of, texts_of

FIELDS = ("reader_id", "campaign", "task", "as_of", "probability", "uplift", "expected_gain_eur", "reasons")
BUILT_IN = ("generic", "braze", "salesforce")
MOST_IN_BATCH = 500
_KEYS = {"columns", "constants", "webhook"}
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Contact = Mapping[str, Any]
"""The value of each of FIELDS."""


@dataclass(frozen=True)
class Fields:
    """What a tool calls our fields.

    columns    our field -> the tool's name, in the order of the file's columns
    constants  the tool's name -> a value that every contact has
    list       key under which the JSON body of a webhook holds its contacts
    batch      contacts in one body
    """

    name: str
    columns: Mapping[str, str]
    constants: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    list: str = "contacts"
    batch: int = MOST_IN_BATCH

    def of(self, contact: Contact) -> dict[str, Any]:
        """A contact in the tool's words.

        >>> Fields("crm", {"reader_id": "Id"}, {"source": "r"}).of({"reader_id": "42", "task": "churn"})
        {'Id': '42', 'source': 'r'}
        """
        return {theirs: contact[ours] for ours, theirs in self.columns.items()} | dict(self.constants)


def load_fields(source: str) -> Fields:
    """One of the built-in mappings, or that of a TOML file.

    Raises InputError naming the file, the key and the value that cannot be used.
    """
    if source in BUILT_IN:
        text = (files("readership.pipelines") / "fields" / f"{source}.toml").read_text(encoding="utf-8")
    else:
        path = Path(source)
        if not path.is_file():
            raise InputError(f"--fields {source!r} is neither one of {', '.join(BUILT_IN)} nor a TOML file")
        text = path.read_text(encoding="utf-8", errors="replace")
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"mapping {source}: not TOML: {error}") from error
    return _fields(source, found)


def _fields(name: str, found: Mapping[str, Any]) -> Fields:
    expect_keys(name, "it", found, _KEYS)
    columns = texts_of(name, found, "columns")
    expect_keys(name, "[columns]", columns, set(FIELDS))
    if "reader_id" not in columns:
        raise InputError(
            f'mapping {name}: [columns] has no reader_id; write e.g. reader_id = "external_id", '
            "or nobody can tell who is meant"
        )
    constants = table_of(name, found, "constants")
    for entry, value in constants.items():
        if not isinstance(value, str | int | float | bool):
            raise InputError(
                f"mapping {name}: [constants] {entry} is {value!r}; it must be a text, a number or a truth"
            )
    theirs = [*columns.values(), *constants]
    if twice := sorted({column for column in theirs if theirs.count(column) > 1}):
        raise InputError(f"mapping {name}: two fields are both called {twice[0]!r}; each needs a name of its own")
    webhook = table_of(name, found, "webhook")
    expect_keys(name, "[webhook]", webhook, {"list", "batch"})
    key, batch = webhook.get("list", "contacts"), webhook.get("batch", MOST_IN_BATCH)
    if not isinstance(key, str) or not key:
        raise InputError(f"mapping {name}: [webhook] list is {key!r}; it must be a text")
    if type(batch) is not int or not 1 <= batch <= MOST_IN_BATCH:
        raise InputError(f"mapping {name}: [webhook] batch is {batch!r}; it must be a whole number from 1 to 500")
    return Fields(name, columns, constants, key, batch)


def as_csv(contacts: Sequence[Contact], fields: Fields) -> str:
    """Contacts as CSV with a header; a cell that a spreadsheet would compute is marked as text by a leading '.

    Plain numbers stay as they are, so that a numeric id that is negative is still that id.

    >>> as_csv([{"reader_id": "=1+1"}, {"reader_id": "-42"}], Fields("crm", {"reader_id": "Id"}))
    "Id\\r\\n'=1+1\\r\\n-42\\r\\n"
    """
    rows = [fields.of(contact) for contact in contacts]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([_cell(name) for name in [*fields.columns.values(), *fields.constants]])
    writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return text.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text
