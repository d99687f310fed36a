"""Erasing a reader: at once where answers are made, then out of the warehouse, the files and the stores.

What the API was asked for waits in a receipt. Whoever opens the warehouse next carries it out; so does it what a backup
that was restored brought back, as the marks of those who were erased lie outside the warehouse.
"""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyarrow as pa

from readership.events.erased import Erased
from readership.events.identity import reader_key
from readership.events.receipts import Receipt, Receipts
from readership.features.forgetting import forget
from readership.features.lmdb_file import LmdbFile
from readership.features.state import State, open_state
from readership.features.state_lmdb import TABLES, LmdbState, forget_here
from readership.models.recommendation.forgetting import MEMORY_FILE, without
from readership.pipelines.erasure_files import erase_files, with_brands
from readership.pipelines.erasure_rows import SQL, Gone, erase_rows, find_gone
from readership.settings import BRANDS, Online, Settings
from readership.warehouse import Warehouse, read_sql


def ask_to_erase(settings: Settings, reader_id: str) -> Receipt:
    """Have a reader erased: from now on nothing of them is answered or taken. The rest is `erase_waiting`'s.

    Raises StoreError where that cannot be kept on disk; nothing was erased then.
    """
    receipts = Receipts.of(settings)
    receipt = receipts.accept(reader_id)
    reader = reader_key(reader_id)
    Erased.of(settings).add(reader)
    _forget_lately(settings, reader)
    return receipts.online(receipt)


def erase_waiting(warehouse: Warehouse, settings: Settings) -> list[Receipt]:
    """Carry out what is asked for and not done yet, here; returns the receipts that are done now.

    Looks at two small lists where nothing waits. Whatever interrupts it, the next call completes it.
    """
    receipts, erased = Receipts.of(settings), Erased.of(settings)
    waiting = receipts.pending()
    for receipt in waiting:  # whoever accepted it may have died in between
        erased.add(reader_key(receipt.reader_id or ""))
    if not erased:
        return []
    names = frozenset(receipt.reader_id or "" for receipt in waiting)
    missing = erased.marks - {mark for (mark,) in warehouse.rows(read_sql(SQL, "applied"))}
    restored = bool(missing - {erased.mark(reader_key(name)) for name in names})
    if not names and not missing:
        return []
    gone = find_gone(warehouse, erased, names, restored=restored)
    told = erase_everywhere(warehouse, settings, gone, erased)
    _note(warehouse, missing)
    return [receipts.done(receipt, told) for receipt in waiting]


def erase_everywhere(warehouse: Warehouse, settings: Settings, gone: Gone, erased: Erased) -> dict[str, int]:
    """Rows that went, by where they were: tables, files, the online store."""
    rows = erase_rows(warehouse, gone, erased)
    files = erase_files(settings, gone, erased, known=bool(rows))
    online = sum(
        forget(place, gone.keys, MEMORY_FILE, lambda content: without(content, gone.keys))
        for _, place in places(settings)
    )
    for reader in gone.keys:
        _forget_lately(settings, reader)
    return rows | files | ({"online store": online} if online else {})


def places(settings: Settings) -> list[tuple[str, Online]]:
    """The online stores by name: that of the whole publisher, and that of each brand."""
    whole = settings.model_copy(update={"brand": None})
    if isinstance(whole.online, Path):
        return [(folder.name, folder) for folder in with_brands(whole.online)]
    brands = [folder.name for folder in with_brands(whole.artifacts_dir)[1:]]
    return [("online", whole.online), *((name, whole.online / BRANDS / name) for name in brands)]


def states(settings: Settings) -> Iterator[tuple[str, State]]:
    """What happened since the last batch, for each of `places`; each closed after its turn."""
    for name, place in places(settings):
        folder = place / "state" if isinstance(place, Path) else settings.state_dir
        if isinstance(place, Path) and not folder.is_dir():
            continue
        with closing(open_state(place, folder)) as state:
            yield name, state


def _forget_lately(settings: Settings, reader: int) -> None:
    """Keep nothing of what a reader did, was shown and was assigned since the last batch."""
    for _, state in states(settings):
        state.forget(reader)
        if isinstance(state, LmdbState):
            forget_here(state.file, reader)
    if not isinstance(settings.online, Path) and settings.state_dir.is_dir():
        with closing(LmdbFile(settings.state_dir, TABLES)) as file:
            forget_here(file, reader)


def _note(warehouse: Warehouse, marks: frozenset[str]) -> None:
    """These were carried out here."""
    if marks:
        at = pa.array([time.time_ns() // 1_000_000] * len(marks), pa.timestamp("ms", "UTC"))
        warehouse.insert("erased", pa.table({"mark": sorted(marks), "applied_at": at}))
