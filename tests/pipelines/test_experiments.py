"""From events to a decision: an experiment listed, planned, analysed and shown, and what is refused on the way."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from readership.cli import app, experiments
from readership.errors import InputError, NotEnoughData
from readership.evaluation.reports.experiment_words import sentences
from readership.experiments.assignment import Experiment, assign_many, read_experiments
from readership.pipelines.experiment_plan import Wanted, plan_experiment, told
from readership.pipelines.experiments import analyze_experiment, list_experiments
from readership.pipelines.progress import Progress
from readership.settings import Settings
from readership.warehouse import Warehouse

START = datetime(2026, 3, 2, tzinfo=UTC)
END, NOW = START + timedelta(days=14), START + timedelta(days=22)
READERS = 2_000
DEFINITION = """
hypothesis = "Personal ranking makes readers read more."
unit = "reader"
variants = ["control", "hybrid"]
weights = [0.5, 0.5]
start = 2026-03-02
end = 2026-03-16
pre_days = 14
expected_units = 2000
segments = ["device_type"]

[metrics.articles]
kind = "mean"
measure = "article_views"

[metrics.reading]
kind = "ratio"
measure = "engaged_seconds"
per = "article_views"

[guardrails.cancelled]
kind = "conversion"
measure = "subscription_cancels"
better = "less"
margin = 0.1
"""


@pytest.fixture(scope="module")
def publisher(warehouse_root: Warehouse) -> Iterator[Warehouse]:
    """Readers who come daily with a rate of their own; those in `hybrid` read one article more in four."""
    with warehouse_root.scratch() as scratch:
        _live(scratch)
        yield scratch


def _live(warehouse: Warehouse) -> None:
    rng = np.random.default_rng(1)
    readers = np.arange(1, READERS + 1)
    hybrid = lots(readers) == 1
    rate = rng.gamma(2.0, 0.2, READERS)
    frames = []
    for day in range(-42, 22):
        more = np.where(hybrid & (day >= 0), 1.25, 1.0)
        who = np.repeat(readers, rng.poisson(rate * more))
        at = pl.lit(START + timedelta(days=day)).dt.cast_time_unit("ms")
        later = pl.Series(rng.integers(0, 86_400_000, len(who))).cast(pl.Duration("ms"))
        frames.append(
            pl.DataFrame(
                {
                    "user_id": who.astype(np.uint64),
                    "engaged_ms": rng.integers(1_000, 90_000, len(who)),
                    "device_type": np.where(who % 3 == 0, "mobile", "desktop").tolist(),
                }
            ).with_columns(event_type=pl.lit("article_view"), timestamp=at + later)
        )
    events = pl.concat(frames).with_columns(received_at="timestamp", loaded_at="timestamp")
    warehouse.insert("events", events.to_arrow())
    first = (
        events.filter(pl.col("timestamp").is_between(START, END, closed="left"))
        .group_by("user_id")
        .agg(at=pl.col("timestamp").min())
    )
    named = pl.Series(["hybrid" if h else "control" for h in hybrid])[(first["user_id"] - 1).cast(pl.UInt32)]
    exposed = first.select(
        unit=pl.col("user_id").cast(pl.String),
        experiment=pl.lit("home"),
        variant=named,
        at="at",
        received_at="at",
        loaded_at="at",
    )
    warehouse.insert("exposures", exposed.sort("unit").to_arrow())


def lots(readers: np.ndarray) -> np.ndarray:
    """The place of each reader's variant in the experiment `home`."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    home = Experiment("home", "", "reader", ("control", "hybrid"), (0.5, 0.5), at, at + timedelta(1), ())
    return assign_many(home, [str(reader) for reader in readers])


@pytest.fixture
def home(settings: Settings) -> Settings:
    """A home with the definition of `home`."""
    folder = settings.root / "experiments"
    folder.mkdir()
    (folder / "home.toml").write_text(DEFINITION)
    return settings


def test_a_finished_experiment_is_told_with_its_page(publisher, home) -> None:
    measured, page = analyze_experiment(publisher, home, NOW + timedelta(days=1), "home")
    articles, reading, cancelled = measured["findings"]
    assert (measured["complete"], measured["state"], measured["outcomes_open"]) == (True, "complete", 0)
    assert sum(measured["variants"].values()) == publisher.scalar("SELECT uniqExact(unit) FROM exposures")
    assert (measured["split"]["verdict"], measured["moved"]) == ("as drawn", 0)
    gain = 0.25 * (articles["control"] - 1)  # a quarter of all but the one they are first seen with
    assert articles["low"] < gain < articles["high"]
    assert (articles["verdict"], measured["verdicts"]) == ("better", {"hybrid": "adopt"})
    assert 0.2 < articles["variance_cut"] < 0.8
    assert reading["verdict"] == "open"
    assert (cancelled["unknown"], cancelled["verdict"]) == ("every unit has the same value", "unknown")
    assert {part["value"] for part in measured["segments"]} == {"mobile", "desktop"}
    assert sum(part["units_control"] for part in measured["segments"]) == articles["units_control"]
    assert measured["over_time"][-1]["difference"] == articles["difference"]
    assert json.loads((home.artifacts_dir / "experiments/home.json").read_text()) == json.loads(json.dumps(measured))
    said = sentences(measured)
    assert said[0].startswith("hybrid: adopt it. It is better: articles +")
    html = page.read_text()
    assert page.name == "experiment-home.html"
    assert all(words in html for words in ("Personal ranking makes readers read more.", "Hybrid: adopt it", "as drawn"))
    assert sorted(path.stem for path in page.with_suffix("").iterdir()) == [
        "arms", "effects", "over_time_hybrid", "segments_hybrid",
    ]  # fmt: skip


def test_while_it_runs_the_always_valid_interval_counts(publisher, home) -> None:
    measured, _ = analyze_experiment(publisher, home, START + timedelta(days=9), "home")
    assert (measured["complete"], measured["state"]) == (False, "running")
    assert measured["outcomes_open"] > 0
    assert [look["day"] for look in measured["over_time"]] == [8, 9]
    said = " ".join(sentences(measured))
    assert "It is complete on 2026-03-23. Until then only the always-valid interval counts" in said
    assert "are not in the figures yet: their outcome is still open" in said


def test_nothing_after_the_log_s_end_is_taken_for_nothing_done(publisher, home) -> None:
    (home.root / "experiments/home.toml").write_text(DEFINITION.replace("end = 2026-03-16", "end = 2026-03-18"))
    measured, _ = analyze_experiment(publisher, home, NOW + timedelta(days=60), "home")
    assert (measured["as_of"][:10], measured["complete_at"][:10]) == ("2026-03-23", "2026-03-25")
    assert measured["state"] == "closing"


def test_a_plan_is_made_from_the_weeks_before(publisher, home) -> None:
    found = plan_experiment(publisher, home, START, "home", Wanted(effect=0.1))
    articles, reading, cancelled = found["metrics"]
    assert articles["baseline"]["value"] == pytest.approx(1 + 7 * 0.4, rel=0.1)  # the one first seen, and a week's
    assert 0.2 < articles["baseline"]["explained"] < 0.8
    assert articles["units"] < articles["units_without_covariate"] < 2 * articles["units_watched"]
    assert articles["effect"] == pytest.approx(0.1 * articles["baseline"]["value"])
    assert articles["days"] is not None
    assert reading["unit"] == "seconds per article"
    assert "unknown" in cancelled
    lines = told(found)
    assert "to find an effect of 10.0% in 80% of the cases" in lines[0]
    assert any("cancelled: cannot be planned" in line for line in lines)


def test_the_state_of_each_is_listed(home) -> None:
    states = [list_experiments(home, START + timedelta(days=day))[0]["state"] for day in (-1, 0, 14, 21)]
    assert states == ["planned", "running", "closing", "complete"]


@pytest.mark.parametrize(("effect", "power"), [(0.0, 0.8), (1.5, 0.8), (0.1, 1.0), (0.1, 0.2)])
def test_what_cannot_be_planned_is_refused(publisher, home, effect, power) -> None:
    with pytest.raises(InputError, match=r"cannot be planned; give an effect as a share"):
        plan_experiment(publisher, home, START, "home", Wanted(effect, power))


def test_an_experiment_nobody_is_in_says_why(publisher, home) -> None:
    folder = home.root / "experiments"
    (folder / "home.toml").write_text(DEFINITION.replace('"hybrid"', '"new"').replace('"control"', '"old"'))
    with pytest.raises(
        NotEnoughData, match=r"there are exposures \([\d,]+: unknown variant\); its variants are old, new"
    ):
        analyze_experiment(publisher, home, NOW, "home")
    (folder / "other.toml").write_text(DEFINITION)
    with pytest.raises(NotEnoughData, match="no exposure of that name is in the warehouse"):
        analyze_experiment(publisher, home, NOW, "other")


def test_a_name_nobody_knows_is_told_with_those_there_are(publisher, home) -> None:
    with pytest.raises(InputError, match=r"there is no experiment 'away' in .*; there are: home"):
        analyze_experiment(publisher, home, NOW, "away")


def test_one_changed_while_it_runs_is_refused(publisher, home) -> None:
    list_experiments(home, START)
    path = home.root / "experiments/home.toml"
    path.write_text(DEFINITION.replace("[0.5, 0.5]", "[0.6, 0.4]"))
    with pytest.raises(InputError, match="was changed after its start on 2026-03-02: weights"):
        analyze_experiment(publisher, home, NOW, "home")
    assert read_experiments(path.parent)["home"].weights == (0.6, 0.4)


def test_a_broken_split_is_not_believed(publisher, home) -> None:
    (home.root / "experiments/home.toml").write_text(DEFINITION.replace("[0.5, 0.5]", "[0.7, 0.3]"))
    measured, _ = analyze_experiment(publisher, home, NOW + timedelta(days=1), "home")
    assert measured["verdicts"] == {"hybrid": "broken"}
    assert sentences(measured)[0].startswith("hybrid: do not believe it. The arms are not as they were drawn")


def test_the_commands_answer_in_words_and_in_json(publisher, home, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def opened():
        with Progress() as progress:
            yield publisher, home, progress

    monkeypatch.setattr(experiments, "open_warehouse", opened)
    runner = CliRunner()
    listed = runner.invoke(app, ["experiment", "list", "--as-of", "2026-03-10", "--json"])
    assert json.loads(listed.stdout)["experiments"][0]["state"] == "running"
    assert "home" in runner.invoke(app, ["experiment", "list"]).stdout
    planned = runner.invoke(app, ["experiment", "plan", "home", "--effect", "0.1", "--as-of", "2026-03-02"])
    assert planned.exit_code == 0
    assert "articles: now" in planned.stdout
    analysed = runner.invoke(app, ["experiment", "analyze", "home", "--as-of", "2026-03-12", "--json"])
    assert json.loads(analysed.stdout)["report"].endswith("experiment-home.html")
    assert "report: " in runner.invoke(app, ["experiment", "analyze", "home", "--as-of", "2026-03-12"]).stdout
