"""A reader outside is the publisher's own id as text; inside it is a fixed 64-bit number."""

import hashlib
import re

LARGEST = 2**64 - 1
_NUMBER = re.compile(r"0|[1-9][0-9]*", re.ASCII)


def reader_key(text: str) -> int:
    """The number that stands for a reader's id: the id itself where it is an unsigned integer, else a hash of it.

    >>> reader_key("42")
    42
    >>> reader_key("-42"), reader_key("042") == 42
    (10231255450148539966, False)
    """
    if _NUMBER.fullmatch(text) and int(text) <= LARGEST:
        return int(text)
    return half_md5(text)


def half_md5(text: str) -> int:
    """The first 8 bytes of MD5 as a number, big-endian: the engine's `halfMD5`."""
    return int.from_bytes(hashlib.md5(text.encode(), usedforsecurity=False).digest()[:8], "big")
