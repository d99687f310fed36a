"""Where decisions are parted in time, and what is too few."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from trial_world import trial

from readership.datasets.trial import split
from readership.errors import NotEnoughData

DAY = np.timedelta64(1, "D")


def test_outcomes_of_the_first_were_known_when_the_later_decisions_began() -> None:
    whole = trial(2_400)  # one an hour: 100 days
    parts = split(whole, timedelta(days=14))
    opens = parts.test.decided_at.min()
    assert (opens - whole.decided_at.min()) / DAY == 70
    assert parts.train.decided_at.max() + 14 * DAY == opens
    assert len(parts.test) == 720
    assert len(whole) - len(parts.train) - len(parts.test) == 14 * 24 - 1


def test_too_few_are_refused_with_what_there_is() -> None:
    with pytest.raises(NotEnoughData, match=r"of 150 randomised decisions .* 45 are there to judge by, with \d+ out"):
        split(trial(150), timedelta(hours=1))
    with pytest.raises(NotEnoughData, match="of 0 randomised decisions"):
        split(trial(10).take(np.zeros(10, bool)), timedelta(days=1))


def test_a_campaign_of_one_moment_is_not_cut_in_two() -> None:
    whole = trial(1_200)
    days = np.array(["2026-01-01", "2026-01-29", "2026-02-26"], dtype="datetime64[ms]")
    parts = split(replace(whole, decided_at=np.repeat(days, 400)), timedelta(days=14))
    assert (len(parts.train), len(parts.test)) == (800, 400)
    assert set(parts.test.decided_at) == {days[2]}


def test_a_campaign_is_not_lost_to_the_gap_between_the_two() -> None:
    # 3 campaigns of 300 on days 0, 28, 56; 60 further decisions on every day from 1 on
    days = np.sort(np.concatenate([np.repeat([0, 28, 56], 300), np.arange(1, 71).repeat(4)]))
    whole = trial(len(days))
    start = np.datetime64("2026-01-01", "ms")
    parts = split(replace(whole, decided_at=start + days * np.timedelta64(24, "h")), timedelta(days=14))
    assert (parts.test.decided_at.min() - start) / DAY == 56
    assert (parts.train.decided_at.max() - start) / DAY == 42
    assert len(parts.train) == 600 + 4 * 42
