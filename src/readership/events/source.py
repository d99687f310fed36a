"""A file as it lies on disk: what kind it is, plain or gzipped, whole or cut off."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal, NamedTuple

from readership.errors import InputError

Kind = Literal["lines", "csv", "parquet", "table"]
_KINDS: dict[str, Kind] = {
    ".jsonl": "lines",
    ".ndjson": "lines",
    ".json": "lines",
    ".log": "lines",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_BLOCK = 1 << 20


class Source(NamedTuple):
    """A file that is there, is not empty and can be read to its end."""

    path: Path
    kind: Kind
    gzipped: bool


def inspect(path: Path, *, delimited: bool = False) -> Source:
    """What kind of file this is, by its first bytes and else by its name.

    With `delimited` the mapping says how its text is separated, and its name does not matter.
    A gzipped file is read to its end once, so that nothing of one that is cut off is loaded.
    Raises InputError naming the file and the next step.
    """
    if not path.is_file():
        what = "is a folder; name its files" if path.is_dir() else "does not exist; check the path"
        raise InputError(f"{path} {what}; nothing was loaded")
    with path.open("rb") as file:
        gzipped = file.read(2) == b"\x1f\x8b"
    if gzipped:
        _check_whole(path)
    with _opened(path, gzipped) as file:
        head = file.read(4096)
    if not head.strip():
        raise InputError(f"{path} is empty; nothing was loaded; check the export that wrote it")
    return Source(path, _kind(path, head, delimited=delimited), gzipped)


@contextmanager
def open_bytes(source: Source) -> Iterator[IO[bytes]]:
    """The file's bytes, decompressed."""
    with _opened(source.path, source.gzipped) as file:
        yield file


def _opened(path: Path, gzipped: bool) -> IO[bytes]:
    return gzip.open(path, "rb") if gzipped else path.open("rb")  # type: ignore[return-value]


def _check_whole(path: Path) -> None:
    try:
        with gzip.open(path, "rb") as file:
            while file.read(_BLOCK):
                pass
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"{path} is cut off or damaged ({error}); nothing of it was loaded; "
            f"get the whole file (`gzip -t {path.name}` checks it) and run the same command again"
        ) from error


def _kind(path: Path, head: bytes, *, delimited: bool) -> Kind:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(
            f"{path} is UTF-16 text; nothing was loaded; convert it with `iconv -f UTF-16 -t UTF-8` and load the result"
        )
    if head.startswith(b"PAR1"):
        return "parquet"
    if delimited:
        return "csv"
    suffix = Path(path.name.removesuffix(".gz")).suffix.lower()
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"[") and _KINDS.get(suffix, "lines") == "lines":
        raise InputError(
            f"{path} is one JSON array, not one object a line; nothing was loaded; "
            "write it as lines (`jq -c '.[]'`) and load the result"
        )
    if start.startswith(b"{"):
        return "lines"
    if suffix not in _KINDS:
        raise InputError(
            f"{path} is neither Parquet nor JSON lines, and its name does not say what it is; "
            f"name it with one of {', '.join(sorted(_KINDS))} (and .gz); nothing was loaded"
        )
    if _KINDS[suffix] == "parquet":
        raise InputError(f"{path} is not a Parquet file (it does not begin with PAR1); nothing was loaded")
    return _KINDS[suffix]
