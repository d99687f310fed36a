"""What is being done: a live bar on a terminal, plain lines in a log; always on stderr."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Self, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

Item = TypeVar("Item")


class Progress:
    """Says each step as it begins and how long it took; steps may be nested, loops show a bar."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._bars = Bars(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._depth = 0

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def say(self, text: str) -> None:
        """One line, indented below the step it belongs to."""
        self._console.print("  " * self._depth + text, markup=False)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """A titled step; its time is said when it ends."""
        self.say(title)
        began = time.monotonic()
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
        self.say(f"  done in {time.monotonic() - began:.1f} s")

    def each(self, items: Iterable[Item], title: str, total: int | None = None) -> Iterator[Item]:
        """The items, with a bar on a terminal."""
        yield from self._bars.track(items, total=total, description=title)
