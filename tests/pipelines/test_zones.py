"""Clock changes of time zones."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from readership.pipelines.zones import FIRST, offsets

MOMENTS = some.datetimes(datetime(1970, 1, 1), datetime(2039, 12, 31), timezones=some.just(UTC))


@pytest.mark.parametrize(
    "zone", ["Europe/Paris", "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"]
)
def test_the_offset_at_any_moment_is_that_of_the_zone(zone: str) -> None:
    table = offsets(zone)

    @given(MOMENTS)
    def check(moment: datetime) -> None:
        found = next(minutes for at, minutes in reversed(table) if at <= moment)
        wanted = moment.astimezone(ZoneInfo(zone)).utcoffset()
        assert wanted is not None
        assert found == round(wanted.total_seconds() / 60)

    check()


def test_changes_are_exact_to_the_second() -> None:
    changes = dict(offsets("Europe/Paris"))
    assert changes[datetime(2026, 3, 29, 1, tzinfo=UTC)] == 120
    assert changes[datetime(2026, 10, 25, 1, tzinfo=UTC)] == 60
    assert all(at.second == 0 for at in changes)


def test_a_zone_without_changes_has_one_row() -> None:
    assert offsets("Asia/Kolkata") == [(FIRST, 330)]
    assert offsets("no zone") == [(FIRST, 0)]
    assert FIRST + timedelta(0) == datetime(1970, 1, 1, tzinfo=UTC)
