"""Columns of text made from numbers without a loop."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from readership.simulator.randomness import Keys

_HEX = np.frombuffer(b"".join(f"{byte:02x}".encode() for byte in range(256)), dtype=np.uint8).reshape(256, 2)


def hexadecimal(numbers: Keys) -> pa.Array:
    """16 digits for each number.

    >>> hexadecimal(np.array([255], dtype=np.uint64)).to_pylist()
    ['00000000000000ff']
    """
    return _strings(_digits(numbers))


def uuids(high: Keys, low: Keys) -> pa.Array:
    """Random (version 4) UUIDs of 128 bits.

    >>> uuids(np.array([0], dtype=np.uint64), np.array([0], dtype=np.uint64)).to_pylist()
    ['00000000-0000-4000-8000-000000000000']
    """
    high = (high & np.uint64(0xFFFFFFFFFFFF0FFF)) | np.uint64(0x4000)
    low = (low & np.uint64(0x3FFFFFFFFFFFFFFF)) | np.uint64(0x8000000000000000)
    digits = np.concatenate([_digits(high), _digits(low)], axis=1)
    text = np.full((len(high), 36), ord("-"), dtype=np.uint8)
    text[:, [*range(8), *range(9, 13), *range(14, 18), *range(19, 23), *range(24, 36)]] = digits
    return _strings(text)


def words(codes: NDArray[np.integer], vocabulary: tuple[str, ...]) -> pa.Array:
    """The word of each code as a dictionary column; a negative code is null."""
    indices = pa.array(codes.astype(np.int16), mask=codes < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(vocabulary, pa.string()))


def _digits(numbers: Keys) -> NDArray[np.uint8]:
    octets = numbers.astype(">u8").view(np.uint8).reshape(-1, 8)
    return _HEX[octets].reshape(-1, 16)


def _strings(text: NDArray[np.uint8]) -> pa.Array:
    rows, width = text.shape
    offsets = pa.py_buffer(np.arange(0, (rows + 1) * width, width, dtype=np.int32))
    return pa.StringArray.from_buffers(rows, offsets, pa.py_buffer(np.ascontiguousarray(text)))
