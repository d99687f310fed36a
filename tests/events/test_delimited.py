"""Delimited text as a mapping describes it: other separators, no header, no quotes, other encodings."""

import gzip
from pathlib import Path

import pytest

from readership.errors import InputError
from readership.events import delimited
from readership.events.delimited import read_csv
from readership.events.source import inspect
from readership.events.text_form import PLAIN, TextForm, form_of

MOVIES = TextForm(separator="::", header=("id", "title", "genres"), quotes=False, encoding="latin-1")


def read(path: Path, data: bytes, form: TextForm) -> list[tuple[int, dict[str, str]]]:
    """Every row with its line, as text."""
    path.write_bytes(data)
    found = []
    for rows in read_csv(inspect(path, delimited=form.stated), form):
        texts = [{name: value.decode() for name, value in row.items()} for row in rows.columns.to_pylist()]
        found += list(zip((n + 1 for n in rows.n.to_pylist()), texts, strict=True))
        found += [(n + 1, {"refused": text, "why": reason}) for n, reason, text in rows.refused]
    return sorted(found, key=lambda row: row[0])


def test_a_separator_of_two_characters_in_latin_1_without_a_header(tmp_path: Path) -> None:
    data = '1::Amélie: le film (2001)::Comedy|Romance\n2::"Quoted" and, commas::Drama\n'.encode("latin-1")
    assert read(tmp_path / "movies.dat", data, MOVIES) == [
        (1, {"id": "1", "title": "Amélie: le film (2001)", "genres": "Comedy|Romance"}),
        (2, {"id": "2", "title": '"Quoted" and, commas', "genres": "Drama"}),
    ]


@pytest.mark.parametrize("block", range(40, 52))
def test_a_separator_cut_by_the_end_of_a_block_is_still_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(delimited, "_CSV_BLOCK", block)
    rows = [f"{number}::title:{number}:::g{number}\n" for number in range(10, 30)]
    found = read(tmp_path / "a.dat", "".join(rows).encode(), MOVIES)
    assert [row for _, row in found] == [
        {"id": str(number), "title": f"title:{number}", "genres": f":g{number}"} for number in range(10, 30)
    ]


def test_a_row_of_another_width_is_refused_with_its_line_and_its_own_separator(tmp_path: Path) -> None:
    found = read(tmp_path / "a.dat.gz", gzip.compress(b"1::a::b\n2::c\n3::d::e\n"), MOVIES)
    assert found == [
        (1, {"id": "1", "title": "a", "genres": "b"}),
        (2, {"refused": "2::c", "why": "row has 2 values, the mapping names 3"}),
        (3, {"id": "3", "title": "d", "genres": "e"}),
    ]


def test_with_a_header_and_without_quotes_a_quote_is_a_character(tmp_path: Path) -> None:
    form = TextForm(separator="\t", quotes=False)
    assert read(tmp_path / "a.inter", b'user_id:token\ttitle:token_seq\n1\t"half\n', form) == [
        (2, {"user_id:token": "1", "title:token_seq": '"half'})
    ]


def test_without_a_form_the_separator_is_that_of_the_header(tmp_path: Path) -> None:
    assert read(tmp_path / "a.csv", b'a;b\n1;"x;y"\n', PLAIN) == [(2, {"a": "1", "b": "x;y"})]


def test_a_file_that_never_has_as_many_values_as_the_mapping_names_is_another_file(tmp_path: Path) -> None:
    told = r"a.tsv: its first line has 2 values between '::', and the mapping names 3 columns \(id, title, genres\)"
    with pytest.raises(InputError, match=told):
        read(tmp_path / "a.tsv", b"1::2\n3::4\n", MOVIES)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"separator": ""}, r"\[file\] separator is ''; it must be a text"),
        ({"separator": 5}, r"\[file\] separator is 5; it must be a text"),
        ({"separator": '"'}, r"separator is '\"'; write ASCII characters other than quotes and line ends"),
        ({"separator": "→"}, "separator is '→'; write ASCII characters"),
        ({"header": ["a"]}, r"\[file\] has a header and no separator; write one"),
        ({"header": ["a", "a"], "separator": ","}, "header names 'a' twice; name each column once"),
        ({"header": "a,b", "separator": ","}, r"\[file\] header is 'a,b'; it must be a list of texts"),
        ({"quotes": "no"}, r"\[file\] quotes is 'no'; write true or false"),
        ({"encoding": "klingon"}, "encoding is 'klingon'; write one that keeps ASCII, such as 'latin-1'"),
        ({"encoding": "utf-16"}, "encoding is 'utf-16'; write one that keeps ASCII"),
        (
            {"delimiter": ","},
            r"\[file\] has the unknown key 'delimiter'; known are encoding, header, quotes, separator",
        ),
    ],
)
def test_a_form_that_cannot_be_used_says_why(values: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=f"mapping own: {message}" if message.startswith("\\[") else message):
        form_of("own", {"file": values})
