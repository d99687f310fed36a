"""Traits made comparable, groups, ids that last, names and advice; the same in ONNX."""

from dataclasses import replace

import numpy as np
import pytest
from segment_world import world
from sklearn.metrics import adjusted_rand_score

from readership.contracts import Dataset
from readership.errors import NotEnoughData
from readership.models import rfv, segmentation
from readership.models._behaviour import EVIDENCE, LIMIT, Space, Trait
from readership.models._clusters import Grouping, dbscan, gaussian_mixture, group, kmeans, redrawn, steadiness, to_onnx
from readership.models._how_many import Tried, choose, try_count
from readership.models._matching import match
from readership.models._segment_words import WORDS, Seen, advice, names
from readership.models._segments import described

AMOUNT, SHARE = Trait("views", "amount", "volume"), Trait("weekend", "share", "rhythm")
PAYS = Trait("tier", "flag", "tier", ("premium",))


def small(**columns: list[float]) -> Dataset:
    """Rows with these features."""
    values = np.array(list(columns.values()), dtype=np.float32).T
    blank = np.zeros(len(values))
    return Dataset(
        "segmentation",
        values,
        tuple(columns),
        blank.astype(np.float32),
        blank.astype(np.uint64),
        blank.astype("datetime64[ms]"),
        blank + 1,
        {"tier": ("free", "premium")},
    )


def odd(rows: Dataset) -> Dataset:
    """The same rows with missing, unseen, huge and negative values."""
    features = rows.features.copy()
    features[::3, ::2] = np.nan
    features[1::5] = np.nan
    features[2::7] *= -1e6
    features[4::9] = 0
    return replace(rows, features=features)


def served(content: bytes, rows: Dataset) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (margin,) = session.run(["margin"], {"features": rows.select(segmentation.inputs()).features})
    assert (margin.dtype, margin.shape) == (np.float32, (len(rows), 1))
    return margin[:, 0].astype(int)


@pytest.fixture(scope="module")
def found() -> tuple[Dataset, np.ndarray, Grouping]:
    rows, kind = world()
    return rows, kind, group(rows, segmentation.TRAITS, kmeans(3))


def test_scaled_by_hand() -> None:
    rows = small(
        views=[0.0, np.e - 1, np.e**2 - 1, np.e**3 - 1, np.nan],
        weekend=[0.1, 0.2, 0.3, 0.4, 0.5],
        tier=[0.0, 0.0, 0.0, 1.0, np.nan],
        sessions_90d=[10.0, 10.0, 30.0, 30.0, np.nan],
    )
    space = Space.fit(rows, (AMOUNT, SHARE, PAYS))
    seen = space.standardised(rows)
    # logarithms 0 1 2 3: median 1.5, quartiles .75 and 2.25
    np.testing.assert_allclose(seen[:, 0], np.array([-1.5, -0.5, 0.5, 1.5, 0]) / (1.5 / 1.349), atol=1e-6)
    # shares less .3 over (.4 - .2) / 1.349; of 10 sessions half is believed, of 30 three quarters, of none nothing
    np.testing.assert_allclose(
        seen[:, 1], 6.745 * np.array([-0.2, -0.1, 0, 0.1, 0.2]) * [0.5, 0.5, 0.75, 0.75, 0], atol=1e-5
    )
    # one of five pays; a tier not known is none that pays
    np.testing.assert_allclose(seen[:, 2], [-0.2, -0.2, -0.2, 0.8, -0.2], atol=1e-12)
    np.testing.assert_allclose(space.value(seen[:1])[0], [0, 0.3 - 0.1, 0], atol=1e-6)


def test_what_tells_nobody_apart_is_left_out_and_said() -> None:
    rows = small(views=[1.0, 2, 3], weekend=[0.5, 0.5, 0.5], tier=[0.0, 1, 0], sessions_90d=[9.0, 9, 9])
    space = Space.fit(rows, (AMOUNT, SHARE, PAYS))
    assert [trait.name for trait in space.traits] == ["views", "tier"]
    assert space.left_out == {"weekend": "the same for every reader"}
    unknown = small(views=[1.0, np.nan, np.nan], weekend=[0.1, 0.2, 0.3], tier=[0.0, 1, 0], sessions_90d=[9.0, 9, 9])
    assert Space.fit(unknown, (AMOUNT, SHARE, PAYS)).left_out == {"views": "known of 33% of the readers only"}
    alike = small(views=[1.0, 1], weekend=[0.5, 0.5], tier=[0.0, 1], sessions_90d=[9.0, 9])
    with pytest.raises(NotEnoughData, match="of 3 traits 1 differ between them"):
        Space.fit(alike, (AMOUNT, SHARE, PAYS))


def test_a_far_off_value_counts_no_more_than_the_limit(found: tuple[Dataset, np.ndarray, Grouping]) -> None:
    rows, _, grouping = found
    assert np.abs(grouping.space.standardised(odd(rows))).max() <= LIMIT


def test_directions_are_orthonormal_and_keep_what_was_asked(found: tuple[Dataset, np.ndarray, Grouping]) -> None:
    rows, _, grouping = found
    axes = grouping.space.axes
    np.testing.assert_allclose(axes @ axes.T, np.eye(len(axes)), atol=1e-9)
    points, all_of_it = grouping.space.apply(rows), grouping.space.standardised(rows)
    kept = points.var(axis=0).sum() / all_of_it.var(axis=0).sum()
    assert 0.95 <= kept < 1
    assert kept - points.var(axis=0)[-1] / all_of_it.var(axis=0).sum() < 0.95


def test_the_three_kinds_are_found(found: tuple[Dataset, np.ndarray, Grouping]) -> None:
    rows, kind, grouping = found
    assert adjusted_rand_score(kind, grouping.groups(rows)) == 1.0


@pytest.mark.parametrize("method", [gaussian_mixture(3), dbscan])
def test_so_do_the_other_methods(method, found: tuple[Dataset, np.ndarray, Grouping]) -> None:
    rows, kind, _ = found
    groups = group(rows, segmentation.TRAITS, method).groups(rows)
    assert adjusted_rand_score(kind[groups >= 0], groups[groups >= 0]) > 0.9
    assert (groups >= 0).mean() > 0.7


def test_onnx_names_the_same_segment_for_every_row(found: tuple[Dataset, np.ndarray, Grouping]) -> None:
    rows, _, grouping = found
    ids = (7, 2, 9)
    content = to_onnx(grouping, ids)
    for some in (rows, odd(rows), rows.take(np.arange(1))):
        np.testing.assert_array_equal(served(content, some), np.array(ids)[grouping.groups(some)])
    assert set(served(content, rows)) == set(ids)


def test_the_same_seed_gives_the_same_groups_and_the_order_of_columns_none(
    found: tuple[Dataset, np.ndarray, Grouping],
) -> None:
    rows, _, grouping = found
    turned = rows.select(tuple(reversed(rows.names)))
    again = group(turned, segmentation.TRAITS, kmeans(3))
    np.testing.assert_array_equal(again.groups(rows), grouping.groups(turned))
    assert to_onnx(again, (1, 2, 3)) == to_onnx(grouping, (1, 2, 3))


def test_readers_are_drawn_with_all_their_rows() -> None:
    rows, _ = world(readers=20, cutoffs=3)
    drawn = redrawn(rows, np.random.default_rng(1))
    names, counts = np.unique(drawn.reader, return_counts=True)
    assert (counts % 3 == 0).all()
    assert len(names) < 60  # some not at all, others twice


def test_kinds_are_steady_and_noise_is_not() -> None:
    rows, _ = world(readers=40, cutoffs=1)
    assert steadiness(rows, rows, segmentation.TRAITS, kmeans(3), refits=5).min() == 1.0
    noise, _ = world(readers=40, cutoffs=1)
    noise = replace(noise, features=np.random.default_rng(0).random(noise.features.shape).astype(np.float32))
    assert steadiness(noise, noise, segmentation.TRAITS, kmeans(6), refits=5).mean() < 0.7


def test_the_number_is_tried_on_consecutive_dates() -> None:
    rows, _ = world(readers=30, cutoffs=5)
    cutoffs = tuple(np.unique(rows.as_of).astype("datetime64[us]").tolist())
    three, five = (try_count(n, rows, cutoffs, 3, segmentation.TRAITS, 4) for n in (3, 5))
    assert (three.bootstrap, three.over_time) == (1.0, 1.0)
    assert three.silhouette > five.silhouette
    assert five.stability == min(five.bootstrap, five.over_time) < 1.0
    assert choose([three, five]).segments == 3


def test_the_rule_by_hand() -> None:
    a, b, c = Tried(3, 0.3, 1.2, 0.9, 0.85), Tried(4, 0.4, 1.3, 0.8, 0.8), Tried(5, 0.5, 0.9, 0.79, 0.9)
    assert choose([a, b, c])[::2] == (4, True)  # 3 and 4 are stable; each is first once: more segments
    assert choose([a, b._replace(davies_bouldin=1.1), c]).segments == 4
    assert choose([a._replace(silhouette=0.5), b, c]).segments == 3
    none = choose([a._replace(over_time=0.5), b._replace(bootstrap=0.7), c._replace(bootstrap=0.6)])
    assert none[::2] == (4, False)
    assert "4 is the most stable, with 0.70" in none.why


def test_ids_by_hand() -> None:
    old = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 9.0]])
    # the old ones moved a little and in another order
    moved = np.array([[0.0, 8.0], [0.5, 0.0], [4.5, 1.0]])
    assert match(moved, old, old_ids=(1, 2, 5), next_id=6) == (5, 1, 2)
    # one more: the one that nothing old lies near
    assert match(np.vstack([moved, [[30.0, 30.0]]]), old, (1, 2, 5), 6) == (5, 1, 2, 6)
    # fewer: ids of the lost ones are not given away
    assert match(moved[:1], old, (1, 2, 5), 6) == (5,)
    # paired, for want of another, with an old one that lies further than its own neighbour did: new
    assert match(np.array([[0.0, 0.0], [60.0, 0.0]]), old[:2], (1, 2), 6) == (1, 6)


def test_ids_and_names_last_when_the_same_readers_are_fitted_again(found: tuple[Dataset, np.ndarray, Grouping]) -> None:
    rows, _, grouping = found
    newest = rows.take(rows.as_of == rows.as_of.max())
    first = described(newest, grouping, None)
    assert sorted(first.ids) == [1, 2, 3]
    later, _ = world(seed=5)
    for seed in range(3):
        again = described(newest, group(later, segmentation.TRAITS, kmeans(3), seed), first.content)
        named = {segment["name"]: segment["id"] for segment in again.content["segments"]}
        assert named == {segment["name"]: segment["id"] for segment in first.content["segments"]}
        assert again.content["next_id"] == 4
    more = described(newest, group(later, segmentation.TRAITS, kmeans(4)), first.content)
    assert len(set(more.ids)) == 4
    assert more.content["next_id"] > max(*more.ids, 3)


def test_segments_say_what_sets_them_apart(found: tuple[Dataset, np.ndarray, Grouping]) -> None:
    rows, _, grouping = found
    segments = described(rows.take(rows.as_of == rows.as_of.max()), grouping, None).content["segments"]
    assert [segment["readers"] for segment in segments] == [60, 60, 60]
    told = {segment["favourite"]: segment for segment in segments}
    assert told["sport"]["name"].startswith("regular sport readers")
    assert "at weekends" in told["sport"]["name"]
    assert told["politics"]["name"].startswith("frequent politics readers")
    assert told["local"]["name"].startswith("occasional local readers")
    assert any("% of visits at weekends; everyone: " in text for text in told["sport"]["advice"])
    for segment in segments:
        assert len(set(segment["advice"])) == 3
        assert segment["traits"]["device_type"]["value"] in (0.0, 1.0)
    assert told["politics"]["rfv"] > told["sport"]["rfv"] > told["local"]["rfv"]


def test_names_differ_even_where_traits_hardly_do() -> None:
    strong = [
        Seen("active_days_90d", "habit", -1.0, 3, 9),
        Seen("device_type", "device", 0.9, 0.9, 0.5),
        Seen("weekend_session_share_90d", "rhythm", 0.8, 0.6, 0.3),
    ]
    other = [*strong, Seen("tier", "tier", -0.4, 0.0, 0.1)]
    told = names([strong, other, strong], ["", "", ""])
    assert told == [
        "occasional readers, mobile, at weekends (1)",
        "occasional readers, mobile, at weekends, rarely subscribe",
        "occasional readers, mobile, at weekends (2)",
    ]


def test_a_trait_whose_numbers_do_not_show_it_names_nothing() -> None:
    faint = Seen("weekend_session_share_90d", "rhythm", 0.9, 0.26, 0.25)
    assert names([[faint]], [""]) == ["regular readers"]
    turned = Seen("active_days_90d", "habit", 0.9, 5, 6)
    assert names([[turned]], [""]) == ["regular readers"]


def test_a_small_share_of_visits_names_a_segment_only_at_twice_the_usual() -> None:
    evening = Seen("evening_session_share_90d", "rhythm", 0.7, 0.15, 0.10)
    assert names(
        [[evening], [evening._replace(value=0.21)], [evening._replace(value=0.26, everyone=0.2)]], [""] * 3
    ) == [
        "regular readers",
        "regular readers, in the evening (1)",
        "regular readers, in the evening (2)",
    ]


def test_advice_comes_from_three_traits_of_different_sides_first() -> None:
    seen = [
        Seen("active_days_90d", "habit", 2.0, 30, 5),
        Seen("active_weeks_12w", "habit", 1.9, 12, 4),
        Seen("tier", "tier", 0.5, 0.4, 0.1),
        Seen("search_arrival_share_90d", "arrival", -0.9, 0.1, 0.5),
    ]
    first, second, third = advice(seen)
    assert first.startswith("Ask them first")
    assert first.endswith("(30 of 90 days with a visit; everyone: 5).")
    assert second.startswith("Do not wait for search")
    assert third.startswith("Show them what the subscription gave them")
    assert advice(seen[:2])[1].startswith("Protect the habit")


def test_every_trait_has_words_and_none_is_a_clock_or_a_country() -> None:
    assert {trait.name for trait in segmentation.TRAITS} == set(WORDS)
    assert not [name for name in segmentation.inputs() if name.startswith("publisher_") or name == "country"]
    assert segmentation.inputs()[-1] == EVIDENCE
    for words in WORDS.values():
        assert words.if_high != words.if_low
        assert words.measure.format(0.5) != words.measure


def test_rfv_by_hand() -> None:
    # yesterday's fortnight: R 50; every day: F 100; 100 views and 200 minutes: V 100 -> cube root of 500,000
    score = rfv.rfv([14, 0, 28], [29, 29, 0], [100, 1e6, 10], [12_000, 1e9, 600])
    np.testing.assert_allclose(score, [79.3701, 100, 0], atol=1e-4)
    # 10 views: ln 11 / ln 101 = .51957; 19 minutes: ln 20 / ln 201 = .56488; V 54.2226, R 100, F 1000 / 29 = 34.4828
    assert rfv.rfv([0], [10], [10], [1140])[0] == pytest.approx((100 * 34.48276 * 54.22263) ** (1 / 3), abs=1e-3)


def test_a_reader_of_less_than_four_weeks_is_new() -> None:
    assert [rfv.band(90, days) for days in (27.9, 28.0)] == ["new", "lover"]
    assert [rfv.band(score, 100) for score in (0, 10.1, 35.1)] == ["fly-by", "casual", "loyal"]
