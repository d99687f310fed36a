"""docs/api.md as it stands: every call is answered by a served world, with the fields that are shown."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from served_world import Caller, World, serving
from whole_world import fill, publish

from readership.serving.app import create_app
from readership.settings import Settings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = BLOCK.findall(TEXT)
CALLS = re.findall(r"^```bash\n(.*?)^```$(?:\n\n```json\n(.*?)^```$)?", TEXT, re.MULTILINE | re.DOTALL)
"""Calls, and the answer that is shown below them, if one is."""
FAIL_ON_ERRORS = 'set -euo pipefail\ncurl() { command curl --fail-with-body "$@"; }\n'
V2 = ("/v2", "/v2/health/live", "/v2/health/ready", "/v2/models/churn", "/v2/models/churn/infer")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    """A world in which every call of the document has an answer."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("READERSHIP_HOME", str(tmp_path_factory.mktemp("document")))
        world = World(Settings())
        fill(world)
        with serving(world.settings) as caller:
            publish(caller)
            caller.look()
            yield caller


def run(command: list[str], caller: Caller) -> str:
    """What a command prints that asks this world."""
    environment = {**os.environ, "API": str(caller.base_url).rstrip("/")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{command[-1]}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def fields(answer: Any) -> Any:
    """Names of fields, inside lists by their first entry."""
    if isinstance(answer, dict):
        return {name: fields(value) for name, value in answer.items()}
    return [fields(answer[0])] if isinstance(answer, list) and answer else None


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
@pytest.mark.parametrize(("block", "shown"), CALLS, ids=range(len(CALLS)))
def test_every_call_is_answered_and_what_is_shown_is_what_comes(whole: Caller, block: str, shown: str) -> None:
    printed = run(["bash", "-c", FAIL_ON_ERRORS + block], whole)
    if shown:
        assert fields(json.loads(shown)) == fields(json.loads(printed))


def test_the_error_shown_has_the_fields_of_a_real_one(whole: Caller) -> None:
    (shown,) = [json.loads(text) for language, text in BLOCKS if language == "json" and "urn:" in text]
    assert shown.keys() == whole.get("/v1/readers/nobody/churn").json().keys()


def test_no_route_is_left_out() -> None:
    shown = "\n".join(text for language, text in BLOCKS if language == "bash")
    patterns = {
        path: re.sub(r"\{\w+\}", r'[^/\\s"]+', path) for path in (*create_app(Settings()).openapi()["paths"], *V2)
    }
    assert [path for path, pattern in patterns.items() if not re.search(rf'\$API{pattern}[?"]', shown)] == []


def test_the_python_client_runs(whole: Caller) -> None:
    printed = run([sys.executable, "-c", _only("python")], whole).splitlines()
    assert float(printed[0]) == pytest.approx(0.7311, abs=1e-4)  # 1 session + 0.5 x 2 (unseen country) - 1
    assert len(printed) == 5
    assert printed[-1] == "{'accepted': 1, 'refused': 0, 'errors': []}"


@pytest.mark.skipif(not shutil.which("node"), reason="needs Node")
def test_the_javascript_client_runs(whole: Caller) -> None:
    printed = run(["node", "--input-type=module", "-e", _only("js")], whole).splitlines()
    assert len(printed) == 4
    assert "accepted: 1" in printed[-1]


def _only(language: str) -> str:
    (text,) = [text for found, text in BLOCKS if found == language]
    return text
