"""What a model reads and says, column by column."""

from datetime import UTC, datetime

import numpy as np

from readership.monitoring.inputs import Against, Snapshot, inputs, scores
from readership.monitoring.measure import GREY, Measure

AT = datetime(2026, 3, 1, tzinfo=UTC)
READERS = np.arange(400, dtype=np.uint64)


def snapshot(seed: int, shift: float = 0.0, device: float = 0.0, **more) -> Snapshot:
    rng = np.random.default_rng(seed)
    columns = {
        "sessions": rng.normal(shift, 1, 400),
        "visits": rng.normal(0, 1, 400),
        "device": np.where(rng.random(400) < device, 2.0, rng.integers(0, 2, 400)),
    }
    return Snapshot(AT, READERS, **{"columns": columns, "scores": rng.random(400), "version": "v1", **more})


def found(window: Snapshot, before: list[Snapshot] | None = None) -> dict[tuple[str, str], Measure]:
    against = Against("churn", window, before or [snapshot(seed) for seed in range(4)])
    measures = [*inputs(against, ["sessions", "visits", "device"], {"device": ("app", "web")}), *scores(against)]
    return {(m.measure if m.kind == "inputs" else f"said {m.measure}", m.part): m for m in measures}


def test_nothing_has_changed() -> None:
    same = found(snapshot(9))
    judged = [m for m in same.values() if m.state != GREY]
    assert {m.state for m in judged} == {"green"}
    assert same["drifted", ""].value == 0.0
    assert same["said mean_score", ""].state == GREY  # told, not judged


def test_a_column_that_shifts_is_found_and_the_others_are_not() -> None:
    moved = found(snapshot(9, shift=1.0))
    assert moved["psi", "sessions"].state == "red"
    assert moved["ks", "sessions"].state == "red"
    assert moved["psi", "visits"].state == "green"
    assert moved["drifted", ""].state == "red"  # 1 of 3
    assert moved["drifted", ""].reason == "furthest: sessions"


def test_a_word_the_model_never_learnt_is_found() -> None:
    told = found(snapshot(9, device=0.2))
    assert told["unseen", "device"].state == "red"
    assert abs((told["unseen", "device"].value or 0) - 0.2) < 0.06


def test_values_gone_missing_are_found() -> None:
    window = snapshot(9)
    window.columns["visits"][:100] = np.nan
    gone = found(window)["missing", "visits"]
    assert (gone.state, gone.value, gone.usual_high) == ("red", 0.25, 0.05)


def test_a_column_that_cannot_be_read_is_grey_and_costs_no_other() -> None:
    window = snapshot(9, scores=None, failed={"visits": "its group 'rhythm' cannot be read"})
    del window.columns["visits"]  # type: ignore[attr-defined]
    told = found(window)
    assert (told["psi", "visits"].state, told["psi", "visits"].reason) == (GREY, "its group 'rhythm' cannot be read")
    assert told["psi", "sessions"].state == "green"
    assert told["said psi", ""].state == GREY


def test_a_column_that_was_not_there_before_is_grey() -> None:
    before = [snapshot(seed) for seed in range(4)]
    del before[2].columns["visits"]  # type: ignore[attr-defined]
    assert found(snapshot(9), before)["psi", "visits"].state == GREY


def test_too_few_readers_are_grey_throughout() -> None:
    window = snapshot(9)
    few = Snapshot(AT, READERS[:20], {n: v[:20] for n, v in window.columns.items()}, scores=window.scores[:20])
    told = found(few)
    assert {m.state for m in told.values()} == {GREY}
    assert told["drifted", ""].reason == "20 readers now and 1600 rows before; 30 of each are needed"
