"""Plots of a click model: are its probabilities true, who is better, for whom and where does it work."""

from collections.abc import Iterator
from dataclasses import replace

from readership.contracts import Evaluation
from readership.evaluation.reports import charts
from readership.evaluation.reports.charts import Plot


def click_plots(evaluation: Evaluation) -> Iterator[Plot]:
    """All plots of a click model's report, in reading order."""
    yield charts.reliability(evaluation["curves"]["reliability"], "be clicked", "impressions")
    yield charts.candidates(evaluation)
    if evaluation["drivers"]:
        yield charts.drivers(evaluation["drivers"], "be clicked")
    if any(part["metrics"] for part in evaluation["slices"]):
        yield replace(charts.slices(evaluation["slices"]), title="Does it work for every part of the impressions?")
    yield from charts.cutoffs(evaluation["per_as_of"])
