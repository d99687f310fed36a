"""Named arrays as bytes and back, without pickle."""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def write_arrays(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """As the content of an .npz file."""
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    return content.getvalue()


def read_arrays(content: bytes) -> dict[str, NDArray[Any]]:
    """What `write_arrays` wrote; ValueError where an array would need pickle."""
    with np.load(io.BytesIO(content), allow_pickle=False) as found:
        return {name: found[name] for name in found.files}
