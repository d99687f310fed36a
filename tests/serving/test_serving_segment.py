"""What the segment route answers: the segment that the bundle names, and RFV from the stored features."""

import json
import subprocess
import sys
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from served_world import AS_OF, Caller, World, calibrator, linear, manifest, serving

from readership.registry.bundles import write_bundle
from readership.serving.answers import SegmentAnswer

ROUTE = "/v1/readers/42/segment"
SEGMENTS = {
    "as_of": "2026-10-01T00:00:00+00:00",
    "next_id": 6,
    "segments": [
        {"id": 5, "name": "frequent readers", "profile": ["3 visits; everyone: 1"], "advice": ["Ask."], "readers": 9},
        {"id": 2, "name": "occasional readers", "profile": [], "advice": ["Remind.", "Wait."], "readers": 4},
    ],
}
RFV = ("days_since_last_session", "active_days_28d", "article_views_28d", "engaged_seconds_28d", "tenure_days")


def segmenting(world: World, segments: dict[str, Any] = SEGMENTS) -> None:
    """A bundle that says 2 + sessions_7d: 5 of reader 42, 2 of a reader of whom that is not known."""
    told = manifest(
        "s1",
        task="segmentation",
        answer="segment",
        calibration="none",
        population="returning",
        features=("sessions_7d",),
        categories={},
        horizon_days=0,
    )
    files = {"model.onnx": linear((1.0,), 2.0), "calibrator.npz": calibrator()}
    write_bundle(world.models, told, {**files, "segments.json": json.dumps(segments).encode()})
    world.champion("s1", "segmentation")


def test_the_segment_with_its_name_profile_and_advice(bare: World) -> None:
    bare.features()
    segmenting(bare)
    with serving(bare.settings) as client:
        body = client.get(ROUTE).json()
        SegmentAnswer.model_validate(body)
        assert list(body) == list(SegmentAnswer.model_fields)
        assert (body["segment_id"], body["segment"]) == (5, "frequent readers")
        assert (body["profile"], body["advice"]) == (["3 visits; everyone: 1"], ["Ask."])
        assert (body["model_version"], datetime.fromisoformat(body["features_as_of"])) == ("s1", AS_OF)
        assert (body["rfv"], body["rfv_band"], body["in_population"]) == (None, None, None)  # not among these features
        other = client.get("/v1/readers/-7/segment").json()
        assert (other["segment_id"], other["advice"]) == (2, ["Remind.", "Wait."])


def test_rfv_and_whether_the_reader_comes_back(bare: World) -> None:
    bare.features((*RFV, "sessions_7d", "sessions_56d"))
    segmenting(bare)
    with serving(bare.settings) as client:
        body = client.get(ROUTE).json()
        assert (body["rfv"], body["rfv_band"]) == (0.0, "new")  # no active day, first seen today
        assert body["in_population"] is False  # no session in 56 days
        assert body["segment_id"] == 5


def test_without_a_champion_or_features_it_says_so(client: Caller) -> None:
    answer = client.get(ROUTE)
    assert (answer.status_code, answer.json()["code"]) == (503, "no_champion")
    assert "`readership train segmentation`" in answer.json()["detail"]


def test_an_unknown_reader_is_404(bare: World) -> None:
    bare.features()
    segmenting(bare)
    with serving(bare.settings) as client:
        answer = client.get("/v1/readers/nobody/segment")
        assert (answer.status_code, answer.json()["code"]) == (404, "reader_unknown")


def test_a_bundle_that_answers_no_id_is_not_taken(bare: World) -> None:
    bare.features()
    told = manifest("s1", task="segmentation", answer="segment", features=("sessions_7d",), categories={})
    files = {"model.onnx": linear((1.0,), np.nan), "calibrator.npz": calibrator(shift=np.array([0.0]))}
    write_bundle(bare.models, told, {**files, "segments.json": b"{}"})
    bare.champion("s1", "segmentation")
    with serving(bare.settings) as client:
        answer = client.get(ROUTE)
        assert answer.status_code == 503
        assert "which is no segment" in answer.json()["detail"]


@pytest.mark.parametrize("library", ["sklearn", "scipy", "polars"])
def test_serving_loads_no_training_library(library: str) -> None:
    code = f"import sys, readership.serving.app; print({library!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
