"""`live.json`: which version of a task answers now. Serving watches this one small file.

`<models>/<task>/live.json` is replaced atomically, so a reader sees the old answer or the new one, never half.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from readership.errors import BundleError


class Live(msgspec.Struct, frozen=True):
    """Versions in use, and who put them there, when and why."""

    champion: str | None = None
    challenger: str | None = None
    at: str = ""
    by: str = ""
    why: str = ""


def live_path(models_dir: Path, task: str) -> Path:
    """Where the task's `live.json` lies."""
    return models_dir / task / "live.json"


def read_live(models_dir: Path, task: str) -> Live:
    """What is live for `task`; no champion and no challenger when nothing was ever promoted."""
    path = live_path(models_dir, task)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Live)
    except FileNotFoundError:
        return Live()
    except (OSError, msgspec.DecodeError) as error:
        raise BundleError(f"{path} cannot be read: {error}; write it anew with `readership models sync`") from error


def write_live(models_dir: Path, task: str, *, champion: str | None, challenger: str | None, by: str, why: str) -> Live:
    """Make these versions live as of now; both must exist as bundles beside `live.json`."""
    path = live_path(models_dir, task)
    for version in (champion, challenger):
        if version is not None and not (path.parent / version / "manifest.json").is_file():
            raise BundleError(f"{path.parent / version} is no bundle; live.json stays as it was")
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    live = Live(champion=champion, challenger=challenger, at=at, by=by, why=why)
    replacement = path.with_name(f".live.{os.getpid()}.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacement.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(live), indent=2) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    replacement.replace(path)
    return live


def tasks_on_disk(models_dir: Path) -> list[str]:
    """Tasks that have a folder of bundles or a `live.json`."""
    found = {path.parent.name for path in models_dir.glob("*/live.json")}
    return sorted(found | {path.parent.parent.name for path in models_dir.glob("*/[!.]*/manifest.json")})
