"""A real log takes the place of a simulated publisher, but only one that can be read."""

from pathlib import Path

import pytest

from readership.errors import InputError
from readership.pipelines.make_way import make_way
from readership.pipelines.making import ask
from readership.pipelines.simulate import simulate
from readership.pipelines.truth import held_world
from readership.settings import Settings
from readership.warehouse import Warehouse


def test_a_log_that_is_not_there_removes_nothing(warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    simulate(warehouse, settings, ask(readers=30, days=3, seed=1))
    events = warehouse.scalar("SELECT count() FROM events")
    with pytest.raises(InputError, match=r"lost\.jsonl"):
        make_way(warehouse, settings, [tmp_path / "lost.jsonl"])
    assert held_world(warehouse) is not None
    assert warehouse.scalar("SELECT count() FROM events") == events > 0

    log = tmp_path / "log.jsonl"
    log.write_text('{"user_id": "a", "event_type": "article_view", "timestamp": 1767225600}\n', encoding="utf-8")
    said = make_way(warehouse, settings, [log])
    assert said is not None
    assert "`readership simulate --readers 30 --days 3 --seed 1` makes it again" in said
    assert held_world(warehouse) is None
    assert warehouse.scalar("SELECT count() FROM events") == 0
    assert make_way(warehouse, settings, [log]) is None
