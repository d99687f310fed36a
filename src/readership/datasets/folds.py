"""Where in time to train, compare, calibrate and judge: folds laid backwards from now.

    lookback │ train … train │ valid │ calibration │ test  test  test │ now
             every label window closes at or before the next fold's first cut-off

Cut-offs lie at midnight UTC. Test cut-offs are one horizon apart, so no day of a test label is counted twice.
"""

from datetime import UTC, datetime, timedelta

from readership.contracts import Folds
from readership.errors import NotEnoughData

DAY = timedelta(days=1)
WEEKLY = timedelta(days=7)
TEST_CUTOFFS, CHOICE_CUTOFFS = (3, 6), (2, 5)
"""Fewest and most cut-offs to judge on, and to choose on, where there is room."""
TEST_DAYS, CHOICE_DAYS = 84, 42
"""Days of labels that are enough to judge on, and to choose on: the shorter the horizon, the more cut-offs."""
MOST_WEEKLY_CUTOFFS = 40
FEWEST_FOLDS = 4


def plan_folds(
    first: datetime, now: datetime, *, horizon: timedelta, lookback: timedelta, step: timedelta | None = None
) -> Folds:
    """Folds of a log that begins at `first`, for labels that must be mature by `now`.

    Four horizons must fit after the lookback: one each for train, valid, calibration and test. What lies beyond
    goes, in this order, to more test cut-offs (half of what is there, until they are three or hold `TEST_DAYS` of
    labels, six at most), to more cut-offs of valid and calibration half a horizon apart (two, or until they hold
    `CHOICE_DAYS`, five at most), and to training. `step` between training cut-offs is a week by
    default, a fortnight where weeks would make more than forty.

    Raises NotEnoughData naming the longest horizon that fits.

    >>> start = datetime(2026, 1, 1, tzinfo=UTC)
    >>> folds = plan_folds(start, start + 270 * DAY, horizon=28 * DAY, lookback=56 * DAY)
    >>> [(cutoff - start).days for cutoff in folds.test], [(cutoff - start).days for cutoff in folds.calibration]
    ([214, 242], [172, 186])
    >>> [(cutoff - start).days for cutoff in folds.train]
    [60, 67, 74, 81, 88, 95, 102]
    """
    opens, closes = _midnight_after(first) + lookback, _midnight_before(now)
    spare = (closes - opens) / horizon - FEWEST_FOLDS
    if spare < 0:
        raise NotEnoughData(_too_short(first, now, horizon, lookback))
    more_tests = min(_between(TEST_CUTOFFS, TEST_DAYS * DAY / horizon) - 1, int(spare / 2))
    choices = _between(CHOICE_CUTOFFS, 1 + (CHOICE_DAYS * DAY - horizon) / _half(horizon)) if horizon > DAY else 1
    more_choices = max(0, min(choices - 1, int(spare - more_tests) - 1))
    test = _back(closes - horizon, horizon, 1 + more_tests)
    calibration = _back(test[0] - horizon, _half(horizon), 1 + more_choices)
    valid = _back(calibration[0] - horizon, _half(horizon), 1 + more_choices)
    stride = step or _stride(opens, calibration[-1])
    grid = _back(calibration[-1], stride, 1 + int((calibration[-1] - opens) / stride))
    last_train = valid[0] - horizon
    train = tuple(cutoff for cutoff in grid if cutoff <= last_train) or (last_train,)
    refit = tuple(sorted({*train, *valid, *calibration, *grid}))
    return Folds(train=train, valid=valid, calibration=calibration, test=test, refit=refit, horizon=horizon)


def longest_horizon(first: datetime, now: datetime, lookback: timedelta) -> timedelta:
    """The most whole days a label may look ahead in this log; zero or less when none fits.

    >>> longest_horizon(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 4, 11, tzinfo=UTC), 56 * DAY).days
    11
    """
    return timedelta(days=(_midnight_before(now) - _midnight_after(first) - lookback) // (FEWEST_FOLDS * DAY))


def _between(bounds: tuple[int, int], wanted: float) -> int:
    return min(max(round(wanted), bounds[0]), bounds[1])


def _half(horizon: timedelta) -> timedelta:
    return max(DAY, timedelta(days=horizon.days // 2))


def _stride(opens: datetime, last: datetime) -> timedelta:
    return WEEKLY if (last - opens) / WEEKLY < MOST_WEEKLY_CUTOFFS else 2 * WEEKLY


def _back(last: datetime, apart: timedelta, count: int) -> tuple[datetime, ...]:
    return tuple(last - apart * n for n in reversed(range(count)))


def _midnight_before(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _midnight_after(moment: datetime) -> datetime:
    before = _midnight_before(moment)
    return before if before == moment else before + DAY


def _too_short(first: datetime, now: datetime, horizon: timedelta, lookback: timedelta) -> str:
    needed = lookback + FEWEST_FOLDS * horizon
    fits = longest_horizon(first, now, lookback).days
    advice = (
        f"the longest horizon that fits is {fits} days (READERSHIP_CHURN_HORIZON_DAYS={fits} for churn)"
        if fits >= 1
        else f"no horizon fits after a lookback of {lookback.days} days"
    )
    return (
        f"the log holds {max(0, (now - first).days)} days ({first:%Y-%m-%d} to {now:%Y-%m-%d}), but a horizon of "
        f"{horizon.days} days after a lookback of {lookback.days} needs {needed.days} for training, validation, "
        f"calibration and test; {advice}; or bring more history"
    )
