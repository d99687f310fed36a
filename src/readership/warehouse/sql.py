"""SQL files: one statement each, opened by a comment that states its grain and its leakage rule."""

import re
from functools import cache
from importlib.resources import files

_INCLUDE = re.compile(r"^ *-- include (?:([\w.]+)\.)?(\w+)\n", re.MULTILINE)


@cache
def read_sql(package: str, name: str) -> str:
    """Text of `name`.sql in the folder of `package` (dotted, with subfolders: "readership.features.groups").

    A line `-- include part` stands for the text of `part`.sql of the same folder, which statements share; one of
    another package is named with it: `-- include readership.features.session_score`.
    """
    top, *folders = package.split(".")
    text = files(top).joinpath(*folders, f"{name}.sql").read_text(encoding="utf-8")
    return _INCLUDE.sub(lambda line: read_sql(line[1] or package, line[2]), text)
