"""What a reader agreed to, as one number: analytics 1, personalisation 2, advertising 4, marketing 8."""

from collections.abc import Iterable

from readership.errors import InputError

PURPOSES = {"analytics": 1, "personalisation": 2, "advertising": 4, "marketing": 8}


def bits(purposes: Iterable[str]) -> int:
    """The purposes as one number.

    >>> bits(["analytics", "advertising"])
    5
    """
    total = 0
    for purpose in purposes:
        if purpose not in PURPOSES:
            raise InputError(f"consent {purpose!r} is not a purpose; choose among {', '.join(PURPOSES)}")
        total |= PURPOSES[purpose]
    return total


def purposes(number: int) -> tuple[str, ...]:
    """The purposes a number stands for.

    >>> purposes(5)
    ('analytics', 'advertising')
    """
    return tuple(name for name, bit in PURPOSES.items() if number & bit)
