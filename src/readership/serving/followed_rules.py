"""`rules.toml` while the process runs: looked at each second; a broken file leaves the last good rules in force."""

import os
from pathlib import Path

from readership.errors import InputError
from readership.models.recommendation.rules import Rules
from readership.models.recommendation.rules_file import read_rules
from readership.serving.live_models import Trouble

LAST_GOOD = "rules.last-good.toml"


class FollowedRules:
    """`now` are the rules in force. `kept` is the folder where a copy of the last good ones survives a restart."""

    def __init__(self, path: Path, kept: Path) -> None:
        self._path, self._copy = path, kept / LAST_GOOD
        self._seen: tuple[int, int] | None = (0, 0)
        self.now = Rules()
        self.trouble: Trouble | None = None

    def look(self) -> None:
        """Take up the file if it changed; without a file there are no rules."""
        seen = self._stamp()
        if seen == self._seen:
            return
        begun, self._seen = self._seen == (0, 0), seen
        try:
            text = self._path.read_text(encoding="utf-8") if seen else ""
            self.now, self.trouble = read_rules(text, str(self._path)), None
            self._keep(text)
        except (InputError, OSError, UnicodeDecodeError) as error:
            self.trouble = Trouble("rules", str(error))
            if begun:
                self.now = self._last_good()

    def _stamp(self) -> tuple[int, int] | None:
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            return None
        return stat.st_mtime_ns, stat.st_size

    def _keep(self, text: str) -> None:
        self._copy.parent.mkdir(parents=True, exist_ok=True)
        draft = self._copy.with_name(f".{self._copy.name}.{os.getpid()}")
        draft.write_text(text, encoding="utf-8")
        draft.replace(self._copy)

    def _last_good(self) -> Rules:
        try:
            return read_rules(self._copy.read_text(encoding="utf-8"), str(self._copy))
        except (InputError, OSError, UnicodeDecodeError):
            return Rules()
