"""Files on disk: what they are, and what is said of those that cannot be read."""

import gzip
import io
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from readership.errors import InputError
from readership.events.lines import Numbering, read_lines
from readership.events.source import inspect

LINE = b'{"event_type": "scroll"}\n'


def parquet() -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"a": [1]}), buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "kind", "gzipped"),
    [
        ("a.jsonl", LINE, "lines", False),
        ("export", LINE, "lines", False),
        ("a.jsonl.gz", gzip.compress(LINE, mtime=0), "lines", True),
        ("packed", gzip.compress(LINE, mtime=0), "lines", True),
        ("a.csv", b"a,b\n1,2\n", "csv", False),
        ("a.csv.gz", gzip.compress(b"a,b\n1,2\n", mtime=0), "csv", True),
        ("a.parquet", parquet(), "parquet", False),
        ("a.bin", parquet(), "parquet", False),
        ("a.jsonl", b"\xef\xbb\xbf" + LINE, "lines", False),
        ("a.jsonl", b"no json\n" + LINE, "lines", False),
    ],
)
def test_kind_by_content_then_by_name(tmp_path: Path, name: str, data: bytes, kind: str, gzipped: bool) -> None:
    (tmp_path / name).write_bytes(data)
    source = inspect(tmp_path / name)
    assert (source.kind, source.gzipped) == (kind, gzipped)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.jsonl", b"", "a.jsonl is empty; nothing was loaded; check the export"),
        ("a.jsonl", b"\n \n", "a.jsonl is empty"),
        ("a.csv.gz", gzip.compress(b"", mtime=0), "a.csv.gz is empty"),
        (
            "a.jsonl.gz",
            gzip.compress(LINE * 99, mtime=0)[:-12],
            r"a.jsonl.gz is cut off or damaged .*`gzip -t a.jsonl.gz`",
        ),
        ("a.jsonl.gz", gzip.compress(LINE * 99, mtime=0)[:30] + b"xxxxxxxxxx", "is cut off or damaged"),
        ("a.json", b'[{"a": 1}]', r"is one JSON array, not one object a line; .*jq -c"),
        ("a.csv", "a,b\n1,2\n".encode("utf-16"), "is UTF-16 text; .*iconv -f UTF-16 -t UTF-8"),
        ("a.dat", b"hello\n", "its name does not say what it is; name it with one of .csv"),
        ("a.parquet", b"hello\n", r"is not a Parquet file \(it does not begin with PAR1\)"),
    ],
)
def test_what_cannot_be_read_is_named_with_the_next_step(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=message):
        inspect(tmp_path / name)


def test_a_path_that_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder; name its files"):
        inspect(tmp_path)
    with pytest.raises(InputError, match="does not exist; check the path"):
        inspect(tmp_path / "none.csv")


@pytest.mark.parametrize("size", [1, 5, 64, 10_000])
@pytest.mark.parametrize("tail", [b"", b"last line without an end"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_chunks_are_whole_lines_and_keep_their_numbers(tmp_path: Path, size: int, tail: bytes, name: str) -> None:
    data = b"{" + b"\n".join(b"%d" % number * (number % 7) for number in range(1, 200)) + b"\n" + tail
    whole = b"\xef\xbb\xbf" + data
    (tmp_path / name).write_bytes(gzip.compress(whole) if name.endswith("gz") else whole)
    numbering, before, parts = Numbering(), 0, []
    for chunk in read_lines(inspect(tmp_path / name), chunk_bytes=size):
        chunk.copy(tmp_path / "copy")
        parts.append((tmp_path / "copy").read_bytes())
        assert parts[-1] == chunk.read()
        assert numbering.first(chunk) == before + 1
        numbering.passed(chunk)
        before += parts[-1].count(b"\n")
    assert b"".join(parts) == data
    assert all(part.endswith(b"\n") for part in parts[:-1])


def test_copying_without_help_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.jsonl").write_bytes(LINE * 9)

    def refuses(*_: object) -> int:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "copy_file_range", refuses, raising=False)
    (chunk,) = read_lines(inspect(tmp_path / "a.jsonl"))
    chunk.copy(tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == LINE * 9
