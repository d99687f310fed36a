"""The simulator's benchmarks measure what they say; the test of no effect finds an effect that is there."""

import numpy as np
import polars as pl
import pytest

from readership.benchmarks import aa
from readership.benchmarks import simulate as bench
from readership.errors import InputError
from readership.simulator import World


def test_the_figures_of_a_small_world(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[tuple[int, int]] = []

    def apart(readers: int, days: int) -> bench.Timing:
        sizes.append((readers, days))
        return bench.Timing(readers * days, readers * days / 1000, readers * days / 2000, 0.1 + readers / 1e5)

    monkeypatch.setattr(bench, "apart", apart)
    answer = bench.run(readers=2000)
    assert sizes == [(200, 14), (2000, 14), (8000, 14), (2000, 120)]
    assert answer["bench"] == "simulate"
    assert answer["figures"] == {
        "events_per_second": 1000,
        "events_per_cpu_second": 2000,
        "events": 240_000,
        "peak_rss_gib": 0.12,
        "growth_10x": 10.0,
        "growth_40x": 40.0,
        "events_growth_10x": 10.0,
        "events_growth_40x": 40.0,
        "peak_rss_gib_40x": 0.18,
        "memory_growth_with_days": 1.0,
    }


def test_a_world_is_counted_in_a_process_of_its_own() -> None:
    timing = bench.apart(50, 2)
    assert timing.events == bench.measure(50, 2).events > 0
    assert 0.02 < timing.peak_rss_gib < 2


def test_too_few_readers_are_refused() -> None:
    with pytest.raises(InputError, match="10 readers are too few to measure; give at least 1000"):
        bench.run(readers=10)
    with pytest.raises(InputError, match="200 worlds of 10 readers are too few"):
        aa.run(readers=10)


def test_an_effect_that_is_there_is_found_and_noise_is_not() -> None:
    readers = aa.outcomes(World(150, aa.DAYS, 1))
    assert len(readers) > 50
    assert readers["visits"].min() >= 1
    dice = np.random.default_rng(3)
    noise = [
        readers.with_columns(**{name: pl.Series(dice.gamma(2.0, size=len(readers))) for name in aa.MEASURES})
        for _ in range(60)
    ]
    low, high = aa.expected(60 * len(aa.MEASURES))
    found = np.array([aa.p_values(world, seed) for seed, world in enumerate(noise)])
    assert low <= (found < aa.LEVEL).mean() <= high
    treated = pl.Series(3.0 * aa.halves(len(readers), 0))
    changed = noise[0].with_columns(pl.col(name) + treated for name in aa.MEASURES)
    assert (aa.p_values(changed, 0) < 1e-6).all()


def test_the_answer_of_a_few_worlds() -> None:
    answer = aa.run(readers=60, worlds=3)
    assert answer["bench"] == "aa"
    assert {f"rejected_{name}" for name in aa.MEASURES} < set(answer["figures"])
    assert answer["figures"]["worlds"] == 3
