"""Definitions: what is read, what is refused and in which words, and that a running one stays as it is."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from trial import TEXT, trial, write

from readership.errors import InputError
from readership.experiments.definition import Experiment, Namespace
from readership.experiments.reading import read_experiment, read_experiments
from readership.experiments.started import FILE, check_unchanged, remember_started

START = datetime(2026, 3, 2, tzinfo=UTC)


def test_a_definition_is_read_as_it_is_written(tmp_path) -> None:
    found = trial(tmp_path, ("end = 2026-03-16", "end = 2026-03-16T06:00:00+02:00"))
    assert (found.key, found.control, found.variants, found.weights) == (
        "home-hybrid", "control", ("control", "hybrid"), (0.5, 0.5),
    )  # fmt: skip
    assert (found.start, found.end) == (START, datetime(2026, 3, 16, 4, tzinfo=UTC))
    assert found.complete_at == found.end + timedelta(days=7)
    assert [(m.name, m.kind, m.measure, m.per) for m in found.metrics] == [
        ("active_days", "mean", "active_days", None),
        ("engagement", "ratio", "engaged_seconds", "article_views"),
        ("subscribed", "conversion", "subscription_starts", None),
    ]
    (rail,) = found.guardrails
    assert (rail.better, rail.margin) == ("less", 0.1)
    assert [found.running(at) for at in (START - timedelta(1), START, found.end)] == [False, True, False]


def test_everything_it_says_makes_the_same_one_again(tmp_path) -> None:
    more = "segments = ['country']\nmodels = {task='churn', control='v1', hybrid='v2'}\naudience = {brand=['k']}"
    namespace = "namespace = {name='n', range=[0.0, 0.5]}"
    found = trial(tmp_path, ("pre_days = 14", f"pre_days = 14\n{more}\n{namespace}"))
    assert found.models == ("churn", {"control": "v1", "hybrid": "v2"})
    assert Experiment.of(found.content()) == found
    plain = trial(tmp_path)
    assert "models" not in plain.content()  # or what was remembered of older ones would count as changed
    assert Experiment.of(plain.content()) == plain


REFUSED = [
    ("[0.5, 0.5]", "[0.5, 0.4]", "weights [0.5, 0.4] sum to 0.9, not to 1; divide each by 0.9"),
    ("[0.5, 0.5]", "[1.0]", "there are 2 variants but 1 weights"),
    ("[0.5, 0.5]", "[1.5, -0.5]", "weights is [1.5, -0.5]; write the chance of each variant"),
    ('["control", "hybrid"]', '["control"]', "one alone cannot be compared: name the control first"),
    ('["control", "hybrid"]', '["a", "a"]', "variants is ['a', 'a']; each may stand once"),
    ('measure = "engaged_seconds"', 'measure = "joy"', "[metrics.engagement] counts 'joy', which is not known"),
    ("[metrics.active_days]", "[metrics.joy]", "[metrics.joy] counts 'joy', which is not known; there are: a"),
    ('per = "article_views"', "", "[metrics.engagement] is a ratio; name what it is per"),
    ('kind = "mean"', 'kind = "median"', "kind is 'median'; it must be one of mean, ratio, conversion"),
    ('kind = "mean"', 'kind = "mean"\nmargin = 0.1', "[metrics.active_days] names 'margin', which is not known"),
    ('kind = "mean"', 'kind = "mean"\ncovariate = "prediction"', "covariate is prediction, but none is named"),
    ("end = 2026-03-16", "end = 2026-03-02", "end 2026-03-02 is not after start 2026-03-02"),
    ("end = 2026-03-16", 'end = "later"', "end is 'later'; write a date or a time"),
    ("end = 2026-03-16", "", "end is missing; it needs hypothesis, unit"),
    ("window_days = 7", "window_days = 70", "window_days is 70; it must be a number from 1 to 64"),
    ("window_days = 7", "window_day = 7", "it names 'window_day', which is not known; there are: audience, coverage"),
    ('unit = "reader"', 'unit = "cookie"', "unit is 'cookie'; it must be one of reader, device, session"),
    ("pre_days = 14", "pre_days = 14\ncoverage = 2", "coverage is 2; it must be a number from 0 to 1"),
    ("pre_days = 14", "pre_days = 14\nnamespace = {name='n', range=[0.5, 0.4]}", "range is [0.5, 0.4]; it must be two"),
    ("pre_days = 14", "pre_days = 14\nsegments = ['mood']", "segments names 'mood', which is not known; there are: b"),
    ("[guardrails.cancelled]", "[guardrails.subscribed]", "'subscribed' is a metric and a guard-rail"),
    ("[guardrails.cancelled]", "[models]\ntask = 'churn'\n[guardrails.cancelled]", "it has a task, and the version of"),
    (
        "[guardrails.cancelled]", "[models]\ntask='churn'\ncontrol='v1'\nhybrid='v1'\n[guardrails.cancelled]",
        "each variant needs a version of its own",
    ),
    (
        'unit = "reader"', 'unit = "device"\nmodels = {task="churn", control="v1", hybrid="v2"}',
        "the unit must be reader",
    ),
    ("unit", "= unit", "home-hybrid.toml is not TOML"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "message"), REFUSED, ids=[message[:40] for *_, message in REFUSED])
def test_what_cannot_be_used_is_refused_by_name_value_and_next_step(tmp_path, before, after, message) -> None:
    with pytest.raises(InputError) as raised:
        trial(tmp_path, (before, after))
    assert str(raised.value).startswith("experiment 'home-hybrid': ")
    assert message in str(raised.value)


def test_a_file_name_that_is_no_key_is_refused(tmp_path) -> None:
    with pytest.raises(InputError, match="its file name must be letters, digits"):
        read_experiment(write(tmp_path, key="home hybrid"))


def test_experiments_that_exclude_each_other_must_not_overlap(tmp_path) -> None:
    def share(low: float, high: float, key: str, start: str = "2026-03-02") -> None:
        text = TEXT.replace("pre_days", f'namespace = {{name = "home", range = [{low}, {high}]}}\npre_days')
        write(tmp_path, text.replace("2026-03-02", start), key)

    share(0, 0.5, "one")
    share(0.4, 1, "two")
    with pytest.raises(InputError) as raised:
        read_experiments(tmp_path)
    assert "experiments 'one' and 'two' exclude each other (namespace 'home'), but both claim 0.4 to 0.5" in str(
        raised.value
    )
    assert "from 2026-03-02 to 2026-03-16; give them ranges, or times, that do not meet" in str(raised.value)
    share(0.5, 1, "two")
    found = read_experiments(tmp_path)
    assert found["two"].namespace == Namespace("home", 0.5, 1.0)
    share(0.4, 1, "two", start="2026-03-15")
    with pytest.raises(InputError, match="from 2026-03-15 to 2026-03-16"):
        read_experiments(tmp_path)


def test_no_folder_holds_no_experiments(tmp_path) -> None:
    assert read_experiments(tmp_path / "nowhere") == {}


def change(folder, before: str, after: str) -> None:
    assert before in TEXT
    write(folder, TEXT.replace(before, after))


def remember(folder, now: datetime = START) -> None:
    remember_started(folder, read_experiments(folder), now)


def test_one_that_has_not_started_may_change(tmp_path) -> None:
    write(tmp_path)
    remember(tmp_path, START - timedelta(seconds=1))
    assert not (tmp_path / FILE).exists()
    change(tmp_path, "[0.5, 0.5]", "[0.4, 0.6]")
    remember(tmp_path)
    assert json.loads((tmp_path / FILE).read_text())["home-hybrid"]["definition"]["weights"] == [0.4, 0.6]


CHANGES = [
    ("[0.5, 0.5]", "[0.4, 0.6]", "weights"),
    ("on more days", "sooner", "hypothesis"),
    ("margin = 0.1", "margin = 0.2", "guardrails"),
    ("window_days = 7", "window_days = 8", "window_days"),
]


@pytest.mark.parametrize(("before", "after", "what"), CHANGES)
def test_one_that_has_started_may_not_change_and_the_way_is_told(tmp_path, before, after, what) -> None:
    write(tmp_path)
    remember(tmp_path)
    change(tmp_path, before, after)
    with pytest.raises(InputError) as raised:
        check_unchanged(tmp_path, read_experiments(tmp_path))
    assert f"'home-hybrid' was changed after its start on 2026-03-02: {what}." in str(raised.value)
    assert "start a new one under another key; nothing was assigned" in str(raised.value)
    write(tmp_path)
    check_unchanged(tmp_path, read_experiments(tmp_path))


def test_its_end_may_come_earlier_and_its_coverage_grow_but_not_back(tmp_path) -> None:
    write(tmp_path, TEXT.replace("pre_days", "coverage = 0.1\npre_days"))
    remember(tmp_path)
    write(tmp_path, TEXT.replace("pre_days", "coverage = 0.5\npre_days").replace("2026-03-16", "2026-03-10"))
    remember(tmp_path)
    for text in (TEXT.replace("2026-03-16", "2026-03-10").replace("pre_days", "coverage = 0.4\npre_days"), TEXT):
        write(tmp_path, text)
        with pytest.raises(InputError, match="its end may only come earlier"):
            remember(tmp_path)


def test_a_record_that_cannot_be_read_is_told(tmp_path) -> None:
    write(tmp_path)
    (tmp_path / FILE).write_text("{")
    with pytest.raises(InputError, match="bring it back from your version control"):
        remember(tmp_path)
