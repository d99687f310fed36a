"""Champion and calibrator: chosen on later rows, ties to the explainable and simple, nothing fitted twice."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from tabular_world import parts, world

from readership.contracts import Dataset, ModelSpec
from readership.models import _selection, baselines, churn
from readership.models._rows import in_name_order, log_loss, spread_loss
from readership.models._selection import choose_calibrator, choose_champion, fit_candidates, refit
from readership.models._tabular import candidates


@dataclass
class Fixed:
    """Gives log-odds by the first feature, whatever it is fitted on."""

    slope: float
    shift: float = 0.0
    explains: bool = True

    def margin(self, features):
        return self.slope * features[:, 0].astype(np.float64) + self.shift

    def contributions(self, features):
        return np.zeros((len(features), features.shape[1] + 1)) if self.explains else None


def rows(n: int = 4000, shift: float = 0.0, cutoffs: int = 2, seed: int = 5) -> Dataset:
    """Label with log-odds 2 * the feature + shift."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 1)).astype(np.float32)
    label = (rng.random(n) < 1 / (1 + np.exp(-2.0 * x[:, 0] - shift))).astype(np.float32)
    as_of = (np.arange(n) % cutoffs).astype("datetime64[D]").astype("datetime64[ms]")
    return Dataset("churn", x, ("x",), label, np.arange(n, dtype=np.uint64) // 2, as_of, np.ones(n))


def test_least_log_loss_wins_with_an_interval_that_leaves_zero_out() -> None:
    choice = choose_champion({"flat": Fixed(0.0), "right": Fixed(2.0)}, rows())
    assert choice.champion == "right"
    flat = choice.rivals["flat"]
    assert flat.low > 0
    assert flat.low < flat.behind < flat.high
    assert flat.behind == pytest.approx(flat.spread_loss - choice.rivals["right"].spread_loss)
    assert choice.rivals["right"].behind == 0
    assert "clearly ahead of all others" in choice.why


def test_a_tie_goes_to_the_simpler() -> None:
    choice = choose_champion({"simple": Fixed(2.0001), "large": Fixed(2.0)}, rows())
    assert choice.champion == "simple"
    assert "not clearly ahead of large" in choice.why
    assert choose_champion({"worse": Fixed(1.5), "large": Fixed(2.0)}, rows()).champion == "large"


def test_one_without_reasons_must_be_clearly_better() -> None:
    choice = choose_champion({"mute": Fixed(2.0, explains=False), "telling": Fixed(1.9)}, rows())
    assert choice.champion == "telling"
    assert choice.rivals["mute"].behind < 0
    assert "unlike mute (less by at most 0.001) it can give its reasons" in choice.why
    much_worse = {"mute": Fixed(2.0, explains=False), "telling": Fixed(0.5)}
    assert choose_champion(much_worse, rows()).champion == "mute"


def test_the_level_does_not_decide() -> None:
    # told apart as well as can be, but the share who leave has risen since; the timid one is wrong less loudly
    choice = choose_champion({"timid": Fixed(0.8), "right": Fixed(2.0, shift=-1.5)}, rows())
    assert choice.champion == "right"
    assert choice.rivals["right"].log_loss > choice.rivals["timid"].log_loss
    assert choice.rivals["right"].spread_loss < choice.rivals["timid"].spread_loss


def test_rows_without_a_label_do_not_decide() -> None:
    some = rows()
    unknown = replace(some, label=np.where(np.arange(len(some)) % 3 == 0, np.nan, some.label).astype(np.float32))
    choice = choose_champion({"flat": Fixed(0.0), "right": Fixed(2.0)}, unknown)
    assert np.isfinite(choice.rivals["flat"].log_loss)


def test_calibrator_where_the_level_stays_off() -> None:
    stale = Fixed(2.0)
    chosen = choose_calibrator(stale, stale, rows(shift=0.8), rows(shift=0.8, seed=6))
    assert chosen.name == "shift"
    assert chosen.arrays["shift"][0] == pytest.approx(0.8, abs=0.1)
    assert choose_calibrator(stale, stale, rows(), rows(seed=6)).name == "none"


def test_a_newer_fit_at_the_right_level_is_left_alone() -> None:
    before, after = rows(shift=0.8), rows(shift=0.8, seed=6)
    assert choose_calibrator(Fixed(2.0), Fixed(2.0, shift=0.8), before, after).name == "none"


def test_no_calibration_rows_leave_none() -> None:
    nobody = rows().take(np.zeros(4000, dtype=bool))
    assert choose_calibrator(Fixed(2.0), Fixed(2.0), rows(shift=0.8), nobody).name == "none"


def test_candidates_are_fitted_once_each_and_told() -> None:
    train, valid, _ = parts(world(150))
    heard: list[str] = []
    fitted = fit_candidates(candidates("churn", seed=3), train, valid, lambda name, seconds: heard.append(name))
    assert list(fitted) == [spec.name for spec in churn.specs()]
    assert sorted(heard) == sorted(fitted)
    alone = _selection.build(ModelSpec("blend", seed=3)).fit(train, valid)
    np.testing.assert_array_equal(alone.margin(valid.features), fitted["blend"].margin(valid.features))


def test_refit_keeps_the_size_found() -> None:
    train, valid, _ = parts(world(150))
    fitted = fit_candidates([ModelSpec("xgboost")], train, valid)["xgboost"]
    again = refit(fitted, world(150))
    assert again.spec == fitted.spec
    assert again is not fitted


def test_baselines_and_floors_leave_out_recency_where_it_is_not_known() -> None:
    names = world(10).names
    assert [spec.name for spec in baselines.specs(names)] == list(baselines.NAMES)
    assert [spec.name for spec in churn.floors(names)] == ["base_rate", "recency"]
    assert [spec.name for spec in churn.floors(("noise",))] == ["base_rate"]
    assert "recency" not in [spec.name for spec in baselines.specs(("noise",))]


def test_bands() -> None:
    assert [churn.band(p) for p in (1, 0.700001, 0.7, 0.3, 0.299999, 0)] == [
        "high",
        "high",
        *["medium"] * 2,
        *["low"] * 2,
    ]


def test_log_loss_by_hand() -> None:
    label, margin = np.array([1, 0], np.float32), np.array([np.log(3), np.log(3)])  # 3/4 given to both
    assert log_loss(label, margin, np.ones(2)) == pytest.approx((np.log(4 / 3) + np.log(4)) / 2)
    assert log_loss(label, margin, np.array([3.0, 1.0])) == pytest.approx((3 * np.log(4 / 3) + np.log(4)) / 4)
    # at margin 0 both get 1/2, and with one positive of two no other level is better
    assert spread_loss(label, margin, np.ones(2)) == pytest.approx(np.log(2))
    assert in_name_order(("b", "c", "a")).tolist() == [2, 0, 1]
