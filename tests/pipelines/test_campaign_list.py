"""Whom a campaign's list names: every exclusion counted, order, budget, lots; by hand on a dozen readers."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from readership.errors import InputError, NotEnoughData
from readership.pipelines.campaign_list import Terms, choose, lots, read_suppressed

MANY = 4000


def readers(many: int = MANY, **columns: object) -> pl.DataFrame:
    """Readers 1, 2, … of falling probability, whom nothing keeps from being contacted."""
    number = np.arange(1, many + 1)
    frame = pl.DataFrame(
        {
            "user_id": number.astype(np.uint64),
            "reader_id": [f"r{n}" for n in number],
            "probability": 0.9001 - 0.8 * number / many,
            "agrees": True,
            "suppressed": False,
            "rests": False,
        }
    )
    return frame.with_columns(**({"uplift": pl.lit(None, pl.Float64)} | columns))


def test_who_must_not_be_contacted_is_left_out_step_by_step() -> None:
    user = pl.col("user_id")
    given = readers(agrees=user > 1000, suppressed=user <= 1500, rests=user <= 1750)
    chosen = choose(given, Terms(10_000, 1, 100, 0.2), "spring", to_prevent=True)
    treated = chosen.funnel.pop("treatment")
    assert chosen.funnel.pop("control") == 2250 - treated
    assert chosen.funnel == {
        "asked_about": 4000,
        "agree_to_marketing": 3000,
        "not_suppressed": 2500,
        "rested": 2250,
        "worth_a_contact": 2250,
        "chosen": 2250,
    }
    assert chosen.members["user_id"].min() == 1751


def test_the_budget_is_used_and_never_exceeded_and_the_likeliest_come_first() -> None:
    chosen = choose(readers(), Terms(400, 1, 100, 0.2), "spring", to_prevent=True)
    assert chosen.funnel["treatment"] == 400
    assert chosen.members["user_id"].to_list() == list(range(1, chosen.members.height + 1))
    held = lots("spring", chosen.members["user_id"].to_numpy()) < 0.2
    assert (chosen.members["arm"] == "control").to_list() == held.tolist()
    assert set(chosen.members.select("arm", "propensity").unique().rows()) == {("treatment", 0.8), ("control", 0.2)}


def test_lots_have_the_share_asked_for_and_differ_from_campaign_to_campaign() -> None:
    ids = np.arange(20_000, dtype=np.uint64)
    spring, autumn = lots("spring", ids), lots("autumn", ids)
    # binomial: 0.2 +- 4 x sqrt(0.2 x 0.8 / 20,000) = 0.2 +- 0.0113
    assert abs((spring < 0.2).mean() - 0.2) < 0.0113
    assert abs(np.corrcoef(spring, autumn)[0, 1]) < 4 / np.sqrt(20_000)
    assert (lots("spring", ids[::-1])[::-1] == spring).all()


def test_by_probability_only_those_are_contacted_for_whom_it_could_pay_at_best() -> None:
    # a contact of 3 EUR for 10 EUR pays at most for those who leave with more than 0.3: 0.9001 - 0.8 n / 4000 > 0.3
    chosen = choose(readers(), Terms(10_000, 3, 10, 0.2), "spring", to_prevent=True)
    assert chosen.funnel["worth_a_contact"] == 3000
    assert chosen.dogs_spared is None
    assert chosen.members["expected_gain_eur"].null_count() == chosen.members.height
    # and of those who subscribe anyway with more than 0.7 none could be won: 0.9001 - 0.8 n / 4000 < 0.7
    assert choose(readers(), Terms(10_000, 3, 10, 0.2), "s", to_prevent=False).funnel["worth_a_contact"] == 3000


def test_by_uplift_the_gain_decides_and_sleeping_dogs_are_spared() -> None:
    # readers 1..1000, the likeliest, are driven away; 1001..2000 gain 0.05 x 100 - 2 = 3 EUR; the others lose 1 EUR
    user = pl.col("user_id")
    effect = pl.when(user <= 1000).then(-0.1).when(user <= 2000).then(0.05).otherwise(0.01)
    chosen = choose(readers(uplift=effect), Terms(10_000, 2, 100, 0.2), "spring", to_prevent=True)
    assert chosen.funnel["worth_a_contact"] == chosen.funnel["chosen"] == 1000
    assert chosen.members["user_id"].to_list() == list(range(1001, 2001))
    assert chosen.members["expected_gain_eur"].unique().to_list() == [3.0]
    assert chosen.dogs_spared == 1000


def test_a_list_without_two_arms_is_refused() -> None:
    with pytest.raises(NotEnoughData, match=r"too few readers for two arms: asked about 4,000, .* rested 0.*nobody is"):
        choose(readers(rests=pl.lit(True)), Terms(10, 1, 100, 0.2), "spring", to_prevent=True)
    alone = next(n for n in range(1, 100) if lots("spring", np.array([n], np.uint64))[0] >= 0.05)
    with pytest.raises(NotEnoughData, match="treatment 1, control 0"):
        choose(readers().filter(user_id=alone), Terms(1, 1, 100, 0.05), "spring", to_prevent=True)


def test_suppressed_ids_are_lines_or_a_csv_s_first_column(tmp_path: Path) -> None:
    file = tmp_path / "no.csv"
    file.write_text('\ufeff-42,gone\n"a,b",x\n\n  r7  \n', encoding="utf-8")
    assert read_suppressed(file) == {"-42", "a,b", "r7"}
    file.write_bytes(b"\n\n")
    with pytest.raises(InputError, match=r"no.csv names nobody"):
        read_suppressed(file)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="cannot be read as text"):
        read_suppressed(file)
    with pytest.raises(InputError, match="cannot be read as text"):
        read_suppressed(tmp_path / "absent")
