"""Every route of `/openapi.json` asked what its description allows, and what it does not: no 5xx, nothing unsaid."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from served_world import Caller, World, serving
from whole_world import fill, publish

from readership.serving.app import create_app
from readership.settings import Settings

schemathesis = pytest.importorskip("schemathesis")
from schemathesis import GenerationMode  # noqa: E402
from schemathesis.checks import not_a_server_error  # noqa: E402
from schemathesis.specs.openapi.checks import (  # noqa: E402
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 60
SCHEMA = schemathesis.openapi.from_dict(create_app(Settings()).openapi())
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations()]
CAN_BE_WRONG = [
    found
    for found in OPERATIONS
    if "requestBody" in found.definition.raw
    or any(asked["schema"].keys() & {"enum", "maximum"} for asked in found.definition.raw.get("parameters", []))
]
"""Operations that take more than free text."""
ASKED = [(found, GenerationMode.POSITIVE) for found in OPERATIONS]
ASKED += [(found, GenerationMode.NEGATIVE) for found in CAN_BE_WRONG]
BOUNDED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    """A caller of a world in which every task has an answer."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("READERSHIP_HOME", str(tmp_path_factory.mktemp("whole")))
        world = World(Settings())
        fill(world)
        with serving(world.settings) as caller:
            publish(caller)
            caller.look()
            yield caller


@pytest.mark.parametrize(("operation", "mode"), ASKED, ids=[f"{found.label} {mode.value}" for found, mode in ASKED])
def test_no_answer_is_an_error_of_ours_or_undocumented(whole: Caller, operation, mode) -> None:
    @seed(8)
    @BOUNDED
    @given(case=operation.as_strategy(generation_mode=mode))
    def asked(case) -> None:
        case.call_and_validate(base_url=str(whole.base_url), checks=CHECKS)

    asked()


def test_every_task_can_answer(whole: Caller) -> None:
    assert whole.get("/readyz").json() == {"ready": True, "troubles": []}


def test_ids_are_any_text_and_a_body_that_is_no_text_is_told_so(whole: Caller) -> None:
    assert whole.put("/v1/articles/odd%0A%3F", json={"title": "Odd"}).json()["article_id"] == "odd\n?"
    answer = whole.get("/v1/readers/a%0Ab/churn")
    assert (answer.status_code, answer.json()["code"]) == (404, "reader_unknown")
    answer = whole.post("/v1/ads/select", content=b"\xff{", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "request_invalid")
