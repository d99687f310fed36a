"""One reader alone and the same reader in a frame become the same numbers."""

import numpy as np
import polars as pl
import pytest

from readership.features.encoding import encode, encode_row, row_encoder, vocabularies

FRAME = pl.DataFrame(
    {
        "sessions_7d": pl.Series([2.0, None, 0.5], dtype=pl.Float32),
        "device_type": ["app", None, "watch"],
        "tier": ["free", "pro", None],
        "age_days": pl.Series([1, 2, None], dtype=pl.Int64),
    }
)
NAMES = ["tier", "sessions_7d", "age_days", "device_type"]
WORDS = {"device_type": ("app", "mobile"), "tier": ("free", "pro")}
EXPECTED = np.array([[0, 2, 1, 0], [1, np.nan, 2, np.nan], [np.nan, 0.5, np.nan, 2]], dtype=np.float32)


def test_a_frame_becomes_codes_and_nan_in_the_order_of_the_names() -> None:
    matrix = encode(FRAME, NAMES, WORDS)
    assert matrix.dtype == np.float32
    np.testing.assert_array_equal(matrix, EXPECTED)
    assert encode(FRAME.clear(), NAMES, WORDS).shape == (0, 4)


def test_a_row_equals_its_place_in_the_frame() -> None:
    for row, expected in zip(FRAME.to_dicts(), EXPECTED, strict=True):
        np.testing.assert_array_equal(encode_row(row, NAMES, WORDS), expected[None])


def test_a_stored_row_equals_its_place_in_the_frame() -> None:
    numbers, words = ["age_days", "unused", "sessions_7d"], ["tier", "device_type"]
    encoder = row_encoder(numbers, words, NAMES, WORDS)
    stored = FRAME.with_columns(unused=pl.lit(9.0)).select(pl.col(numbers).fill_null(float("nan"))).to_numpy()
    texts = FRAME.select(words).rows()
    for values, row, expected in zip(stored.astype(np.float32), texts, EXPECTED, strict=True):
        np.testing.assert_array_equal(encoder(values, row), expected[None])


def test_a_feature_the_store_does_not_hold_is_named() -> None:
    with pytest.raises(KeyError, match="age_days"):
        row_encoder(["sessions_7d"], ["tier", "device_type"], NAMES, WORDS)


def test_vocabularies_are_alphabetical_and_keep_the_commonest_words() -> None:
    frame = pl.DataFrame({"country": ["DE", "AT", "DE", "CH", None, "AT", "DE"]})
    assert vocabularies(frame, ["country"]) == {"country": ("AT", "CH", "DE")}
    assert vocabularies(frame, ["country"], most=2) == {"country": ("AT", "DE")}
    assert vocabularies(frame.clear(), ["country"]) == {"country": ()}
