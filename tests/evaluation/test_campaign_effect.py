"""What a contact did: numbers worked out by hand, intervals that cover, and words that claim no more."""

import numpy as np
import pytest

from readership.evaluation.campaign import Arms, Money, adjusted, effect, newcombe, split_p
from readership.evaluation.reports.campaign_words import sentences


def arms(treated: int, treated_out: int, control: int, control_out: int, score: np.ndarray | None = None) -> Arms:
    outcome = np.r_[np.arange(treated) < treated_out, np.arange(control) < control_out].astype(float)
    who = np.arange(treated + control) < treated
    return Arms(who, outcome, np.full(len(who), 0.3) if score is None else score)


def test_the_difference_of_two_shares_is_newcombe_s() -> None:
    # Newcombe 1998, table II, example (a), method 10: 56/70 and 48/80
    assert tuple(round(part, 4) for part in newcombe(56, 70, 48, 80)) == (0.2, 0.0524, 0.3339)
    # and where nothing happened in an arm: example (e) 0/10 and 0/20
    low, high = newcombe(0, 10, 0, 20)[1:]
    assert (round(low, 4), round(high, 4)) == (-0.1611, 0.2775)


def test_a_score_that_is_the_same_for_all_changes_nothing() -> None:
    found = adjusted(arms(200, 60, 100, 40))
    # 0.3 - 0.4; sqrt(0.3 x 0.7 / 199 + 0.4 x 0.6 / 99) = 0.058988
    assert found.value == pytest.approx(-0.1)
    assert (found.high - found.low) / 2 == pytest.approx(1.959964 * 0.058988, abs=1e-5)


def test_a_score_that_knows_the_outcome_takes_out_by_how_much_the_arms_differed() -> None:
    # two readers of each arm leave for certain more among the treated; the contact itself does nothing
    score = np.r_[np.arange(40) < 22, np.arange(40) < 20].astype(float)
    found = adjusted(arms(40, 22, 40, 20, score))
    assert found.value == pytest.approx(0.0, abs=1e-12)
    assert found.high - found.low == pytest.approx(0.0, abs=1e-12)


def test_the_interval_covers_the_truth_and_the_score_makes_it_narrower() -> None:
    rng = np.random.default_rng(5)
    covered, widths = 0, []
    for _ in range(400):
        score = rng.beta(1, 3, 600)
        treated = rng.random(600) < 0.8
        outcome = (rng.random(600) < score * np.where(treated, 0.8, 1.0)).astype(float)
        one, plain = adjusted(Arms(treated, outcome, score)), adjusted(Arms(treated, outcome, np.zeros(600)))
        covered += one.low <= -0.2 * 0.25 <= one.high  # 0.25 = mean of a beta(1, 3)
        widths.append((one.high - one.low) / (plain.high - plain.low))
    assert 0.92 <= covered / 400 <= 0.98
    assert np.mean(widths) < 0.97


def test_euros_of_a_contact_that_keeps_readers() -> None:
    found = effect(arms(800, 160, 200, 80), Money(2, 50), to_prevent=True, contacts=1000, share_control=0.2)
    assert (found["method"], found["sure"]) == ("adjusted", True)
    assert found["difference"]["value"] == pytest.approx(-0.2)  # 20 % against 40 %
    assert found["helped"]["value"] == pytest.approx(200)  # of 1,000 contacted
    assert found["cost_eur"] == 2000
    assert found["net_eur"]["value"] == pytest.approx(200 * 50 - 2000)
    assert found["cost_per_helped_eur"]["value"] == 10
    half = 1.959964 * np.sqrt(0.2 * 0.8 / 799 + 0.4 * 0.6 / 199)
    assert found["helped"]["ci95"] == pytest.approx([200 - 1000 * half, 200 + 1000 * half], abs=0.01)
    assert found["pays_from"] == 0.04
    assert found["detectable"] == pytest.approx(half / 1.959964 * 2.801585, abs=1e-6)


def test_the_same_difference_is_harm_where_the_outcome_is_wanted() -> None:
    found = effect(arms(800, 160, 200, 80), Money(2, 50), to_prevent=False, contacts=800, share_control=0.2)
    assert found["helped"]["value"] == pytest.approx(-160)
    assert found["cost_per_helped_eur"] == {"value": None, "ci95": [None, None]}


def test_few_outcomes_leave_it_to_the_plain_difference() -> None:
    found = effect(arms(800, 12, 200, 3), Money(1, 50), to_prevent=False, contacts=800, share_control=0.2)
    assert found["method"] == "newcombe"
    assert found["difference"] == found["difference_unadjusted"]
    assert found["cost_per_helped_eur"]["value"] is None


def test_arms_that_are_not_as_drawn_are_found() -> None:
    # chi-square of 840 and 160 where 800 and 200 were expected: 40^2/800 + 40^2/200 = 10
    assert split_p(840, 160, 0.2) == pytest.approx(0.001565, abs=1e-6)
    found = effect(arms(860, 200, 140, 50), Money(1, 50), to_prevent=True, contacts=860, share_control=0.2)
    assert found["split"]["broken"] is True


BASE = {"task": "churn", "contacts": 800, "left_out": {"erased": 0, "outage": 0}}


def _said(found: dict, **other: object) -> str:
    return " ".join(sentences(BASE | found | other)).replace("\u00a0", " ").replace("\u2060", "")


def test_an_effect_is_claimed_only_where_the_interval_leaves_out_zero() -> None:
    money = {"to_prevent": True, "contacts": 800, "share_control": 0.2}
    sure = _said(effect(arms(800, 160, 200, 80), Money(2, 50), **money))
    assert "The contact worked: 160 readers kept" in sure
    assert "160 left (20.0%, 17.4% to 22.9%); of 200 left alone, 80 (40.0%" in sure
    assert "cost €1,600, €10 for each reader kept; net of that they brought €6,400" in sure
    unsure = _said(effect(arms(800, 160, 200, 44), Money(2, 50), **money))
    assert "No effect can be told from chance: between −" in unsure
    assert "worked" not in unsure
    assert (
        "would have shown an effect of 9.1 percentage points in four of five cases; the contact pays from 4.0" in unsure
    )
    harm = _said(effect(arms(800, 320, 200, 40), Money(2, 50), **money))
    assert "The contact did harm: 160 more readers left than without it" in harm


def test_what_spoils_a_measurement_is_said() -> None:
    broken = effect(arms(860, 200, 140, 50), Money(1, 50), to_prevent=True, contacts=860, share_control=0.2)
    assert "The arms are not as they were drawn" in _said(broken)
    found = effect(arms(800, 160, 200, 80), Money(2, 50), to_prevent=True, contacts=800, share_control=0.2)
    assert "Left out: 2 readers who were erased, and 3" in _said(found, left_out={"erased": 2, "outage": 3})
    costly = effect(arms(800, 160, 200, 80), Money(9, 50), to_prevent=True, contacts=800, share_control=0.2)
    assert "That it paid for itself is not sure" in _said(costly)
