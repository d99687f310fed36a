"""What an experiment's page and sentences claim: no more than its intervals, for every verdict."""

from typing import Any

import pytest

from readership.evaluation.reports.experiment import write_experiment_report
from readership.evaluation.reports.experiment_words import cautions, change, guardrails, headlines, sentences


def finding(metric: str = "articles", variant: str = "hybrid", **more: Any) -> dict[str, Any]:
    """+5 % [1 %, 9 %] at the end, [-2 %, 12 %] always valid, of a control group at 4."""
    found = {
        "metric": metric, "variant": variant, "units_control": 500, "units_treatment": 480, "control": 4.0,
        "treatment": 4.2, "difference": 0.2, "low": 0.04, "high": 0.36, "relative": 0.05, "relative_low": 0.01,
        "relative_high": 0.09, "p": 0.01, "p_adjusted": 0.02, "variance_cut": 0.4, "always_low": -0.08,
        "always_high": 0.48, "always_p": 0.3, "unknown": "", "guardrail": False, "verdict": "open",
    }  # fmt: skip
    return found | more


TOLD = ("control", "treatment", "difference", "relative", "p", "p_adjusted", "variance_cut", "always_p")
BOUNDS = ("low", "high", "relative_low", "relative_high", "always_low", "always_high")
UNKNOWN = dict.fromkeys((*TOLD, *BOUNDS)) | {"unknown": "every unit has the same value", "verdict": "unknown"}


def measured(*findings: dict[str, Any], verdict: str = "wait", complete: bool = False, **more: Any) -> dict[str, Any]:
    variants = list(dict.fromkeys(one["variant"] for one in findings))
    look = {"day": 8, "units": 900, "difference": 0.2, "low": 0.0, "high": 0.4, "always_low": None, "always_high": None}
    return {
        "experiment": "home", "hypothesis": "It helps <b>readers</b>.", "as_of": "2026-03-12T00:00:00+00:00",
        "complete_at": "2026-03-23T00:00:00+00:00", "state": "running", "complete": complete,
        "definition": {
            "unit": "reader", "weights": [1 / (1 + len(variants))] * (1 + len(variants)), "window_days": 7,
            "pre_days": 28, "expected_units": 10_000, "start": "2026-03-02", "end": "2026-03-16",
            "metrics": [{"name": findings[0]["metric"]}],
        },
        "variants": {"control": 500} | dict.fromkeys(variants, 480),
        "split": {"p": 0.5, "verdict": "as drawn", "expected": [490.0] * (1 + len(variants)), "broken": False},
        "outcomes_open": 0, "moved": 0, "exposures_left_out": {"unknown variant": 0},
        "units_of": {one["metric"]: "articles" for one in findings},
        "findings": list(findings), "verdicts": dict.fromkeys(variants, verdict),
        "over_time": [look | {"variant": variant} for variant in variants], "segments": [], "heterogeneity": [],
    } | more  # fmt: skip


VERDICTS = [
    ("wait", False, "hybrid: let it run. Nothing can be told from chance yet: articles +5.0% [-2.0%,\u00a0+12.0%]."),
    ("adopt", True, "hybrid: adopt it. It is better: articles +5.0% [+1.0%,\u00a0+9.0%]."),
    ("drop", True, "hybrid: drop it. It is worse: articles +5.0% [+1.0%,\u00a0+9.0%]."),
    ("no difference", True, "hybrid: no difference to tell. It cannot be told from chance: articles +5.0% [+1.0%,"),
    ("broken", False, "hybrid: do not believe it. The arms are not as they were drawn (p 0.5)"),
]


@pytest.mark.parametrize(("verdict", "complete", "said"), VERDICTS)
def test_each_verdict_has_its_words_by_the_interval_that_counts(verdict, complete, said) -> None:
    (found,) = headlines(measured(finding(), verdict=verdict, complete=complete))
    assert found.startswith(said)


def test_a_harmed_guard_rail_is_named() -> None:
    rail = finding("ad_impressions", guardrail=True, verdict="harmed")
    found = measured(finding(), rail, verdict="harm")
    assert headlines(found) == ["hybrid: stop it. It harms ad impressions, whatever it gains elsewhere."]
    assert guardrails(found) == ["Guard-rail ad impressions, hybrid: it is harmed: +5.0% [-2.0%,\u00a0+12.0%]."]
    safe = guardrails(measured(finding(), rail | {"verdict": "safe"}))
    assert safe == [
        "Guard-rail ad impressions, hybrid: it is safe: even the worse end of its interval lies within the margin."
    ]


def test_a_control_group_at_zero_has_no_share() -> None:
    assert change(finding(control=0.0), measured(finding())) == "+0.2 [-0.08,\u00a0+0.48] articles"
    assert change(finding(**UNKNOWN), measured(finding())) == "not known yet (every unit has the same value)"
    assert change(finding(always_low=None), measured(finding())) == "not known yet (too few units)"


def test_what_to_know_before_believing_it() -> None:
    found = measured(
        finding(),
        outcomes_open=12,
        moved=1,
        exposures_left_out={"unknown variant": 3, "outside its time": 0},
        heterogeneity=[{"segment": "device_type", "variant": "hybrid", "q": 9.0, "p": 0.001, "p_adjusted": 0.002}],
    )
    told = " ".join(cautions(found))
    for words in (
        "complete on 2026-03-23. Until then only the always-valid interval counts",
        "12 units exposed in the last 7 days are not in the figures yet",
        "1 unit met a second variant later",
        "3 exposures were left out: unknown variant.",
        "The effect of hybrid differs by device type (p 0.002)",
    ):
        assert words in told
    assert cautions(measured(finding(), complete=True)) == []


def test_the_page_holds_up_to_several_variants_and_to_nothing_known(tmp_path) -> None:
    several = measured(finding(), finding(variant="b"), finding("cancelled", guardrail=True, verdict="safe"))
    page = write_experiment_report(several, tmp_path).read_text()
    assert "It helps &lt;b&gt;readers&lt;/b&gt;." in page
    assert "articles of hybrid 40% less variance, articles of b 40% less variance" in page
    assert sorted(path.stem for path in (tmp_path / "experiment-home").iterdir()) == [
        "arms", "effects", "guardrails", "over_time_b", "over_time_hybrid",
    ]  # fmt: skip
    nothing = measured(finding(**UNKNOWN), over_time=[], experiment="empty")
    page = write_experiment_report(nothing, tmp_path).read_text()
    assert "cannot be told: every unit has the same value" in page
    assert [path.stem for path in (tmp_path / "experiment-empty").iterdir()] == ["arms"]
    assert len(sentences(nothing)) == 2
