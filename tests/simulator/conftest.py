"""One simulated world for all tests of the simulator that only read it."""

import pytest
from lived_world import Lived, live

from readership.simulator import World


@pytest.fixture(scope="session")
def lived() -> Lived:
    """2,500 readers, 130 days."""
    return live(World(readers=2500, days=130, seed=11))
