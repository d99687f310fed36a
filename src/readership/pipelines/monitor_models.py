"""What a live model saw, said and got right, at one time after another."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from readership.contracts import Manifest
from readership.datasets.assemble import SLICE_COLUMNS, UNKNOWN, lot, tenure_bands
from readership.datasets.rules import label_rule
from readership.errors import BundleError, PromotionRefused, WarehouseError
from readership.features.catalogue import by_name
from readership.features.encoding import encode
from readership.monitoring.estimate import TAKEN_AS_STATED, learn_truth
from readership.monitoring.inputs import Against, Snapshot, inputs, scores
from readership.monitoring.measure import GREY, Measure
from readership.monitoring.performance import NOT_MATURE, Promise, expected, matured, promised, unknown
from readership.pipelines.dataset import asked, labels
from readership.pipelines.features import feature_frame
from readership.registry.bundles import Bundle
from readership.registry.held_out import columns_for, held_out_rows
from readership.registry.live import read_live, tasks_on_disk
from readership.settings import Settings
from readership.warehouse import Warehouse, read_sql

TASKS = ("churn", "churn_subscribers", "conversion", "engagement")
"""Models that answer about readers at a time, with a label that comes later."""
WEEK = timedelta(days=7)
REFERENCE_WEEKS = (4, 5, 6, 7)
"""How many weeks before lie the times that a time is compared with: the same weekday and hour, a month ago."""
FEWEST_REFERENCES = 2
MOST_READERS = 20_000
"""Of more readers, so many are looked at, always the same ones."""
LEARNT_FROM = "the model learnt from these days, so its figures of them prove nothing"


def watched(settings: Settings) -> list[str]:
    """Models with a champion that can be watched."""
    models = settings.artifacts_dir / "models"
    return [task for task in tasks_on_disk(models) if task in TASKS and read_live(models, task).champion]


class Watch:
    """One task's model at one time after another; what is read of a time is kept while later times need it."""

    def __init__(self, warehouse: Warehouse, settings: Settings, task: str, snapshot_at: datetime) -> None:
        self.task, self.rule = task, label_rule(task, settings)
        self.warehouse, self.settings, self._snapshot_at = warehouse, settings, snapshot_at
        models = settings.artifacts_dir / "models"
        self._folder, self.champion = models / task, str(read_live(models, task).champion)
        self._bundles: dict[str, Bundle] = {}
        self._promises: dict[str, Promise] = {}
        self._seen: dict[tuple[datetime, str], Snapshot] = {}

    def due(self, times: Sequence[datetime], now: datetime, stored: Sequence[Measure]) -> list[tuple[datetime, str]]:
        """Times that are not measured yet, or whose labels have become known since, with the version to measure.

        A time once measured keeps its version, so that a new champion does not rewrite the past of the one before.
        """
        versions = {m.as_of: m.model_version for m in stored if m.task == self.task and m.model_version}
        waiting = {m.as_of for m in stored if m.task == self.task and m.reason == NOT_MATURE}
        ripe = {moment for moment in waiting if moment + self.rule.horizon <= now}
        new = set(times) - set(versions)
        return [(moment, self._present(versions.get(moment, ""))) for moment in sorted(new | ripe)]

    def at(self, as_of: datetime, version: str, now: datetime) -> list[Measure]:
        """Everything that is known of one time; nothing where nobody could be asked about."""
        manifest = self._bundle(version).manifest
        if as_of < datetime.fromisoformat(manifest.trained_until):
            return list(self._learnt_from(as_of, version, now))
        window = self._snapshot(as_of, version)
        if not len(window):
            return []
        wanted = [self._snapshot(as_of - weeks * WEEK, version) for weeks in REFERENCE_WEEKS]
        reference = [past for past in wanted if len(past)]
        promise = self._promise(version)
        found = [*self._drift(window, reference, manifest), *expected(self.task, window, promise)]
        if as_of + self.rule.horizon > now:
            return [*found, *unknown(self.task, window, promise.answer)]
        told = self._told(window)
        label = self._labels(as_of)
        return [*found, *matured(self.task, told, _of(told, label), promise)]

    def forget(self, before: datetime) -> None:
        """Let go of what no time from `before` on is compared with."""
        oldest = before - max(REFERENCE_WEEKS) * WEEK
        self._seen = {key: seen for key, seen in self._seen.items() if key[0] >= oldest}

    def _drift(self, window: Snapshot, reference: Sequence[Snapshot], manifest: Manifest) -> list[Measure]:
        if len(reference) < FEWEST_REFERENCES:
            reason = f"{len(reference)} of the {len(REFERENCE_WEEKS)} weeks it is compared with have readers"
            empty = Measure(
                window.as_of, "inputs", "drifted", GREY, task=self.task, rows=len(window), readers=len(window),
                model_version=window.version, reason=reason,
            )  # fmt: skip
            return [empty, replace(empty, kind="scores", measure="psi")]
        against = Against(self.task, window, reference)
        return [*inputs(against, manifest.features, manifest.categories), *scores(against)]

    def _learnt_from(self, as_of: datetime, version: str, now: datetime) -> Iterator[Measure]:
        """Of times before the model ended learning only the share of positives is told, and judged by nobody."""
        if self._bundle(version).manifest.answer != "probability" or as_of + self.rule.horizon > now:
            return
        label = self._labels(as_of)["label"].drop_nulls().cast(pl.Float64)
        if len(label):
            yield Measure(
                as_of, "performance", "base_rate", GREY, task=self.task, value=float(label.to_numpy().mean()),
                rows=len(label), readers=len(label), model_version=version, reason=LEARNT_FROM,
            )  # fmt: skip

    def _present(self, version: str) -> str:
        return version if version and (self._folder / version).is_dir() else self.champion

    def _bundle(self, version: str) -> Bundle:
        if version not in self._bundles:
            self._bundles[version] = Bundle.load(self._folder / version)
        return self._bundles[version]

    def _promise(self, version: str) -> Promise:
        if version not in self._promises:
            self._promises[version] = promise_of(self._bundle(version), self.settings)
        return self._promises[version]

    def _labels(self, as_of: datetime) -> pl.DataFrame:
        return labels(self.warehouse, self.task, as_of, self._snapshot_at, self.settings)

    def _snapshot(self, as_of: datetime, version: str) -> Snapshot:
        key = as_of, version
        if key not in self._seen:
            self._seen[key] = self._read(as_of, self._bundle(version))
        return self._seen[key]

    def _read(self, as_of: datetime, bundle: Bundle) -> Snapshot:
        """Everybody asked about at `as_of`, with the columns that can be read; one broken group costs its own alone."""
        readers = asked(self.warehouse, self.task, as_of, self._snapshot_at, self.settings).cast({"user_id": pl.UInt64})
        frame, failed = self._features(as_of, bundle.manifest)
        frame = frame.join(_some(readers), on="user_id", how="semi")
        manifest, kept = bundle.manifest, [name for name in bundle.manifest.features if name in frame.columns]
        matrix = encode(frame, kept, {n: words for n, words in manifest.categories.items() if n in kept})
        return Snapshot(
            as_of,
            frame["user_id"].to_numpy(),
            {name: matrix[:, place].astype(np.float64) for place, name in enumerate(kept)},
            failed,
            None if failed or not frame.height else bundle.score(matrix),
            manifest.version,
            _slices(frame),
        )

    def _features(self, as_of: datetime, manifest: Manifest) -> tuple[pl.DataFrame, dict[str, str]]:
        needed = {*manifest.features, *SLICE_COLUMNS.values(), "tenure_days"} & set(by_name())
        groups = sorted({by_name()[name].group for name in needed})
        try:
            return self._frame(as_of, groups), {}
        except WarehouseError:
            pass
        frame = self._frame(as_of, [])
        failed: dict[str, str] = {}
        for group in groups:
            try:
                frame = frame.join(self._frame(as_of, [group]), on="user_id", how="left")
            except WarehouseError as error:
                reason = f"its group {group!r} cannot be read: {str(error)[:200]}"
                failed |= {name: reason for name in manifest.features if by_name()[name].group == group}
        return frame, failed

    def _frame(self, as_of: datetime, groups: Sequence[str]) -> pl.DataFrame:
        return feature_frame(self.warehouse, as_of, self._snapshot_at, settings=self.settings, groups=groups)

    def _told(self, window: Snapshot) -> Snapshot:
        """The snapshot with what was really said in the day before, where scores were stored; else as it is."""
        said = self.warehouse.frame(
            read_sql("readership.monitoring.sql", "said"), task=self.task, as_of=window.as_of
        ).cast({"user_id": pl.UInt64})
        if said.is_empty():
            return window
        rows = pl.DataFrame({"user_id": window.reader, "row": np.arange(len(window))})
        both = rows.join(said, on="user_id", how="inner", maintain_order="left")
        place = both["row"].to_numpy()
        if len(place) < len(window) / 2:
            return window
        version = both["version"].mode().sort()[0]
        return Snapshot(
            window.as_of, window.reader[place], scores=both["score"].to_numpy(), version=str(version),
            slices={name: values[place] for name, values in window.slices.items()},
        )  # fmt: skip


def promise_of(bundle: Bundle, settings: Settings) -> Promise:
    """What the held-out rows of its own evaluation say of a version; where they are gone, what its manifest says."""
    manifest = bundle.manifest
    threshold = manifest.operating_points.get("roadmap")
    try:
        rows = held_out_rows(manifest, settings.artifacts_dir / "datasets")
        said = bundle.score(columns_for(manifest, rows))
    except (PromotionRefused, BundleError):
        return Promise(manifest.metrics, {}, TAKEN_AS_STATED, threshold, manifest.answer)
    label = rows.label.astype(np.float64)
    whole, parts = promised(label, said, rows.reader, rows.slices, manifest.answer)
    probable = manifest.answer == "probability"
    truth = learn_truth(label, said, rows.reader, rows.as_of) if probable else TAKEN_AS_STATED
    return Promise(whole, parts, truth, threshold, manifest.answer)


def _some(asked: pl.DataFrame) -> pl.DataFrame:
    if asked.height <= MOST_READERS:
        return asked
    return asked.filter(pl.Series(lot(asked["user_id"].to_numpy()) < MOST_READERS / asked.height))


def _of(snapshot: Snapshot, labelled: pl.DataFrame) -> NDArray[np.float64]:
    """The label of each reader of the snapshot, nan where there is none."""
    asked = pl.DataFrame({"user_id": snapshot.reader})
    joined = asked.join(labelled.cast({"user_id": pl.UInt64}), on="user_id", how="left", maintain_order="left")
    return joined["label"].cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _slices(frame: pl.DataFrame) -> Mapping[str, NDArray[np.str_]]:
    found = {
        name: np.asarray(frame[column].cast(pl.String).replace("", None).fill_null(UNKNOWN).to_list(), dtype=np.str_)
        for name, column in SLICE_COLUMNS.items()
        if column in frame.columns
    }
    return found | ({"tenure": tenure_bands(frame["tenure_days"])} if "tenure_days" in frame.columns else {})
