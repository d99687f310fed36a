"""`readership audit skew`: what serving reads of a reader, beside what the feature SQL gives at the same time.

Three things are compared. The stored rows, and the rows that each live model gets of them by the code that serves. The
hashes of the rows that models were asked with, as far as the log of predictions has answers about these features. And
of what is known in real time (`REAL_TIME`), the reads in the state that the warehouse has by now.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from readership.errors import BundleError, StoreError
from readership.evaluation.leakage import Check, Result
from readership.evaluation.skew import SkewReport, check_of, compare_rows
from readership.features.catalogue import READER
from readership.features.encoding import encode, inputs_hash
from readership.features.online import OnlineFeatures, Row
from readership.features.state import START, Opened, State, open_state
from readership.pipelines.features import online_frame
from readership.registry.bundles import Bundle
from readership.registry.live import read_live
from readership.serving.live_tasks import TASKS
from readership.serving.scorer import Scorer
from readership.settings import Settings
from readership.warehouse import Warehouse, read_sql

SQL = "readership.pipelines.sql.skew"
MOST_READERS, MOST_ANSWERS, MOST_READS = 2_000, 20_000, 20_000
REAL_TIME = ("reads",)
"""What answers are made from besides the stored features: the reader's reads since the last batch."""


def audit_skew(warehouse: Warehouse, settings: Settings) -> SkewReport:
    """Compare; nothing is changed. Raises StoreError where there are no online features."""
    online = OnlineFeatures.open(settings.online)
    meta = online.meta
    offline = online_frame(warehouse, settings, meta.as_of, meta.snapshot_at or meta.created_at)
    chosen = _chosen(offline)
    rows = [online.get(reader) for reader in chosen[READER].to_list()]
    found = np.array([row is not None for row in rows], dtype=bool)
    both, served = chosen.filter(pl.Series(found)), [row for row in rows if row is not None]
    checks = [_readers(online, offline, int((~found).sum()), len(rows)), _features(online, both, served)]
    for task in TASKS:
        with suppress(BundleError):
            checks += _model_input(settings, online, task, both, served)
    checks += [_logged(warehouse, settings, meta.as_of, offline), _real_time(warehouse, settings)]
    return SkewReport(meta.as_of.isoformat(), tuple(checks))


def _chosen(offline: pl.DataFrame) -> pl.DataFrame:
    """At most so many readers, the same ones each time."""
    return offline.sort(pl.col(READER).hash(seed=1), READER).head(MOST_READERS).sort(READER)


def _readers(online: OnlineFeatures, offline: pl.DataFrame, lacking: int, asked: int) -> Check:
    """The same readers on both sides."""
    stored, found = online.meta.rows, {"stored": online.meta.rows, "offline": offline.height}
    if lacking or stored != offline.height:
        said = (
            f"{stored:,} readers are stored and SQL gives {offline.height:,}; {lacking:,} of {asked:,} looked up are "
            "not stored"
        )
        return Check("readers", "fail", asked, said, found)
    said = f"the same {stored:,} readers are stored and given by SQL"
    return Check("readers", "pass" if asked else "skipped", asked, said, found)


def _features(online: OnlineFeatures, offline: pl.DataFrame, served: Sequence[Row]) -> Check:
    """Every stored number and word; words as their place among those of both sides."""
    numbers, words = online.meta.numbers, online.meta.words
    names = [name for name in (*numbers, *words) if name in offline.columns]
    if gone := sorted({*numbers, *words} - {*names}):
        said = (
            f"the store holds {', '.join(gone[:5])}, which the feature SQL no longer gives; `readership features build`"
        )
        return Check("features", "fail", len(served), said, {"gone": gone})
    vocabulary = {
        name: tuple(sorted({word for row in served if (word := row.words[place])} | {*offline[name].drop_nulls()}))
        for place, name in enumerate(words)
    }
    stored = pl.DataFrame({name: [row.words[place] for row in served] for place, name in enumerate(words)})
    told = np.array([row.numbers for row in served], dtype=np.float32).reshape(len(served), len(numbers))
    matrix = np.hstack([told, encode(stored, words, vocabulary)]) if words else told
    compared = compare_rows(matrix, encode(offline, names, vocabulary), names)
    return check_of("features", compared, "stored features and those of the SQL")


def _model_input(
    settings: Settings, online: OnlineFeatures, task: str, offline: pl.DataFrame, served: Sequence[Row]
) -> list[Check]:
    """What the live model of a task is given, by the code that serves."""
    version = read_live(settings.artifacts_dir / "models", task).champion
    if version is None:
        return []
    bundle = Bundle.load(settings.artifacts_dir / "models" / task / version)
    scorer, manifest = Scorer(bundle, online.meta), bundle.manifest
    matrix = [scorer.features(row) for row in served]
    given = np.vstack(matrix) if matrix else np.empty((0, len(manifest.features)), dtype=np.float32)
    compared = compare_rows(given, encode(offline, manifest.features, manifest.categories), manifest.features)
    return [check_of(f"model_input/{task}", compared, f"the rows that {task} {version} is given and those of the SQL")]


def _logged(warehouse: Warehouse, settings: Settings, as_of: datetime, offline: pl.DataFrame) -> Check:
    """The hash of what each logged answer was made from, beside that of the row the SQL gives."""
    logged = warehouse.frame(read_sql(SQL, "logged"), as_of=as_of, tasks=list(TASKS), most=MOST_ANSWERS)
    compared = differing = unknown = 0
    for (task, version), rows in logged.group_by("task", "model_version", maintain_order=True):
        try:
            bundle = Bundle.load(settings.artifacts_dir / "models" / str(task) / str(version))
        except BundleError:
            unknown += rows.height
            continue
        hashes = _hashes(offline, bundle)
        asked = rows.join(hashes, on=READER, how="left")
        compared += asked.height
        differing += asked.filter(pl.col("expected").is_null() | (pl.col("expected") != pl.col("inputs_hash"))).height
    found = {"differing_answers": differing, "answers_of_bundles_gone": unknown}
    if not compared:
        said = "no logged answer is about the features in use; `readership ingest --segments` takes those of the API"
        return Check("prediction_log", "skipped", 0, said, found)
    said = f"of {compared:,} logged answers, {differing:,} were made from other rows than the SQL gives"
    return Check("prediction_log", "fail" if differing else "pass", compared, said, found)


def _hashes(offline: pl.DataFrame, bundle: Bundle) -> pl.DataFrame:
    matrix = encode(offline, bundle.manifest.features, bundle.manifest.categories)
    return pl.DataFrame({READER: offline[READER], "expected": [inputs_hash(row) for row in matrix]})


def _real_time(warehouse: Warehouse, settings: Settings) -> Check:
    """The newest reads in the state that the warehouse has as well: the same article at the same time."""
    try:
        state = open_state(settings.online, settings.state_dir)
    except StoreError as error:
        return Check("real_time/reads", "skipped", 0, str(error))
    try:
        reads = [read for read in _newest(state) if read.known]
    finally:
        state.close()
    if not reads:
        return Check("real_time/reads", "skipped", 0, "the state holds no reads of known readers")
    loaded = warehouse.frame(
        read_sql(SQL, "reads"),
        readers=sorted({read.reader for read in reads}),
        since=datetime.fromtimestamp(min(read.at_ms for read in reads) / 1000, UTC) - timedelta(days=1),
    )
    told = pl.DataFrame(
        [(read.reader, read.article_id, read.at_ms) for read in reads],
        schema={READER: pl.UInt64, "article_id": pl.String, "at_ms": pl.Int64},
        orient="row",
    ).unique()
    equal = told.join(loaded, on=[READER, "article_id", "at_ms"], how="semi").height
    others = told.join(loaded, on=[READER, "article_id", "at_ms"], how="anti")
    moved = others.join(loaded, on=[READER, "article_id"], how="semi").height
    found = {"reads_at_another_time": moved, "reads_not_loaded_yet": others.height - moved}
    said = (
        f"{equal:,} reads in the state are in the warehouse as they are, {moved:,} at another time, "
        f"{others.height - moved:,} not yet"
    )
    result: Result = "fail" if moved else "pass" if equal else "skipped"
    return Check("real_time/reads", result, equal + moved, said, found)


def _newest(state: State) -> list[Opened]:
    """The last reads of the feed."""
    place, kept = START, list[Opened]()
    while True:
        reads, place = state.reads_after(place, MOST_READS)
        if not reads:
            return kept
        kept = [*kept, *reads][-MOST_READS:]
