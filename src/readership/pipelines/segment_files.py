"""Segments as files for people and other tools, and the names that go with an id."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from readership.contracts import Dataset
from readership.evaluation.segment_evaluation import Deployed
from readership.models import rfv, segmentation
from readership.models._segments import named
from readership.registry.bundles import Bundle
from readership.registry.live import read_live
from readership.settings import Settings
from readership.warehouse import Warehouse, read_sql

SEGMENTS = "segments.json"
TOLD_AS = {"category_entropy_90d": "topics_90d", "device_type": "handheld_share", "tier": "paying_share"}
"""Columns of the profiles whose values are not those of the feature."""
PROFILES, READERS = "segment_profiles.csv", "user_segments.csv"


def live_segments(settings: Settings) -> dict[str, Any] | None:
    """What the champion's bundle says of its segments; None where there is no champion."""
    models = settings.artifacts_dir / "models"
    version = read_live(models, segmentation.TASK).champion
    return None if version is None else read_segments(Bundle.load(models / segmentation.TASK / version))


def read_segments(bundle: Bundle) -> dict[str, Any]:
    """The content of a bundle's `segments.json`."""
    content: dict[str, Any] = json.loads(bundle.read(SEGMENTS))
    return content


def names_of(content: Mapping[str, Any]) -> dict[int, str]:
    """The name of each id."""
    return {segment["id"]: segment["name"] for segment in content["segments"]}


def write_segments(warehouse: Warehouse, settings: Settings, readers: Dataset, deployed: Deployed) -> None:
    """`artifacts/segments/segment_profiles.csv` and `user_segments.csv`, each replaced in one step.

    `readers` are of the newest cut-off; they are named by the publisher's own ids.
    """
    content = deployed.segments.content
    score, bands = rfv.of_rows(readers)
    ids = named(deployed.grouping.groups(readers), deployed.segments.ids)
    table = pl.DataFrame({"user_id": readers.reader, "segment_id": ids, "rfv": score.round(1), "rfv_band": bands})
    own = warehouse.frame(read_sql("readership.pipelines.sql", "external_ids"))
    placed = table.join(own, on="user_id", how="left", maintain_order="left").select(
        pl.coalesce("external_id", pl.col("user_id").cast(pl.String)).alias("reader_id"),
        "segment_id",
        pl.col("segment_id").replace_strict(names_of(content), return_dtype=pl.String).alias("segment"),
        "rfv",
        "rfv_band",
        pl.lit(str(readers.as_of.max())[:19] + "Z").alias("as_of"),
    )
    folder = settings.artifacts_dir / "segments"
    _write(placed, folder / READERS)
    _write(profiles(content["segments"]), folder / PROFILES)


def profiles(segments: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """One row a segment: its size, mean RFV, what is typical of every trait, and what to do."""
    return pl.DataFrame(
        [
            {
                "segment_id": segment["id"],
                "segment": segment["name"],
                "readers": segment["readers"],
                "share": segment["share"],
                "mean_rfv": segment["rfv"],
                **{TOLD_AS.get(name, name): trait["value"] for name, trait in segment["traits"].items()},
                "favourite_category": segment["favourite"],
                **{f"advice_{at}": text for at, text in enumerate(segment["advice"], start=1)},
            }
            for segment in segments
        ]
    )


def _write(table: pl.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    table.write_csv(draft)
    draft.replace(path)
