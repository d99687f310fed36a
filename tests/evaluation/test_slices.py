"""Parts of the readers: a hundred brands are eight and the others."""

import numpy as np

from readership.evaluation.bootstrap import Draws
from readership.evaluation.reports.charts import slices as plotted
from readership.evaluation.slices import MOST_VALUES, slices


def test_a_hundred_brands_are_the_largest_and_the_others_together(make_rows, cutoffs) -> None:
    test, truth = make_rows(cutoffs, seed=0)
    weights = 1 / np.arange(1, 101)
    brands = np.random.default_rng(1).choice(
        [f"brand {n:03}" for n in range(100)], len(test), p=weights / weights.sum()
    )
    test.slices["brand"] = brands
    found = [
        part
        for part in slices(test, truth, Draws.of(test.reader, test.weight, replicates=20, seed=1))
        if part["slice"] == "brand"
    ]
    assert len(found) == MOST_VALUES + 1
    assert found[-1]["value"] == f"{len(set(brands)) - MOST_VALUES} others"
    assert sum(part["n"] for part in found) == len(test)
    sizes = [part["n"] for part in found[:-1]]
    assert sizes == sorted(sizes, reverse=True)
    assert found[-1]["metrics"] is not None
    assert "others" in plotted(found).chart.to_json()


def test_a_column_with_few_values_has_no_others(make_rows, cutoffs) -> None:
    test, truth = make_rows(cutoffs, seed=0)
    found = slices(test, truth, Draws.of(test.reader, test.weight, replicates=20, seed=1))
    assert not [part for part in found if "others" in part["value"]]
