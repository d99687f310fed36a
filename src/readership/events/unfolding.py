"""What a mapping says of a row that holds several events: articles shown in one list, or reads kept side by side."""

from collections.abc import Collection
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field
from typing import Any

from readership.errors import InputError
from readership.events.fields import CONSTANT_FIELDS, FIELDS
from readership.events.mapping_file import expect_keys, list_of, table_of, text_of, texts_of

SLATES = ("ordered", "shuffled")
_KEYS = {"event_type", "lists", "columns", "constants", "label", "where", "unless", "slate"}
_CONSTANTS = {*CONSTANT_FIELDS, "placement"} - {"event_type", "event_type_without_article"}


@dataclass(frozen=True)
class ListText:
    """How a text holds a list.

    separator        what stands between its entries; "" where lists are no texts
    label_separator  what stands before an entry's label, the last time it occurs; "" where entries have none
    labels           every label there is
    """

    separator: str = ""
    label_separator: str = ""
    labels: tuple[str, ...] = ()


NO_LISTS = ListText()


@dataclass(frozen=True)
class Unfold:
    """One kind of events that a row becomes: the row itself or, with lists, one event for each entry.

    event_type  of these events
    lists       field -> column that holds a list; lists of one row have equal lengths
    columns     field -> column, besides those that all events of the row share
    constants   value of a field
    label       only entries with this label; "" for all
    where       only rows whose column holds this text ("": nothing)
    unless      only rows whose column does not
    slate       ordered: the list was shown together, in this order; shuffled: in an order that nobody kept; "": neither
    """

    event_type: str
    lists: Dictionary[str, str] = field(default_factory=dict)
    columns: Dictionary[str, str] = field(default_factory=dict)
    constants: Dictionary[str, str] = field(default_factory=dict)
    label: str = ""
    where: Dictionary[str, str] = field(default_factory=dict)
    unless: Dictionary[str, str] = field(default_factory=dict)
    slate: str = ""

    def names(self) -> dict[str, str]:
        """Every column of the source it reads, with what for."""
        asked = dict.fromkeys((*self.where, *self.unless), "a condition")
        return asked | {column: repr(name) for name, column in (*self.lists.items(), *self.columns.items())}


def list_text_of(name: str, values: Dictionary[str, Any]) -> ListText:
    """The table [list] of a mapping's TOML; raises InputError naming what contradicts."""
    found = table_of(name, values, "list")
    expect_keys(name, "[list]", found, {"separator", "label_separator", "labels"})
    form = ListText(
        text_of(name, "[list]", found, "separator"),
        text_of(name, "[list]", found, "label_separator"),
        list_of(name, "[list]", found, "labels"),
    )
    if bool(form.label_separator) != bool(form.labels):
        raise InputError(
            f"mapping {name}: [list] says only one of label_separator ({form.label_separator!r}) and labels "
            f"({list(form.labels)}); an entry with a label needs both"
        )
    if form.labels and not form.separator:
        raise InputError(f"mapping {name}: [list] has labels and no separator; say what stands between entries")
    return form


def unfolds_of(name: str, values: Dictionary[str, Any], text: ListText) -> tuple[Unfold, ...]:
    """The tables [[unfold]] of a mapping's TOML; raises InputError naming what cannot be used."""
    shared = {f"[{key}]": table_of(name, values, key) for key in ("columns", "constants")}
    found = values.get("unfold", [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise InputError(f"mapping {name}: 'unfold' is {found!r}; write one table for each kind of event: [[unfold]]")
    unfolds = tuple(_unfold(name, one) for one in found)
    for unfold in unfolds:
        _check(name, unfold, text, shared)
    if text != NO_LISTS and not any(unfold.lists for unfold in unfolds):
        raise InputError(
            f"mapping {name}: [list] says how lists are written, but no [[unfold]] reads any; leave it out"
        )
    return unfolds


def _unfold(name: str, values: Dictionary[str, Any]) -> Unfold:
    expect_keys(name, "[[unfold]]", values, _KEYS)
    if "event_type" not in values:
        raise InputError(f"mapping {name}: [[unfold]] says no event_type; write one, e.g. 'article_view'")
    unfold = Unfold(
        event_type=text_of(name, "[[unfold]]", values, "event_type"),
        lists=texts_of(name, values, "lists"),
        columns=texts_of(name, values, "columns"),
        constants=texts_of(name, values, "constants"),
        label=text_of(name, "[[unfold]]", values, "label"),
        where=texts_of(name, values, "where", may_be_empty=True),
        unless=texts_of(name, values, "unless", may_be_empty=True),
        slate=text_of(name, "[[unfold]]", values, "slate"),
    )
    expect_keys(name, "[[unfold]] lists", unfold.lists, set(FIELDS) - {"event_type", "metadata"})
    expect_keys(name, "[[unfold]] columns", unfold.columns, set(FIELDS) - {"event_type"})
    expect_keys(name, "[[unfold]] constants", unfold.constants, _CONSTANTS)
    return unfold


def _check(name: str, unfold: Unfold, text: ListText, shared: Dictionary[str, Collection[str]]) -> None:
    of = f"mapping {name}: [[unfold]] of {unfold.event_type!r}"
    if twice := _twice(unfold, shared):
        raise InputError(f"{of} says {twice[0]!r} in {' and in '.join(twice[1])}; say it once")
    if unfold.label and unfold.label not in text.labels:
        raise InputError(
            f"{of} asks for label {unfold.label!r}, which is none of those under [list]: {list(text.labels)}"
        )
    if unfold.label and not unfold.lists:
        raise InputError(f"{of} asks for label {unfold.label!r} and reads no lists; say which under lists")
    if unfold.slate and unfold.slate not in SLATES:
        raise InputError(f"{of} has slate {unfold.slate!r}; choose among {', '.join(SLATES)}, or leave it out")
    if unfold.slate and "article_id" not in unfold.lists:
        raise InputError(f"{of} has a slate and no list of article_id; say which column holds what was shown")
    if unfold.label and len(unfold.lists) > 1:
        raise InputError(f"{of} asks for a label and reads {len(unfold.lists)} lists; entries of one list have labels")
    both = sorted(set(unfold.where.items()) & set(unfold.unless.items()))
    if both:
        raise InputError(f"{of} takes rows where {both[0][0]!r} is {both[0][1]!r} and unless it is; no row is both")


def _twice(unfold: Unfold, shared: Dictionary[str, Collection[str]]) -> tuple[str, list[str]] | None:
    """A field that is said in more than one place, with these places."""
    given: dict[str, Collection[str]] = {
        **shared, "lists": unfold.lists, "columns": unfold.columns, "constants": unfold.constants,
    }  # fmt: skip
    if unfold.slate:
        made = {"position"} if unfold.slate == "ordered" else set()
        given["slate"] = made | ({"slate_id"} & set(unfold.lists))
    fields = [field for of in given.values() for field in of]
    for name in fields:
        if fields.count(name) > 1:
            return name, [where for where, of in given.items() if name in of]
    return None
