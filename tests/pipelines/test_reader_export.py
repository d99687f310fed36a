"""An access request is answered with everything that is kept, and nothing of others."""

import json
from pathlib import Path

import pytest
from erasable_world import ANNA, BEN, KEYS, fill

from readership.errors import InputError
from readership.pipelines.erasure import ask_to_erase, erase_waiting
from readership.pipelines.reader_export import export_reader
from readership.settings import Settings
from readership.warehouse import Warehouse


def test_everything_is_told_by_where_it_lies(
    warehouse: Warehouse, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    fill(warehouse, settings, tmp_path_factory.mktemp("arrived"))
    found = export_reader(warehouse, settings, ANNA)
    assert {name: len(rows) for name, rows in found["tables"].items()} == {
        "events": 3,
        "exposures": 2,
        "predictions": 1,
        "quarantine": 2,
        "readers": 1,
        "session_versions": 1,
        "subscriptions": 1,
    }
    assert [row["article_id"] for row in found["tables"]["events"]] == ["a0", "a1", "a2"]
    assert {Path(name).name: len(rows) for name, rows in found["files"].items()} == {
        "d1": 2,
        "churn.parquet": 1,
        "contacts.csv": 1,
        "user_features_ml_ready.csv": 1,
    }
    online = found["online"]
    assert online["online/features"]["n"] == 1.0
    assert online["online/reasons/churn"]["reasons"] == ("one",)
    assert online["online/clicks"]["clicks"] == 1
    assert online["online/recommendation"]["reads"] == [("a1", 0)]
    assert online["online/state"]["reads"] == (("a1", 1000),)
    text = json.dumps(found, default=str)
    assert ANNA in text
    assert BEN not in text
    assert str(KEYS[1]) not in text

    ask_to_erase(settings, ANNA)
    erase_waiting(warehouse, settings)
    left = export_reader(warehouse, settings, ANNA)
    assert (left["erased"], left["tables"], left["files"], left["online"]) == (True, {}, {}, {})


def test_a_reader_of_whom_nothing_is_kept_is_said(warehouse: Warehouse, settings: Settings) -> None:
    with pytest.raises(InputError, match="nothing is kept of a reader 'nobody'"):
        export_reader(warehouse, settings, "nobody")
