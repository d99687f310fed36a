"""SQL files: one statement each, opened by a comment that states its grain and its leakage rule."""

from functools import cache
from importlib.resources import files


@cache
def read_sql(package: str, name: str) -> str:
    """Text of `name`.sql in the folder of `package` (dotted, with subfolders: "readership.features.groups")."""
    top, *folders = package.split(".")
    return files(top).joinpath(*folders, f"{name}.sql").read_text(encoding="utf-8")
