"""Random logs with late rows, repeats and joined sessions: SQL and plain Python agree on every feature."""

import pytest

from readership.features.catalogue import catalogue
from readership.pipelines.brute_force import brute_force
from readership.settings import Settings
from readership.warehouse import Warehouse


@pytest.mark.parametrize("seed", [21, 22])
def test_every_feature_equals_its_second_computation(warehouse: Warehouse, settings: Settings, seed: int) -> None:
    check = brute_force(warehouse, settings, [seed])
    assert check.result == "pass", check.detail
    assert check.found["without_a_second_way"] == []
    assert check.rows_compared > 15
    assert sum(feature.model_input for feature in catalogue()) > 100


def test_a_difference_is_named(warehouse: Warehouse, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from readership.evaluation.brute_force import features

    monkeypatch.setattr(features, "_profile", lambda visits: {"tier": "wrong"})
    check = brute_force(warehouse, settings, [21])
    assert check.result == "fail"
    assert check.found["columns"] == ["tier"]
    assert "by SQL, wrong in Python" in check.detail
    assert check.found["without_a_second_way"] == [
        "brand",
        "browser",
        "country",
        "device_os",
        "device_type",
        "user_segment",
    ]
