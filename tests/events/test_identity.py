"""A reader's id outside and the number inside."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from readership.events.identity import LARGEST, half_md5, reader_key
from readership.warehouse import Warehouse


@pytest.mark.parametrize("number", [0, 7, 10**12, LARGEST])
def test_unsigned_integers_stand_for_themselves(number: int) -> None:
    assert reader_key(str(number)) == number


@pytest.mark.parametrize("text", ["", "-1", "007", "+5", "1.0", " 1", "٣", str(LARGEST + 1), "reader-1", "device:abc"])
def test_every_other_text_is_hashed(text: str) -> None:
    assert reader_key(text) == half_md5(text)


@given(some.lists(some.text(max_size=12), unique=True))
def test_different_ids_have_different_numbers(ids: list[str]) -> None:
    assert len({reader_key(text) for text in ids}) == len(ids)


def test_the_engine_finds_the_same_number(warehouse: Warehouse) -> None:
    texts = ["", "0", "5", "-8845298781299428018", "007", "18446744073709551616", "é", "device:x"]
    found = warehouse.rows("SELECT arrayJoin({texts:Array(String)}) AS text, halfMD5(text)", texts=texts)
    assert dict(found) == {text: half_md5(text) for text in texts}
