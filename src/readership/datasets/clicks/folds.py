"""Which days teach, choose, calibrate and judge a click model.

    history (counts alone) │ train … │ valid │ calibration │ test │ now

Every impression belongs to the day it was made; those of a day's last minutes are left out, so that each label closes
on its own day and no fold touches the next.
"""

from datetime import datetime, timedelta

from readership.contracts import Folds
from readership.errors import NotEnoughData

DAY = timedelta(days=1)
HISTORY, TRAIN, CHOICE, TEST = (1, 28), (2, 120), (1, 14), (1, 21)
"""Fewest and most days of each part; validation and calibration are as long as each other."""
FEWEST_DAYS = HISTORY[0] + TRAIN[0] + 2 * CHOICE[0] + TEST[0]


def plan_days(first: datetime, now: datetime) -> Folds:
    """Folds of a log that begins at `first`, by midnights (UTC) at which days begin; the last day ends by `now`.

    A quarter of the days is history, a sixth judges, a twelfth each chooses and calibrates, within the bounds above;
    the rest teaches. Raises NotEnoughData where not every part can have a day.

    >>> from datetime import UTC
    >>> start = datetime(2026, 1, 1, tzinfo=UTC)
    >>> folds = plan_days(start, start + 90 * DAY)
    >>> [len(part) for part in (folds.train, folds.valid, folds.calibration, folds.test)], folds.train[0].day
    ([39, 7, 7, 15], 23)
    """
    opens, closes = _midnight(first), _midnight(now)
    opens += DAY if opens < first else timedelta(0)
    days = (closes - opens) // DAY
    if days < FEWEST_DAYS:
        raise NotEnoughData(
            f"the log holds {max(days, 0)} whole days ({first:%Y-%m-%d} to {now:%Y-%m-%d}); clicks need {FEWEST_DAYS}: "
            "some to count, to train, to choose, to calibrate and to judge on; bring more history"
        )
    test, choice, history = _within(TEST, days // 6), _within(CHOICE, days // 12), _within(HISTORY, days // 4)
    train = _within(TRAIN, days - history - test - 2 * choice)
    ends = [closes - back * DAY for back in (test + 2 * choice, test + choice, test, 0)]
    parts = [
        tuple(end - back * DAY for back in range(many, 0, -1))
        for end, many in zip(ends, (train, choice, choice, test), strict=True)
    ]
    return Folds(parts[0], parts[1], parts[2], parts[3], refit=(*parts[0], *parts[1], *parts[2]), horizon=DAY)


def _within(bounds: tuple[int, int], wanted: int) -> int:
    return min(max(wanted, bounds[0]), bounds[1])


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
