"""What is measured of segments, by hand and beside scikit-learn; what is said of it; and the page."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from segment_world import CUTOFFS, world
from sklearn.metrics import adjusted_rand_score, davies_bouldin_score

from readership.evaluation.bootstrap import Draws
from readership.evaluation.reports import write_index, write_report
from readership.evaluation.reports.segment_charts import labels_of, plots
from readership.evaluation.segment_evaluation import Deployed, Facts, evaluate_segments
from readership.evaluation.segment_verdict import next_steps, trust
from readership.evaluation.segments import adjusted_rand, agreement, davies_bouldin, silhouettes
from readership.models import segmentation
from readership.models._clusters import group, kmeans
from readership.models._how_many import choose, try_count
from readership.models._segments import described

PLOTS = ["sizes", "differences", "map", "flows", "over_dates", "how_many", "compared"]
TIMES = tuple(CUTOFFS.astype("datetime64[us]").tolist())


@pytest.fixture(scope="module")
def evaluation() -> dict[str, Any]:
    """Three kinds of readers at seven cut-offs: four to choose on, three to judge on."""
    rows, _ = world(readers=30)
    moved = rows.take(~((rows.reader == 0) & (rows.as_of == CUTOFFS[-1])))  # one daily reader no longer comes back
    tried = [try_count(n, moved, TIMES[:4], 3, segmentation.TRAITS, 3) for n in (3, 4)]
    live = moved.at(TIMES[-3:])
    grouping = group(live, segmentation.TRAITS, kmeans(3))
    late = moved.at(TIMES[4:])
    return evaluate_segments(
        moved.at(TIMES[1:4]),
        replace(late, slices={"country": np.where(late.reader % 4 == 0, "AT", "DE")}),
        segmentation.TRAITS,
        choose(tried),
        tried,
        Deployed(grouping, described(moved.at(TIMES[-1:]), grouping, None), live),
        Facts(
            "Which kinds of readers come back?",
            "the audience team",
            "readers who come back",
            {"source": "made up", "events": 1000, "readers": 90, "from": "2026-01-01", "to": "2026-07-01"},
            {
                "traits_left_out": {"tier": "the same for every reader"},
                "directions": 4,
                "usual_sessions": 10.0,
                **{f"{fold}_as_of": [f"{time:%Y-%m-%d}" for time in TIMES] for fold in ("train", "test", "refit")},
            },
            {"verdict": "clean"},
            {"models": 1.0},
        ),
        refits=4,
    )


def test_by_hand_and_beside_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    points, labels, others = rng.normal(size=(60, 3)), rng.integers(0, 3, 60), rng.integers(0, 4, 60)
    assert davies_bouldin(points, labels, np.ones(60)) == pytest.approx(davies_bouldin_score(points, labels))
    table = np.zeros((3, 4))
    np.add.at(table, (labels, others), 1)
    assert adjusted_rand(table) == pytest.approx(adjusted_rand_score(labels, others))
    assert np.isnan(davies_bouldin(points, np.zeros(60, dtype=int), np.ones(60)))
    assert np.isnan(silhouettes(points, np.zeros(60, dtype=int))).all()
    noise = silhouettes(points, np.where(np.arange(60) < 5, -1, labels))
    assert np.isnan(noise[:5]).all()
    assert np.isfinite(noise[5:]).all()


def test_a_weight_counts_as_so_many_rows() -> None:
    points = np.array([[0.0], [2.0], [9.0], [11.0]])
    labels, weight = np.array([0, 0, 1, 1]), np.array([3.0, 1.0, 1.0, 1.0])
    rows = np.repeat(np.arange(4), weight.astype(int))
    assert davies_bouldin(points, labels, weight) == pytest.approx(davies_bouldin_score(points[rows], labels[rows]))


def test_the_interval_of_an_agreement_holds_it() -> None:
    rng = np.random.default_rng(1)
    one = rng.integers(0, 3, 400)
    other = np.where(rng.random(400) < 0.1, rng.integers(0, 3, 400), one)
    found = agreement(one, other, Draws.of(np.arange(400), replicates=100))
    assert found["value"] == pytest.approx(adjusted_rand_score(one, other), abs=1e-6)
    low, high = found["ci95"]
    assert low < found["value"] < high
    assert agreement(one, one + 5, Draws.of(np.arange(400), replicates=10)) == {"value": 1.0, "ci95": [None, None]}


def test_three_kinds_are_found_again_and_beat_the_floors(evaluation: dict[str, Any]) -> None:
    assert evaluation["kind"] == "segment"
    assert (evaluation["champion"], evaluation["protocol"]["count"]) == ("kmeans", 3)
    assert evaluation["metrics"] == {name: evaluation["candidates"]["kmeans_3"][name] for name in evaluation["metrics"]}
    assert evaluation["metrics"]["stability_ari"] == {"value": 1.0, "ci95": [1.0, 1.0]}  # every refit agrees
    assert evaluation["metrics"]["stability_over_time_ari"]["value"] == 1.0
    assert evaluation["metrics"]["silhouette"]["value"] > 0.5
    assert evaluation["headline"]["metric"] is evaluation["metrics"]["stability_ari"]
    assert set(evaluation["candidates"]) == {"kmeans_3", "kmeans_4", "gaussian_mixture", "dbscan"}
    for floor in ("rfv_bands", "random"):
        assert evaluation["floors"][floor]["difference_to_champion"]["silhouette"]["ci95"][1] < 0
    assert abs(evaluation["floors"]["random"]["stability_ari"]["value"]) < 0.05
    assert evaluation["trust"]["level"] == "fair"  # 89 readers only
    json.dumps(evaluation, allow_nan=False)


def test_flows_say_who_stays_and_who_no_longer_comes(evaluation: dict[str, Any]) -> None:
    newest = [cell for cell in evaluation["flows"] if cell["to_as_of"] == "2026-07-01"]
    assert {cell["from_as_of"] for cell in newest} == {"2026-06-01"}
    (gone,) = (cell for cell in newest if cell["to"] is None and cell["readers"])
    (stay,) = (cell for cell in newest if cell["to"] == cell["from"] == gone["from"])
    assert (gone["readers"], stay["readers"]) == (1, 29)
    assert (gone["share"], stay["share"]) == (0.0333, 0.9667)
    assert sum(row["readers"] for row in evaluation["sizes"] if row["as_of"] == "2026-07-01") == 89


def test_parts_of_the_readers_are_judged_apart(evaluation: dict[str, Any]) -> None:
    assert [(part["value"], part["n"]) for part in evaluation["slices"]] == [("DE", 67), ("AT", 22)]
    assert all(part["silhouette"]["value"] > 0.5 for part in evaluation["slices"])


def test_what_is_doubtful_is_said(evaluation: dict[str, Any]) -> None:
    def with_metric(name: str, value: float) -> dict[str, Any]:
        return {**evaluation, "metrics": {**evaluation["metrics"], name: {"value": value, "ci95": [None, None]}}}

    shaky = trust(with_metric("stability_ari", 0.5))
    assert shaky["level"] == "low"
    assert "their agreement (adjusted Rand index) is 0.50 only" in shaky["reasons"][0]
    assert "Do not act" in next_steps({**evaluation, "trust": shaky})[0]
    assert any("0.70" in reason for reason in trust(with_metric("stability_ari", 0.7))["reasons"])
    assert any("shade into one another" in reason for reason in trust(with_metric("silhouette", 0.1))["reasons"])
    assert any(
        "the segments move" in reason for reason in trust(with_metric("stability_over_time_ari", 0.5))["reasons"]
    )
    leak = trust({**evaluation, "leakage": {"verdict": "leak"}})
    assert leak["level"] == "low"
    unstable = trust({**evaluation, "protocol": {**evaluation["protocol"], "stable_count": False}})
    assert any("no number of segments was stable" in reason for reason in unstable["reasons"])
    many = {**evaluation, "protocol": {**evaluation["protocol"], "readers_judged": 5000}}
    assert trust(many)["level"] == "high"


def test_the_page_stands_alone_with_every_plot_twice(evaluation: dict[str, Any], tmp_path: Path) -> None:
    page = write_report(evaluation, tmp_path)
    html = page.read_text(encoding="utf-8")
    assert [plot.name for plot in plots(evaluation)] == PLOTS
    assert {path.stem for path in (tmp_path / "segmentation").iterdir()} == set(PLOTS)
    assert "default-src 'none'" in html
    assert not re.search(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=[\"']?(?:https?:)?//", html)
    for segment in evaluation["segments"]:
        for text in (segment["name"], *segment["advice"]):
            assert text[1:] in html
    assert "tier (the same for every reader)" in html
    assert "K-Means, 4" in html
    for plot in plots(evaluation):
        assert plot.reading.endswith(".")
        assert re.search(
            r'"title": "[^"]+"', json.dumps(plot.spec()["layer" if "layer" in plot.spec() else "encoding"])
        )
    index = write_index([evaluation], tmp_path).read_text(encoding="utf-8")
    assert evaluation["sentence"] in index
    assert "Stability (ARI) 1.000" in index


def test_long_names_break_into_lines() -> None:
    (label,) = labels_of([{"id": 12, "name": "occasional politics readers, arrivals by search, mobile, skim"}]).values()
    assert max(map(len, label.split("\n"))) <= 26
    assert label.count("\n") <= 2
