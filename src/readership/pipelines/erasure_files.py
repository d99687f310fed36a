"""The rows of readers who are erased, out of the files that steps wrote: datasets, scores, exports, campaigns.

A file is replaced as a whole, so whoever reads it sees the old one or the new one. Rows of other readers stay as they
are, in their order.
"""

import csv
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import polars as pl

from readership.datasets.store import MANIFEST, without
from readership.events.erased import Erased
from readership.events.receipts import now
from readership.events.taken import DAMAGED
from readership.pipelines.erasure_rows import Gone
from readership.registry import retraining
from readership.registry.bundles import read_manifest, versions
from readership.registry.live import tasks_on_disk
from readership.settings import BRANDS, Settings

NAMED = ("user_id", "reader_id", "reader", "external_id", "unit")
"""Columns that say whom a row is about, in every file but those of a campaign, which speaks the words of its tool."""
WHY = "readers whose rows it learnt from were erased"


def erase_files(settings: Settings, gone: Gone, erased: Erased, *, known: bool) -> dict[str, int]:
    """Take these readers out of all files; returns how many rows, by kind of file. Again takes nothing more.

    `known`: whether the warehouse had rows of them. Then versions of which no dataset lies on disk are marked for
    retraining, as those are whose dataset lost rows.
    """
    rows: Counter[str] = Counter()
    whole = settings.model_copy(update={"brand": None})
    for artifacts in with_brands(whole.artifacts_dir):
        rows["datasets"] += _datasets(artifacts, gone, known)
        for path in _tables(artifacts):
            rows[path.relative_to(artifacts).parts[0]] += _table(path, gone)
    for path in sorted(whole.root.glob("user_features_*.csv")):
        rows["exports"] += _csv(path, gone, anywhere=False)
    for path in sorted(settings.path(settings.segments).rglob(DAMAGED)):
        rows["damaged lines"] += _lines(path, erased)
    return {name: count for name, count in rows.items() if count}


def with_brands(folder: Path) -> list[Path]:
    """A folder, and the folders of brands inside it."""
    return [folder, *sorted(path for path in (folder / BRANDS).glob("*") if path.is_dir())]


def _datasets(artifacts: Path, gone: Gone, known: bool) -> int:
    """Rows taken out of datasets; versions that learnt from these are marked."""
    readers = np.array(sorted(gone.keys), dtype=np.uint64)
    rows, changed = 0, []
    for manifest in sorted(artifacts.glob(f"datasets/*/*/{MANIFEST}")):
        if taken := without(manifest.parent, readers, now()):
            rows += taken
            changed.append(manifest.read_text(encoding="utf-8"))
    _mark(artifacts / "models", artifacts / "datasets", changed, known)
    return rows


def _mark(models: Path, datasets: Path, changed: list[str], known: bool) -> None:
    """A version is marked where its dataset lost rows, or where there is none to tell and the readers were known."""
    kept = {path.parent.parent.name for path in datasets.glob(f"*/*/{MANIFEST}")}
    for task in tasks_on_disk(models):
        for version in versions(models, task):
            origin = read_manifest(models / task / version).dataset_hash
            if any(origin in text for text in changed if origin) or (known and task not in kept):
                retraining.mark(models, task, version, WHY)


def _tables(artifacts: Path) -> Iterator[Path]:
    """Files with rows about readers, but for datasets, and for brands, which have their turn."""
    for path in sorted(artifacts.rglob("*")):
        part = path.relative_to(artifacts).parts[0]
        if path.suffix in (".parquet", ".csv") and part not in ("datasets", "models", BRANDS):
            yield path


def _table(path: Path, gone: Gone) -> int:
    if path.suffix == ".csv":
        return _csv(path, gone, anywhere="campaigns" in path.parts)
    return _parquet(path, gone)


def _parquet(path: Path, gone: Gone) -> int:
    names = [name for name in pl.read_parquet_schema(path) if name in NAMED]
    if not names:
        return 0
    frame = pl.read_parquet(path)
    about = np.zeros(len(frame), dtype=bool)
    for name in names:
        about |= np.array(
            [gone.is_of(text) for text in frame[name].cast(pl.String).fill_null("").to_list()], dtype=bool
        )
    if about.any():
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        frame.filter(~about).write_parquet(draft)
        draft.replace(path)
    return int(about.sum())


def _csv(path: Path, gone: Gone, *, anywhere: bool) -> int:
    """`anywhere`: a row counts as of a reader where any cell is the id."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        header = next(rows, [])
        places = [n for n, name in enumerate(header) if anywhere or name in NAMED]
        found = list(rows) if places else []
    left = [row for row in found if not _about(row, places, gone)]
    if len(left) < len(found):
        _write_csv(path, header, left)
    return len(found) - len(left)


def _about(row: list[str], places: list[int], gone: Gone) -> bool:
    return any(place < len(row) and gone.is_of(row[place].removeprefix("'")) for place in places)


def _write_csv(path: Path, header: list[str], rows: Iterable[list[str]]) -> None:
    with path.open("rb") as file:
        ending = "\r\n" if file.readline().endswith(b"\r\n") else "\n"
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator=ending)
        writer.writerow(header)
        writer.writerows(rows)
    draft.replace(path)


def _lines(path: Path, erased: Erased) -> int:
    """Lines of the segment log that were damaged, kept for a person to look at."""
    if not path.is_file():
        return 0
    lines = path.read_bytes().splitlines(keepends=True)
    left = [line for line in lines if not erased.speaks_of(line.decode(errors="replace").partition("{")[2] or "")]
    if len(left) < len(lines):
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.write_bytes(b"".join(left))
        draft.replace(path)
    return len(lines) - len(left)
