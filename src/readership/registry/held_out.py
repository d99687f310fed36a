"""Held-out rows that two versions are compared on: the test cut-offs of the newer one, which neither was fitted on."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.contracts import Dataset, Manifest
from readership.datasets.store import MANIFEST, DatasetManifest, load
from readership.errors import InputError, PromotionRefused
from readership.registry.bundles import Bundle
from readership.registry.rule import row_losses


class Compared(NamedTuple):
    """Losses of two versions on the same rows, and whose rows they are."""

    champion: NDArray[np.float64]
    challenger: NDArray[np.float64]
    reader: NDArray[np.uint64]
    weight: NDArray[np.float64]


def losses(champion: Bundle, challenger: Bundle, datasets_dir: Path) -> Compared:
    """Loss of both versions on each held-out row (see `rule.row_losses`).

    The rows come from the saved dataset of the version with the later data; each version reads its own columns and
    its own vocabularies. Raises PromotionRefused when that dataset is gone, or has no row that is new to both.
    """
    ours, theirs = challenger.manifest, champion.manifest
    newer = ours if ours.trained_until >= theirs.trained_until else theirs
    rows = held_out_rows(newer, datasets_dir)
    return Compared(
        row_losses(rows.label, champion.score(columns_for(theirs, rows)), theirs.answer),
        row_losses(rows.label, challenger.score(columns_for(ours, rows)), ours.answer),
        rows.reader,
        rows.weight,
    )


def held_out_rows(manifest: Manifest, datasets_dir: Path) -> Dataset:
    """Labelled test rows of the dataset a version was trained on, later than all it was fitted on.

    Raises PromotionRefused when that dataset is gone, or has no such row.
    """
    dataset, saved = _dataset(manifest, datasets_dir)
    test = dataset.at(saved.as_folds().test)
    seen_until = np.datetime64(manifest.trained_until[:19], "ms")
    rows = test.take(np.isfinite(test.label) & (test.as_of >= seen_until))
    if not len(rows):
        raise PromotionRefused(
            f"{manifest.task}: the dataset of {manifest.version} has no test row later than what it was trained on "
            f"({manifest.trained_until}), so versions cannot be compared; nothing changed"
        )
    return rows


def columns_for(manifest: Manifest, dataset: Dataset) -> NDArray[np.float32]:
    """The dataset's rows as the version expects them: its columns in its order, its codes for the categories."""
    if missing := [name for name in manifest.features if name not in dataset.names]:
        raise PromotionRefused(
            f"{manifest.task}: {manifest.version} reads {len(missing)} features that the newer dataset lacks "
            f"(first: {missing[0]!r}), so they cannot be compared on the same rows; nothing changed; "
            "`readership promote --force --why …` overrides"
        )
    matrix = dataset.select(manifest.features).features.copy()
    for position, name in enumerate(manifest.features):
        if name in manifest.categories:
            before, after = dataset.categories.get(name, ()), manifest.categories[name]
            matrix[:, position] = _recoded(matrix[:, position], before, after)
    return matrix


def _recoded(codes: NDArray[np.float32], before: tuple[str, ...], after: tuple[str, ...]) -> NDArray[np.float32]:
    """Codes of one vocabulary as codes of another; a word the other never saw gets its code of the unseen."""
    position = {word: code for code, word in enumerate(after)}
    table = np.array([*(position.get(word, len(after)) for word in before), len(after)], np.float32)
    known = np.isfinite(codes)
    found = np.full(len(codes), np.nan, np.float32)
    found[known] = table[np.minimum(codes[known].astype(np.intp), len(before))]
    return found


def _dataset(manifest: Manifest, datasets_dir: Path) -> tuple[Dataset, DatasetManifest]:
    for path in sorted(datasets_dir.rglob(MANIFEST)):
        if manifest.dataset_hash in path.read_text(encoding="utf-8"):
            try:
                return load(path.parent)
            except InputError as error:
                raise PromotionRefused(f"{manifest.task}: {error}; versions cannot be compared") from error
    raise PromotionRefused(
        f"{manifest.task}: the dataset that {manifest.version} was trained on ({manifest.dataset_hash[:12]}…) is not "
        f"in {datasets_dir}, so versions cannot be compared; train again, or `readership promote --force --why …`; "
        "nothing changed"
    )
