"""The replay counts what is lost exactly, and both benchmarks run from files like the published ones."""

import gzip
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from readership.benchmarks import bandits_upworthy, ope_openbandit
from readership.benchmarks.bandit_replay import Trials, play
from readership.benchmarks.ope_synthetic import made
from readership.errors import InputError
from readership.models.bandits.prior import Flat
from readership.models.bandits.thompson import Thompson
from readership.models.bandits.uniform import Uniform


def test_regret_of_uniform_is_the_mean_gap() -> None:
    """Rates .3, .1 and .2, .1: 100 and 50 lost of 1,000 expected, whatever is clicked; the padding is never shown."""
    rate = np.array([[0.3, 0.1, 0.0], [0.2, 0.1, 0.0]])
    played = play(Trials(rate, rate > 0, np.array([40_000, 150])), Uniform(), seed=0)
    assert played.regret_per_1000(1) == pytest.approx([100, 50], rel=0.2)
    assert played.regret_per_1000(1)[0] == pytest.approx(100, rel=0.02)
    assert played.best.tolist() == [12_000, 30]
    assert played.best_arm_share == pytest.approx(2 / 3, rel=0.02)


def test_one_arm_loses_nothing_and_a_known_end_helps() -> None:
    single = Trials(np.array([[0.2]]), np.array([[True]]), np.array([250]))
    assert play(single, Thompson(Flat(1, 1), 20), seed=0).best_arm_share == 1.0
    rate = np.random.default_rng(0).beta(2, 98, (40, 4))
    tests = Trials(rate, np.ones((40, 4), bool), np.full(40, 5_000)).repeated(2)
    lost = [
        play(tests, Thompson(Flat(2, 98), 100, narrowing=narrowing), seed=1).regret_per_1000(2).mean()
        for narrowing in (True, False)
    ]
    assert lost[0] < lost[1] < play(tests, Uniform(), seed=1).regret_per_1000(2).mean()


def test_bench_of_headlines_on_a_small_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    arms = [(f"{test:03}", 60, int(rng.binomial(60, 0.2))) for test in range(40) for _ in range(2 + test % 3)]
    (tmp_path / "upworthy").mkdir()
    pl.DataFrame(arms, ["clickability_test_id", "impressions", "clicks"], orient="row").write_parquet(
        tmp_path / bandits_upworthy.FILE
    )
    found = bandits_upworthy.run(tmp_path, tests=5, repetitions=2)
    assert 0 < found["figures"]["best_arm_share"] <= 1
    assert found["figures"]["regret_per_1000_low"] <= found["figures"]["regret_per_1000"]
    uniform = found["peers"]["uniform"]
    assert uniform["difference"] == pytest.approx(
        uniform["regret_per_1000"] - found["figures"]["regret_per_1000"], abs=1e-5
    )
    assert "(26)" in found["protocol"].replace("at least 3 arms ", "")
    with pytest.raises(InputError, match="does not exist; --data names the folder"):
        bandits_upworthy.run(tmp_path / "nowhere")


def test_bench_of_off_policy_on_small_logs(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for policy in ("random", "bts"):
        for name in ope_openbandit.CAMPAIGNS:
            folder = tmp_path / "open_bandit" / policy / name
            folder.mkdir(parents=True)
            rare = policy == "bts"
            item = rng.choice(3, 900, p=[0.6, 0.398, 0.002] if rare else [1 / 3] * 3)
            chance = np.array([0.6, 0.398, 0.002])[item] if rare else np.full(900, 1 / 3)
            rows = pl.DataFrame(
                {
                    "item_id": item,
                    "position": 1 + np.arange(900) % 3,
                    "click": (rng.random(900) < 0.2).astype(int),
                    "propensity_score": chance,
                }
            )
            with gzip.open(folder / f"{name}.csv.gz", "wt", encoding="ascii") as out:
                out.write(rows.write_csv())
    found = ope_openbandit.run(tmp_path, runs=2, rows=400)["figures"]
    assert found["ipw_covers"] in (0, 1)
    assert found["snipw_error"] < 0.5
    assert 100 < found["ess"] < 900
    assert found["reversed_refused"] == 1
    with pytest.raises(InputError, match="does not exist; --data names the folder"):
        ope_openbandit.run(tmp_path / "nowhere")


def test_truth_of_made_up_logs_is_the_mean_reward_of_the_policy_itself() -> None:
    """Rows reweighted by exact chances: 200,000 of them are within 2 % of the value worked out."""
    log, target, truth = made(200_000, seed=3)
    weight = target[log.context, log.action] / log.propensity
    assert weight.mean() == pytest.approx(1, abs=0.02)
    assert (weight * log.reward).mean() == pytest.approx(truth, rel=0.02)
