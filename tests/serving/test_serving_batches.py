"""Many readers in one question: the answers are those of one by one, and limits are told."""

import pytest
from served_world import Caller, World, serving

WHEN = ("answered_at",)


def without_time(answer: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in answer.items() if name not in WHEN}


def test_a_batch_is_its_readers_one_by_one(client: Caller) -> None:
    answer = client.post("/v1/readers/churn", json={"reader_ids": ["42", "nobody", "anna/müller", "42"]})
    assert answer.status_code == 200
    found = answer.json()
    one_by_one = [client.get(f"/v1/readers/{reader}/churn").json() for reader in ("42", "anna/müller", "42")]
    assert [without_time(one) for one in found["answers"]] == [without_time(one) for one in one_by_one]
    assert found["unknown"] == ["nobody"]
    assert found["answers"][0]["reasons"] == ["no visit for 19 days"]


def test_a_thousand_are_answered_beside_the_event_loop(client: Caller) -> None:
    found = client.post("/v1/readers/churn", json={"reader_ids": ["42", "-7"] * 500}).json()
    assert len(found["answers"]) == 1000
    assert len({one["probability"] for one in found["answers"]}) == 2


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"reader_ids": ["42"] * 1001}, 413, "too_many_readers"),
        ({"reader_ids": []}, 422, "request_invalid"),
        ({"reader_ids": [42]}, 422, "request_invalid"),
        ({"reader_ids": ["x" * 501]}, 422, "request_invalid"),
        ({"readers": ["42"]}, 422, "request_invalid"),
        ([], 422, "request_invalid"),
    ],
)
def test_what_is_no_batch_is_a_problem(client: Caller, body: object, status: int, code: str) -> None:
    answer = client.post("/v1/readers/churn", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_task_without_a_champion_says_so(client: Caller) -> None:
    answer = client.post("/v1/readers/conversion", json={"reader_ids": ["42"]})
    assert (answer.status_code, answer.json()["code"]) == (503, "no_champion")


def test_batches_are_documented_for_every_task(client: Caller) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    for path in ("churn", "conversion", "engagement", "segment"):
        asked = paths[f"/v1/readers/{path}"]["post"]
        schema = asked["requestBody"]["content"]["application/json"]["schema"]
        assert schema["properties"]["reader_ids"]["maxItems"] == 1000
        assert schema["properties"]["reader_ids"]["examples"] == [["42", "43"]]
        assert {"200", "413", "422", "503"} <= set(asked["responses"])


def test_open_inference_fields_are_those_of_the_protocol(client: Caller) -> None:
    assert client.get("/v2").json()["name"] == "readership"
    assert client.get("/v2/health/live").status_code == 200
    assert client.get("/v2/health/ready").status_code == 200
    for path in ("/v2/models/churn", "/v2/models/churn/versions/v1"):
        told = client.get(path).json()
        assert told["versions"] == ["v1"]
        (tensor,) = told["inputs"]
        assert (tensor["name"], tensor["datatype"], tensor["shape"][0]) == ("features", "FP32", -1)
        assert told["outputs"] == [{"name": "probability", "datatype": "FP64", "shape": [-1]}]
        assert client.get(f"{path}/ready").status_code == 200
    width = tensor["shape"][1]
    data = [1.0] * width + [None] * width
    body = {"id": "q1", "inputs": [{"name": "features", "datatype": "FP32", "shape": [2, width], "data": data}]}
    answer = client.post("/v2/models/churn/infer", json=body).json()
    assert (answer["model_name"], answer["model_version"], answer["id"]) == ("churn", "v1", "q1")
    (output,) = answer["outputs"]
    assert (output["name"], output["datatype"], output["shape"]) == ("probability", "FP64", [2])
    nested = [data[:width], data[width:]]
    again = client.post("/v2/models/churn/versions/v1/infer", json={"inputs": [{**body["inputs"][0], "data": nested}]})
    assert again.json()["outputs"][0]["data"] == output["data"]
    assert "id" not in again.json()


def test_open_inference_answers_are_those_of_the_model(client: Caller) -> None:
    """Margin sessions_7d + 0.5 · country's code, shifted by -1: features (1, 2) give 1 / (1 + e^-1)."""
    tensor = {"name": "features", "datatype": "FP32", "shape": [1, 2], "data": [1.0, 2.0]}
    answer = client.post("/v2/models/churn/infer", json={"inputs": [tensor]}).json()
    assert answer["outputs"][0]["data"] == pytest.approx([0.7310586])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"shape": [1, 3]}, r"expected 'features' FP32 [1 to 1,000, 2]"),
        ({"datatype": "INT64"}, "INT64"),
        ({"data": [1.0]}, "1 values; its shape [1, 2] needs 2"),
        ({"data": ["a", "b"]}, "not all numbers"),
        ({"shape": [2]}, "cannot be read"),
    ],
)
def test_open_inference_refuses_with_its_error_object(client: Caller, change: dict[str, object], said: str) -> None:
    tensor = {"name": "features", "datatype": "FP32", "shape": [1, 2], "data": [1.0, 2.0], **change}
    answer = client.post("/v2/models/churn/infer", json={"inputs": [tensor]})
    assert answer.status_code == 400
    assert said in answer.json()["error"]


def test_open_inference_names_what_is_live(client: Caller, bare: World) -> None:
    for path in ("/v2/models/other", "/v2/models/churn/versions/v9", "/v2/models/conversion/ready"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert "churn" in answer.json()["error"] or "v1" in answer.json()["error"]
    assert bare.settings is not None


def test_open_inference_is_not_ready_without_a_model(bare: World) -> None:
    with serving(bare.settings) as client:
        assert client.get("/v2/health/ready").status_code == 503
        assert client.get("/v2/health/live").status_code == 200
