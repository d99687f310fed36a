"""A reader is erased: from every table, file and store, for good, and nobody else with them."""

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from erasable_world import ANNA, BEN, KEYS, events_of, files_that_hold, fill, fill_warehouse, kept_of, version
from written_events import write

from readership.datasets.store import load
from readership.events.erased import Erased
from readership.events.mapping import load_mapping
from readership.events.receipts import Receipts
from readership.events.record_mapping import NATIVE, RecordMapping
from readership.events.segments import Record, SegmentLog
from readership.features.memory import memory_version, read_memory
from readership.features.online import OnlineFeatures
from readership.features.state_lmdb import LmdbState
from readership.models.recommendation.recommender import Recommender
from readership.pipelines.erasure import ask_to_erase, erase_waiting
from readership.pipelines.ingest import IngestSummary, ingest
from readership.pipelines.records import ingest_records
from readership.pipelines.segments import ingest_segments
from readership.registry.versions import list_models
from readership.settings import Settings
from readership.warehouse import Warehouse

NOTHING = dict.fromkeys(
    ("events", "session_versions", "readers", "subscriptions", "predictions", "exposures", "quarantine"), 0
)


@pytest.fixture
def filled(warehouse: Warehouse, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    fill(warehouse, settings, tmp_path_factory.mktemp("arrived"))
    return warehouse


def erase(warehouse: Warehouse, settings: Settings, reader: str = ANNA) -> dict[str, int]:
    receipt = ask_to_erase(settings, reader)
    (done,) = erase_waiting(warehouse, settings)
    assert done.id == receipt.id
    return dict(done.erased)


def test_all_rows_of_the_reader_go_and_those_of_others_stay(filled: Warehouse, settings: Settings) -> None:
    before, others = kept_of(filled, ANNA), kept_of(filled, BEN)
    assert before == others
    assert before == {
        "events": 3,
        "session_versions": 1,
        "readers": 1,
        "subscriptions": 1,
        "predictions": 1,
        "exposures": 2,
        "quarantine": 2,
    }
    told = erase(filled, settings)
    assert kept_of(filled, ANNA) == NOTHING
    assert kept_of(filled, BEN) == others
    assert {name: told[name] for name in NOTHING} == before
    assert (told["datasets"], told["scores"], told["campaigns"], told["exports"], told["online store"]) == (
        2,
        1,
        1,
        1,
        4,
    )


def test_rows_behind_a_server_go_as_well(
    server_warehouse: Warehouse, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    fill_warehouse(server_warehouse, settings, tmp_path_factory.mktemp("arrived"))
    others = kept_of(server_warehouse, BEN)
    erase(server_warehouse, settings)
    assert kept_of(server_warehouse, ANNA) == NOTHING
    assert kept_of(server_warehouse, BEN) == others


def test_no_file_holds_the_id_or_the_number_afterwards(filled: Warehouse, settings: Settings) -> None:
    before = files_that_hold(settings.root, ANNA)
    assert len(before) >= 9
    erase(filled, settings)
    assert set(files_that_hold(settings.root, BEN)) == {name for name in before if "data.mdb" not in name} | {
        name for name in files_that_hold(settings.root, BEN) if "data.mdb" in name
    }
    held = [name for name in files_that_hold(settings.root, ANNA) if not name.startswith("var/online/state/")]
    assert held == []


def test_no_part_of_the_warehouse_holds_the_id(filled: Warehouse, settings: Settings) -> None:
    path = "SELECT data_paths[1] FROM system.tables WHERE database = currentDatabase() AND name = 'readers'"
    assert files_that_hold(Path(filled.scalar(path)), ANNA)
    erase(filled, settings)
    parts = "SELECT DISTINCT table FROM system.parts WHERE database = currentDatabase() AND NOT active"
    assert not {table for (table,) in filled.rows(parts)} & {*NOTHING}
    for (folder,) in filled.rows(
        "SELECT data_paths[1] FROM system.tables WHERE database = currentDatabase() AND notEmpty(data_paths)"
    ):
        assert files_that_hold(Path(folder), ANNA) == []
    assert files_that_hold(Path(filled.scalar(path)), BEN)


def test_the_dataset_says_what_it_was_and_what_it_is(filled: Warehouse, settings: Settings) -> None:
    folder = settings.artifacts_dir / "datasets" / "churn" / "d1"
    _, was = load(folder)
    erase(filled, settings)
    rows, manifest = load(folder)  # which compares the rows with the new hash
    assert rows.reader.tolist() == [KEYS[1]] * 2
    assert rows.label.tolist() == [0, 1]
    assert (manifest.rows, manifest.readers, manifest.positives) == (2, 1, 1)
    assert list(manifest.row_counts.values()) == [1, 1]
    (note,) = manifest.erasures
    assert (note["hash_before"], note["hash_after"], note["rows"]) == (was.content_hash, manifest.content_hash, 2)
    assert was.content_hash != manifest.content_hash


def test_versions_that_learnt_from_the_rows_are_named(filled: Warehouse, settings: Settings) -> None:
    _, dataset = load(settings.artifacts_dir / "datasets" / "churn" / "d1")
    version(settings, "churn", "v1", dataset.content_hash)
    version(settings, "churn", "v2", "another dataset")
    version(settings, "recommendation", "v1", "no dataset lies on disk")
    erase(filled, settings)
    told = {(row["task"], row["version"]): row["retrain"] for row in list_models(settings)}
    why = "readers whose rows it learnt from were erased"
    assert told == {("churn", "v1"): why, ("churn", "v2"): None, ("recommendation", "v1"): why}
    _, changed = load(settings.artifacts_dir / "datasets" / "churn" / "d1")
    version(settings, "churn", "v3", changed.content_hash)  # trained on what was left
    erase(filled, settings, BEN)
    assert {row["version"]: bool(row["retrain"]) for row in list_models(settings) if row["task"] == "churn"} == {
        "v1": True,
        "v2": False,
        "v3": True,
    }


def test_the_stores_answer_of_others_alone(filled: Warehouse, settings: Settings) -> None:
    erase(filled, settings)
    store = OnlineFeatures.open(settings.online_dir)
    assert store.get(int(KEYS[0])) is None
    assert store.get(int(KEYS[1])) is not None
    _, files = read_memory(settings.online_dir, memory_version(settings.online_dir) or "")
    memory = Recommender.read(files).memory
    assert [len(memory.of(int(key)).place) for key in KEYS] == [0, 1]
    state = LmdbState(settings.state_dir)
    assert [len(state.reader(int(key)).reads) for key in KEYS] == [0, 1]
    state.close()


def test_exports_keep_the_form_they_had(filled: Warehouse, settings: Settings) -> None:
    erase(filled, settings)
    contacts = settings.artifacts_dir / "campaigns" / "spring" / "contacts.csv"
    assert contacts.read_bytes() == f"Email Id,score\r\n{BEN},0.2\r\n".encode()
    assert (settings.root / "user_features_ml_ready.csv").read_text() == f'user_id,words\n{BEN},"c, d"\n'
    assert pl.read_parquet(settings.artifacts_dir / "scores" / "churn.parquet")["reader_id"].to_list() == [BEN]


def test_the_receipt_says_how_far_it_is_and_forgets_whom_it_is_about(filled: Warehouse, settings: Settings) -> None:
    receipts = Receipts.of(settings)
    receipt = ask_to_erase(settings, ANNA)
    assert (receipts.read(receipt.id).state, receipts.read(receipt.id).reader_id) == ("online_erased", ANNA)
    erase_waiting(filled, settings)
    done = receipts.read(receipt.id)
    assert (done.state, done.reader_id) == ("erased", None)
    assert erase_waiting(filled, settings) == []
    assert ANNA not in json.dumps(done.as_dict())


def test_asking_again_is_another_receipt_and_erases_nothing_more(filled: Warehouse, settings: Settings) -> None:
    erase(filled, settings)
    assert erase(filled, settings) == {}


def test_an_erasure_whose_worker_died_after_the_receipt_is_completed(filled: Warehouse, settings: Settings) -> None:
    Receipts.of(settings).accept(ANNA)
    (done,) = erase_waiting(filled, settings)
    assert done.state == "erased"
    assert kept_of(filled, ANNA) == NOTHING
    assert int(KEYS[0]) in Erased.of(settings)


def test_a_restored_backup_gets_the_erasure_again(
    filled: Warehouse, settings: Settings, warehouse_root: Warehouse, tmp_path: Path
) -> None:
    erase(filled, settings)
    others = kept_of(filled, BEN)
    with warehouse_root.scratch() as restored:  # as it was before, without a word of the erasure
        marks = settings.model_copy(update={"erasures": tmp_path / "not_yet"})
        fill_warehouse_before(restored, marks, tmp_path)
        assert kept_of(restored, ANNA)["events"] == 3
        assert erase_waiting(restored, settings) == []  # no receipt waits; the marks alone say who it was
        assert kept_of(restored, ANNA) == NOTHING
        assert kept_of(restored, BEN) == others


def fill_warehouse_before(warehouse: Warehouse, settings: Settings, folder: Path) -> None:
    import os

    os.environ["READERSHIP_ERASURES"] = str(settings.erasures)
    try:
        fill_warehouse(warehouse, settings, folder)
    finally:
        del os.environ["READERSHIP_ERASURES"]


def files(warehouse: Warehouse, settings: Settings, folder: Path, lines: list[str]) -> IngestSummary:
    return ingest(warehouse, [write(folder / "late.jsonl", lines)], load_mapping("native"), settings=settings)


BAD = [
    json.dumps({"user_id": ANNA, "event_type": "article_view", "timestamp": "soon"}),
    json.dumps({"device_id": "d", "note": f"half a row of {ANNA}"})[:-1],
    f'{{"user_id": "{ANNA}"',
]


def test_a_file_brings_nothing_back(filled: Warehouse, settings: Settings, tmp_path: Path) -> None:
    erase(filled, settings)
    late = [json.dumps(row) for row in events_of(ANNA, BEN, number=5)]
    done = files(filled, settings, tmp_path, [*late, *BAD])
    assert (done.events_loaded, done.events_erased, done.events_quarantined) == (3, 6, 0)
    assert kept_of(filled, ANNA) == NOTHING
    assert kept_of(filled, BEN)["events"] == 6


def test_a_file_about_nobody_else_is_no_empty_file(filled: Warehouse, settings: Settings, tmp_path: Path) -> None:
    erase(filled, settings)
    done = files(filled, settings, tmp_path, [json.dumps(row) for row in events_of(ANNA, number=5)])
    assert (done.events_loaded, done.events_erased) == (0, 3)


def test_columns_bring_nothing_back(filled: Warehouse, settings: Settings, tmp_path: Path) -> None:
    erase(filled, settings)
    rows = [
        {"user_id": r, "event_type": "article_view", "timestamp": t}
        for r in (ANNA, BEN)
        for t in ("1790000000", "soon")
    ]
    pl.DataFrame(rows).write_csv(tmp_path / "late.csv")
    done = ingest(filled, [tmp_path / "late.csv"], load_mapping("native"), settings=settings)
    assert (done.events_loaded, done.events_erased, done.events_quarantined) == (1, 2, 1)
    assert kept_of(filled, ANNA) == NOTHING


def test_the_segment_log_brings_nothing_back(filled: Warehouse, settings: Settings) -> None:
    log = SegmentLog(settings.path(settings.segments))
    decision = {"decision_id": "d", "user_id": int(KEYS[0]), "task": "t", "model_version": "v", "score": 1.0}
    decision |= {"features_as_of": "2026-10-01T00:00:00Z", "at": "2026-10-01T00:00:00Z", "inputs_hash": ""}
    log.append([Record("event", json.dumps(row).encode()) for row in events_of(ANNA, BEN, number=7)])
    log.append([Record("event", BAD[0].encode()), Record("decision", json.dumps(decision).encode())])
    log.close()
    erase(filled, settings)  # while they lie there
    done = ingest_segments(filled, settings)
    assert (done["events_loaded"], done["events_erased"], done["events_quarantined"], done["decisions"]) == (3, 4, 0, 0)
    assert kept_of(filled, ANNA) == NOTHING
    assert not files_that_hold(settings.path(settings.segments), ANNA)


def test_billing_brings_nothing_back(filled: Warehouse, settings: Settings, tmp_path: Path) -> None:
    erase(filled, settings)
    rows = [
        {"user_id": r, "plan": "q", "period_start": "2026-03-01", "period_end": e}
        for r in (ANNA, BEN)
        for e in ("2026-04-01", "x")
    ]
    file = write(tmp_path / "paid.jsonl", rows)
    done = ingest_records(filled, "subscriptions", [file], RecordMapping(NATIVE))
    assert (done.rows_loaded, done.rows_erased, done.rows_quarantined) == (1, 2, 1)
    assert kept_of(filled, ANNA) == NOTHING


def test_marks_do_not_name_anybody_and_need_their_key(settings: Settings) -> None:
    erased = Erased.of(settings)
    mark = erased.add(int(KEYS[0]))
    assert int(KEYS[0]) in Erased.of(settings)
    assert int(KEYS[1]) not in Erased.of(settings)
    assert files_that_hold(settings.erasures_dir, ANNA) == []
    another = settings.model_copy(update={"erasures": settings.root / "another"})
    assert Erased.of(another).add(int(KEYS[0])) != mark


def test_what_one_process_erases_another_knows_at_once(settings: Settings) -> None:
    one, other = Erased.of(settings), Erased.of(settings)
    assert not other
    for key in KEYS.tolist():
        one.add(key)
        assert key in other
    assert sorted(other.among([1, *KEYS.tolist(), 2])) == sorted(KEYS.tolist())
    assert len(other.marks) == 2


@pytest.mark.parametrize("lose", [lambda path: path.unlink(), lambda path: path.write_text("ab" * 32)])
def test_a_lost_key_is_said_and_nothing_is_kept_until_it_is_back(
    settings: Settings, lose: Callable[[Path], object]
) -> None:
    from readership.errors import StoreError

    Erased.of(settings).add(int(KEYS[0]))
    lose(settings.erasures_dir / "erasure.key")
    with pytest.raises(StoreError, match="nobody c"):
        bool(Erased.of(settings))
