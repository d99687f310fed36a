"""The adoption benchmark at a small size: its figures, and that what it measures is the whole of the work."""

import pytest

from readership.benchmarks.adopt import run
from readership.errors import InputError


def test_every_session_is_read_once_with_what_it_tells() -> None:
    found = run(sessions=3000)
    figures = found["figures"]
    assert found["bench"] == "adopt"
    assert figures["sessions"] == 3000
    assert figures["events"] > 2 * 3000, "a session's end and two articles on average"
    assert figures["loaded_again"] == 0
    assert figures["sessions_per_second"] > 0
    assert 0 < figures["peak_rss_gib"] < 4
    assert "no HTTP is measured" in found["protocol"]


def test_too_few_to_measure_is_refused() -> None:
    with pytest.raises(InputError, match="10 sessions are too few to measure; give at least 1000"):
        run(sessions=10)
