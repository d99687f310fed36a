"""How a file of delimited text is written, where that differs from what its first line shows."""

import codecs
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from typing import Any

from readership.errors import InputError
from readership.events.mapping_file import expect_keys, flag_of, list_of, table_of, text_of

_KEYS = {"separator", "header", "quotes", "encoding"}


@dataclass(frozen=True)
class TextForm:
    """How delimited text is written.

    separator  what stands between values; "" means the most frequent of comma, semicolon and tab in the first line
    header     names of the columns of a file whose first line is a row already
    quotes     whether a value may stand in quotes
    encoding   of its characters
    """

    separator: str = ""
    header: tuple[str, ...] = ()
    quotes: bool = True
    encoding: str = "utf-8"

    @property
    def stated(self) -> bool:
        """Whether a mapping says anything of it: its files are delimited text, whatever they are called."""
        return self != PLAIN


PLAIN = TextForm()
"""As CSV with a header usually is."""


def form_of(name: str, values: Dictionary[str, Any]) -> TextForm:
    """The table [file] of a mapping's TOML.

    Raises InputError naming the mapping, the key and the value that cannot be used.
    """
    found = table_of(name, values, "file")
    expect_keys(name, "[file]", found, _KEYS)
    form = TextForm(
        separator=text_of(name, "[file]", found, "separator"),
        header=list_of(name, "[file]", found, "header"),
        quotes=flag_of(name, "[file]", found, "quotes", otherwise=True),
        encoding=text_of(name, "[file]", found, "encoding") or "utf-8",
    )
    _check(name, form)
    return form


def _check(name: str, form: TextForm) -> None:
    repeated = sorted({column for column in form.header if form.header.count(column) > 1})
    if repeated:
        raise InputError(f"mapping {name}: [file] header names {repeated[0]!r} twice; name each column once")
    if form.header and not form.separator:
        raise InputError(f"mapping {name}: [file] has a header and no separator; write one, e.g. separator = ','")
    if "\n" in form.separator or "\r" in form.separator or '"' in form.separator or not form.separator.isascii():
        raise InputError(
            f"mapping {name}: [file] separator is {form.separator!r}; write ASCII characters other than quotes and "
            "line ends, such as ';' or '::'"
        )
    try:
        plain = "a,\n".encode(form.encoding) == b"a,\n" and not codecs.lookup(form.encoding).name.startswith("utf-7")
    except LookupError:
        plain = False
    if not plain:
        raise InputError(
            f"mapping {name}: [file] encoding is {form.encoding!r}; write one that keeps ASCII, such as 'latin-1', or "
            "convert the file with `iconv -t UTF-8`"
        )
