"""A publisher's own server beside the warehouse."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from foreign_table import CREATE, Theirs

from readership.warehouse import Warehouse


@pytest.fixture
def theirs(server_root: Warehouse, server_dsn: str, tmp_path: Path) -> Iterator[Theirs]:
    """A database of the publisher's with an empty table `visits`, dropped afterwards."""
    found = Theirs(server_root, server_dsn, tmp_path)
    found.do("CREATE DATABASE {db:Identifier}")
    found.do(CREATE)
    yield found
    found.do("DROP DATABASE IF EXISTS {db:Identifier} SYNC")
