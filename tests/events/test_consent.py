"""Purposes as bits."""

import pytest

from readership.errors import InputError
from readership.events.consent import PURPOSES, bits, purposes


def test_bits_and_back() -> None:
    assert [purposes(number) for number in (0, 1, 6)] == [(), ("analytics",), ("personalisation", "advertising")]
    for number in range(16):
        assert bits(purposes(number)) == number
    assert bits(PURPOSES) == 15


def test_an_unknown_purpose_is_named() -> None:
    with pytest.raises(InputError, match="'profiling' is not a purpose; choose among analytics, personalisation"):
        bits(["profiling"])
