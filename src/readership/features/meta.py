"""What is known of a version of the online store, wherever it is kept."""

import secrets
from datetime import UTC, datetime

import msgspec

KEPT_VERSIONS = 2
META = b"meta"
"""Key of a version's own row."""


class Meta(msgspec.Struct, frozen=True):
    """What a version holds: when it was true, when it was written, its columns and its model version.

    snapshot_at   when the newest row may have been loaded that the features are made from
    learnt_until  when the newest read arrived that a recommender's memory knows
    """

    as_of: datetime
    created_at: datetime
    rows: int = 0
    numbers: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    model_version: str = ""
    sql_hashes: dict[str, str] = {}
    learnt_until: datetime | None = None
    snapshot_at: datetime | None = None


def fresh_name() -> str:
    """A name that no version has, later ones behind earlier ones: 20260401T060000000000-3f9a1c."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}"
