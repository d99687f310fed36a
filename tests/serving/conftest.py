"""Fixtures of the API's tests: see served_world.py."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from served_world import Caller, World, serving

from readership.settings import Settings


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A project where nothing was trained or materialised."""
    monkeypatch.setenv("READERSHIP_HOME", str(tmp_path))
    return World(Settings())


@pytest.fixture
def world(bare: World) -> World:
    """Features, a champion "v1" and its reasons."""
    bare.features()
    bare.bundle("v1")
    bare.champion("v1")
    bare.reasons("v1")
    return bare


@pytest.fixture
def client(world: World) -> Iterator[Caller]:
    """A caller of the application that serves `world`."""
    with serving(world.settings) as caller:
        yield caller
