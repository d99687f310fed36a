"""The judgement on facts: what is in the way is named with its remedy, and more data never makes a step worse."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readership.evaluation.readiness import Cutoff, Diagnosis, Facts, Machine, Question, Step, diagnose
from readership.evaluation.reports.doctor import lines, verdict, write_doctor

NOW = datetime(2026, 10, 1, tzinfo=UTC)
ORDER = {"impossible": 0, "degraded": 1, "ready": 2}
FOLDS = ("train", "validation", "calibration", "test", "test", "test")
QUESTIONS = {"churn": (28, 56), "churn_subscribers": (60, 28), "conversion": (14, 28)}
FIELDS = ("time_on_page", "category", "device_type", "referrer", "article_id", "position", "propensity", "period_end")


def question(name: str, asked: int = 1000, positives: int = 300) -> Question:
    horizon, lookback = QUESTIONS[name]
    days = [NOW - timedelta(days=horizon * (len(FOLDS) - place)) for place in range(len(FOLDS))]
    return Question(
        horizon,
        lookback,
        tuple(Cutoff(day, fold, asked, positives) for day, fold in zip(days, FOLDS, strict=True)),
        planned=21,
    )


GOOD = Facts(
    source="a publisher",
    grain="events",
    now=NOW,
    rows=1_000_000,
    readers=20_000,
    registered=9_000,
    consenting=15_000,
    starts=400,
    first=NOW - timedelta(days=400),
    last=NOW,
    days=400,
    fields=dict.fromkeys(FIELDS, 1_000_000),
    types={"article_impression": 9, "article_click": 9, "ad_impression": 9, "ad_click": 9, "subscription_start": 9},
    received_rows=1_000_000,
    consent_rows=1_000_000,
    zone_rows=1_000_000,
    brands=("Kurier",),
    tables={"subscriptions": 100, "articles": 100, "titled_articles": 100, "ads": 10, "exposures": 5},
    questions={name: question(name) for name in QUESTIONS},
    built=frozenset({"exploration", "features", "baselines", "churn", "churn_subscribers", "serving"}),
    champions=("churn",),
    machine=Machine(16, 100, 4),
)


def step(facts: Facts, name: str) -> Step:
    (found,) = (step for step in diagnose(facts).steps if step.step == name)
    return found


def without(*names: str) -> dict[str, int]:
    return {name: count for name, count in GOOD.fields.items() if name not in names}


def test_with_everything_there_every_step_is_ready() -> None:
    found = diagnose(GOOD)
    assert {step.step: step.state for step in found.steps} == dict.fromkeys(
        ("exploration", "features", "baselines", "churn", "churn_subscribers", "segmentation", "recommendation",
         "conversion", "click", "engagement", "ads", "serving", "experiments"), "ready",
    )  # fmt: skip
    assert {remark.state for remark in found.remarks} == {"fine"}
    assert all(need.enough for need in found.needs)
    assert verdict(found) == "6 of 6 steps can run"


@pytest.mark.parametrize(
    ("name", "change", "state", "reason", "remedy"),
    [
        ("churn", {"registered": 0}, "impossible", "no login, no registration, no tier", "`subscription_tier`"),
        ("churn", {"consenting": 0, "consent_rows": 0}, "impossible", "the data does not say", "--consent"),
        ("features", {"consenting": 0}, "impossible", "none of those who said agrees", "--consent"),
        ("features", {"fields": without("category")}, "degraded", "no row carries categories", "in the mapping"),
        ("exploration", {"gap_days": 30, "gap_from": NOW}, "degraded", "30 days without any row", "`outages`"),
        ("exploration", {"repeats": 40_000}, "degraded", "40,000 rows (4%) say the same", "`event_id`"),
        ("exploration", {"quarantined": 40_000}, "degraded", "40,000 rows could not be", "`quarantine`"),
        ("churn", {"missing_packages": {"train": ("xgboost",)}}, "impossible", "xgboost", "readership[train]"),
        ("serving", {"missing_packages": {"serve": ("fastapi",)}}, "impossible", "fastapi", "readership[serve]"),
        ("serving", {"champions": ()}, "degraded", "no model is live", "`readership run`"),
        ("churn_subscribers", {"tables": {}, "fields": without("period_end")}, "impossible", "no paid periods",
         "--table subscriptions FILE"),
        ("recommendation", {"tables": {}}, "degraded", "no article has a title", "--table articles FILE"),
        ("recommendation", {"fields": without("article_id")}, "impossible", "which article", "`article_id`"),
        ("conversion", {"starts": 0}, "impossible", "no subscription begins", "`subscription_tier`"),
        ("click", {"types": {}}, "impossible", "no `article_impression`", "`position` and `slate_id`"),
        ("click", {"fields": without("position")}, "degraded", "at which position", "`slate_id`"),
        ("ads", {"types": {"ad_impression": 3}}, "impossible", "no `ad_click`", "ad server"),
        ("ads", {"fields": without("propensity")}, "impossible", "`propensity`", "probability"),
        ("ads", {"tables": {"articles": 100}}, "impossible", "bids and budgets", "--table ads"),
        ("engagement", {"fields": {}}, "degraded", "no reading time", "`time_on_page`"),
        ("experiments", {"tables": {}}, "degraded", "no exposure", "`variant`"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named_with_its_remedy(
    name: str, change: dict, state: str, reason: str, remedy: str
) -> None:
    found = step(replace(GOOD, **change), name)
    assert (found.state, reason in found.reason, remedy in found.remedy) == (state, True, True), found


def test_too_short_a_history_says_the_longest_horizon_that_fits() -> None:
    short = replace(GOOD, first=NOW - timedelta(days=100), questions=GOOD.questions | {"churn": Question(28, 56)})
    found = step(short, "churn")
    assert found.state == "impossible"
    assert found.reason.startswith("100 days of history, and 28 days ahead after 56 back need 168")
    assert "the longest horizon that fits is 11 days" in found.reason
    assert found.remedy == "set READERSHIP_CHURN_HORIZON_DAYS=11, or bring 68 days more of history"


def test_a_fold_without_readers_or_with_one_answer_is_named() -> None:
    def churn(**numbers: int) -> Step:
        cutoffs = [replace(c, **numbers) if c.fold == "validation" else c for c in question("churn").cutoffs]
        return step(replace(GOOD, questions=GOOD.questions | {"churn": Question(28, 56, tuple(cutoffs), 21)}), "churn")

    day = f"{question('churn').cutoffs[1].as_of:%Y-%m-%d}"
    assert churn(asked=0, positives=0).reason.startswith(f"nobody can be asked about at the validation cut-off {day}")
    assert churn(positives=0).reason == f"all 1,000 answers at the validation cut-off {day} are the same"


def test_a_step_that_is_not_built_is_judged_and_cannot_count_as_running() -> None:
    poor = replace(GOOD, registered=0, consenting=0, missing_packages={"train": ("x",), "serve": ("y",)})
    found = diagnose(poor)
    assert {step.step for step in found.steps if step.state != "impossible"} == {"ads", "experiments"}
    assert not found.anything_runs
    assert verdict(found) == "nothing can run on this data yet"


def test_a_small_machine_is_told_what_it_lacks() -> None:
    huge = replace(GOOD, rows=2_000_000_000, readers=80_000_000, to_load=True, machine=Machine(8, 10, 2))
    loading, run = diagnose(huge).needs
    assert not loading.enough
    assert "10.0 are free: free some, or set READERSHIP_HOME" in loading.remedy
    assert not run.enough
    assert "this machine has 8.0" in run.remedy
    assert run.seconds > 3600


def test_nothing_at_all() -> None:
    found = diagnose(Facts("an empty table", "events", NOW, built=GOOD.built))
    assert {step.state for step in found.steps} == {"impossible"}
    assert {step.reason for step in found.steps} == {"an empty table holds no rows"}
    assert (found.remarks, found.needs, found.anything_runs) == ((), (), False)


COUNTS = st.integers(0, 10**9)


@st.composite
def any_facts(draw: st.DrawFn) -> Facts:
    rows = draw(COUNTS)
    readers = draw(st.integers(min(1, rows), max(1, rows)))
    share = st.integers(0, readers)
    asked = draw(st.integers(0, 2000))
    fits = draw(st.booleans())
    return Facts(
        source=draw(st.text(max_size=20)),
        grain=draw(st.sampled_from(["events", "sessions"])),
        now=NOW,
        rows=rows,
        readers=readers,
        registered=draw(share),
        consenting=draw(share),
        starts=draw(share),
        first=NOW - timedelta(days=draw(st.integers(0, 4000))) if rows else None,
        last=NOW,
        days=draw(st.integers(0, 4000)),
        gap_days=draw(st.integers(0, 400)),
        gap_from=NOW,
        fields=draw(st.dictionaries(st.sampled_from(FIELDS), COUNTS)),
        types=draw(st.dictionaries(st.sampled_from(sorted(GOOD.types)), COUNTS)),
        repeats=draw(st.integers(0, rows)),
        received_rows=draw(COUNTS),
        late_rows=draw(st.integers(0, rows)),
        consent_rows=draw(st.integers(0, rows)),
        brands=tuple(draw(st.lists(st.text(max_size=9), max_size=100))),
        tables=draw(st.dictionaries(st.sampled_from(sorted(GOOD.tables)), COUNTS)),
        questions={
            name: question(name, asked, draw(st.integers(0, asked))) if fits else Question(*QUESTIONS[name])
            for name in QUESTIONS
        },
        built=GOOD.built,
        machine=Machine(draw(st.floats(0.5, 1e4)), draw(st.floats(0, 1e5)), 2),
    )


@given(any_facts())
def test_any_facts_have_an_answer_for_every_step(facts: Facts) -> None:
    found = diagnose(facts)
    assert len(found.steps) == 13
    assert all(step.reason and step.state in ORDER for step in found.steps)
    assert all(step.remedy for step in found.steps if step.state != "ready")
    assert all(need.seconds > 0 and need.memory_gib > 0 and need.enough == (not need.remedy) for need in found.needs)
    assert "\n".join(lines(facts, found))


@given(any_facts())
def test_consent_and_registration_of_more_readers_never_make_a_step_worse(facts: Facts) -> None:
    more = replace(facts, registered=facts.readers, consenting=facts.readers)
    before, after = diagnose(facts).steps, diagnose(more).steps
    assert all(ORDER[now.state] >= ORDER[then.state] for then, now in zip(before, after, strict=True))


def test_the_page_needs_nothing_else_and_escapes_what_the_data_says(tmp_path) -> None:  # type: ignore[no-untyped-def]
    facts = replace(GOOD, brands=("<script>alert(1)</script>",))
    html = write_doctor(facts, diagnose(facts), tmp_path / "deep" / "doctor.html").read_text(encoding="utf-8")
    assert "<script" not in html
    assert "http" not in html.replace("http-equiv", "")
    assert "&lt;script&gt;alert(1)" in html
    assert "6 of 6 steps can run." in html


def test_steps_that_say_the_same_share_a_line() -> None:
    facts = Facts("an empty table", "events", NOW, built=GOOD.built)
    found: Diagnosis = diagnose(facts)
    assert [line for line in lines(facts, found) if line.startswith("impossible  exploration, features, baselines")]
