"""Analysis beside scipy, and by hand: means, ratios, CUPED, many metrics, segments, and what cannot be told."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy import stats
from trial import trial

from readership.experiments.aggregates import Layout, Sums
from readership.experiments.analysis import Effect, by_segment, effects, heterogeneity, over_time
from readership.experiments.anytime import band
from readership.experiments.definition import Experiment, Metric

MEAN = Metric("articles", "mean", "article_views")
RATIO = Metric("reading", "ratio", "engaged_seconds", per="article_views")
RNG = np.random.default_rng(5)


def sums(layout: Layout, *arms: np.ndarray, days: Sequence[int] = (1,), segments: Sequence[str] = ("",)) -> Sums:
    """As the warehouse would add up the values [n, columns] of each arm, dealt out over days and segments in turn."""
    left, right = (list(side) for side in zip(*layout.pairs, strict=True))
    rows = []
    for place, arm in enumerate(arms, start=1):
        deal = np.arange(len(arm)) % (len(days) * len(segments))
        for at in range(len(days) * len(segments)):
            part = arm[deal == at]
            products = (part[:, left] * part[:, right]).sum(axis=0)
            day, segment = days[at % len(days)], segments[at // len(days)]
            rows.append((place, day, segment, len(part), 0, part.sum(axis=0).tolist(), products.tolist()))
    names = ["place", "day", "segment", "units", "moved", "sums", "products"]
    return Sums(layout, pl.DataFrame(rows, schema=names, orient="row"))


def of(tmp_path, *metrics: Metric) -> Experiment:
    return replace(trial(tmp_path), metrics=metrics, guardrails=())


def measured(experiment: Experiment, *arms: np.ndarray) -> list[Effect]:
    return effects(experiment, sums(Layout.of(experiment.judged, experiment.unit), *arms))


def test_a_mean_is_welch_s_t_test(tmp_path) -> None:
    control, treatment = RNG.gamma(2, 3, (400, 1)), RNG.gamma(2, 3.5, (300, 1))
    (found,) = measured(of(tmp_path, replace(MEAN, covariate="none")), control, treatment)
    expected = stats.ttest_ind(treatment[:, 0], control[:, 0], equal_var=False)
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval()))
    assert found.difference == pytest.approx(treatment.mean() - control.mean())
    assert found.relative == pytest.approx(treatment.mean() / control.mean() - 1)
    assert (found.units_control, found.units_treatment, found.variance_cut) == (400, 300, None)
    error = np.sqrt(control.var(ddof=1) / 400 + treatment.var(ddof=1) / 300)
    assert (found.always_low, found.always_high, found.always_p) == pytest.approx(
        band(found.difference, error, 400, 300, 10_000), nan_ok=True
    )


def test_a_ratio_is_by_the_delta_method(tmp_path) -> None:
    arms = []
    for size, pace in ((500, 30), (450, 33)):
        views = RNG.poisson(4, size) + 1.0
        arms.append(np.column_stack([views * pace + RNG.normal(0, 40, size), views]))
    (found,) = measured(of(tmp_path, replace(RATIO, covariate="none")), *arms)
    ratios = [arm[:, 0].sum() / arm[:, 1].sum() for arm in arms]
    rest = [(arm[:, 0] - r * arm[:, 1]) / arm[:, 1].mean() for arm, r in zip(arms, ratios, strict=True)]
    error = np.sqrt(sum(part.var(ddof=1) / len(part) for part in rest))
    assert (found.control, found.treatment) == pytest.approx(tuple(ratios))
    assert (found.high - found.low) / 2 / error == pytest.approx(1.96, abs=0.005)


def test_cuped_takes_out_what_the_arms_differed_in_before(tmp_path) -> None:
    before = [RNG.normal(10, 2, 400), RNG.normal(10.3, 2, 400)]
    arms = [np.column_stack([x + RNG.normal(0, 1, 400), x]) for x in before]
    (found,) = measured(of(tmp_path, MEAN), *arms)
    # by hand: theta from both arms less their means; the difference less theta times the difference before
    y, x = (np.concatenate([arm[:, k] for arm in arms]) for k in (0, 1))
    theta = np.cov(y, x)[0, 1] / x.var(ddof=1)
    rest = [arm[:, 0] - theta * arm[:, 1] for arm in arms]
    assert found.difference == pytest.approx(rest[1].mean() - rest[0].mean())
    plain = sum(arm[:, 0].var(ddof=1) / 400 for arm in arms)
    left = sum(part.var(ddof=1) / 400 for part in rest)
    assert found.variance_cut == pytest.approx(1 - left / plain)
    assert found.variance_cut == pytest.approx(np.corrcoef(y, x)[0, 1] ** 2, abs=0.02)
    assert abs(found.difference) < 0.2 < arms[1][:, 0].mean() - arms[0][:, 0].mean()
    assert found.control == pytest.approx(arms[0][:, 0].mean())


def test_a_share_by_hand(tmp_path) -> None:
    # 30 of 100 against 45 of 100: variances 0.3 · 0.7 · 100/99 and 0.45 · 0.55 · 100/99
    subscribed = Metric("s", "conversion", "subscription_starts", covariate="none")
    arms = [np.repeat([1.0, 0.0], [yes, 100 - yes])[:, None] for yes in (30, 45)]
    (found,) = measured(of(tmp_path, subscribed), *arms)
    error = ((0.21 + 0.2475) / 99) ** 0.5
    assert found.difference == pytest.approx(0.15)
    assert found.relative == pytest.approx(0.5)
    assert (found.high - found.difference) / error == pytest.approx(stats.t.ppf(0.975, 197), abs=1e-3)


def test_many_metrics_are_adjusted_together(tmp_path) -> None:
    metrics = [Metric(name, "mean", name, covariate="none") for name in ("article_views", "searches", "registrations")]
    control = np.tile([[0.0], [1.0]], (100, 3))
    found = measured(of(tmp_path, *metrics), control, control + np.array([0.14, 0.1, 0.02]))
    plain = [one.p for one in found]
    assert plain == sorted(plain)
    assert found[0].p_adjusted == pytest.approx(3 * plain[0])
    assert found[1].p_adjusted == pytest.approx(max(3 * plain[0], 2 * plain[1]))
    assert found[2].p_adjusted == pytest.approx(max(found[1].p_adjusted, plain[2]))


def test_every_variant_is_set_beside_the_control(tmp_path) -> None:
    experiment = trial(tmp_path, ('["control", "hybrid"]', '["a", "b", "c"]'), ("[0.5, 0.5]", "[0.5, 0.25, 0.25]"))
    arm = np.array([[0.0], [2.0]] * 60)
    single = replace(experiment, metrics=(replace(MEAN, covariate="none"),), guardrails=())
    found = measured(single, arm, arm + 1, arm + 3)
    assert [(one.variant, one.difference) for one in found] == [("b", 1.0), ("c", 3.0)]


SAME = np.ones((50, 2))
UNKNOWN = [
    (MEAN, SAME, SAME, "every unit has the same value"),
    (MEAN, SAME[:1], SAME, "too few outcomes are complete"),
    (MEAN, SAME[:0], SAME[:0], "too few outcomes are complete"),
    (RATIO, np.zeros((50, 4)), np.ones((50, 4)), "an arm has no article_views"),
    (MEAN, np.column_stack([np.arange(50)] * 2), np.column_stack([np.arange(50)] * 2), "tells their value entirely"),
]


@pytest.mark.parametrize(("metric", "control", "treatment", "why"), UNKNOWN)
def test_what_cannot_be_told_says_why(tmp_path, metric, control, treatment, why) -> None:
    (found,) = measured(of(tmp_path, metric), control, treatment)
    assert why in found.unknown
    assert found.difference is found.p is found.p_adjusted is found.always_low is None


def test_a_time_before_that_says_nothing_is_left_out(tmp_path) -> None:
    values = RNG.normal(3, 1, (200, 1))
    arms = [np.column_stack([part, np.zeros(100)]) for part in np.split(values[:, 0], 2)]
    (found,) = measured(of(tmp_path, MEAN), *arms)
    assert found.p == pytest.approx(stats.ttest_ind(arms[1][:, 0], arms[0][:, 0], equal_var=False).pvalue)


def test_over_time_is_what_was_known_then(tmp_path) -> None:
    experiment = of(tmp_path, replace(MEAN, covariate="none"))
    control, treatment = RNG.normal(0, 1, (600, 1)), RNG.normal(0, 1, (600, 1))
    found = list(
        over_time(experiment, sums(Layout.of(experiment.judged, "reader"), control, treatment, days=(8, 9, 11)))
    )
    assert [(look.day, look.units) for look in found] == [(8, 400), (9, 800), (11, 1200)]
    assert found[0].difference == pytest.approx(treatment[::3].mean() - control[::3].mean())
    assert found[-1].difference == pytest.approx(treatment.mean() - control.mean())
    assert all(look.always_low < look.low < look.high < look.always_high for look in found)


def test_an_effect_that_differs_by_segment_is_found(tmp_path) -> None:
    experiment = of(tmp_path, replace(MEAN, covariate="none"))
    layout = Layout.of(experiment.judged, "reader")
    control = RNG.normal(0, 1, (800, 1))
    treatment = RNG.normal(0, 1, (800, 1)) + np.tile([[1.0], [0.0]], (400, 1))  # only every other unit gains
    parts = by_segment(experiment, "device_type", sums(layout, control, treatment, segments=("mobile", "desktop")))
    assert {part.value for part in parts} == {"mobile", "desktop"}
    (found,) = heterogeneity(parts)
    one, two = (part.effect for part in parts)
    errors = [np.sqrt(control[k::2].var(ddof=1) / 400 + treatment[k::2].var(ddof=1) / 400) for k in (0, 1)]
    expected = (one.difference - two.difference) ** 2 / sum(error**2 for error in errors)
    assert found.q == pytest.approx(expected, rel=0.01)
    assert found.p_adjusted == found.p < 1e-6
    alike = by_segment(experiment, "country", sums(layout, control, control, segments=("DE", "FR")))
    assert heterogeneity(alike)[0].p == 1.0
    unseen = by_segment(experiment, "device_type", sums(layout, control, treatment, segments=("mobile", "")))
    assert {part.value for part in unseen} == {"mobile", "not known"}
    assert heterogeneity(unseen) == []  # a device that nobody knows is none that an effect could differ by
