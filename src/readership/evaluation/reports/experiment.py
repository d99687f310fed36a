"""The page of one experiment."""

from pathlib import Path
from typing import Any

from readership.evaluation.reports import experiment_words as words
from readership.evaluation.reports.experiment_charts import plots
from readership.evaluation.reports.page import write_page


def write_experiment_report(measured: dict[str, Any], folder: Path) -> Path:
    """Write `experiment-<key>.html` into `folder`; returns the page."""
    drawn = list(plots(measured))
    return write_page(
        folder / f"experiment-{measured['experiment']}.html",
        "experiment.html",
        drawn,
        measured=measured,
        words=words,
        order=[plot.name for plot in drawn],
        said=words.guardrails(measured),
        cautions=words.cautions(measured),
        level=_level(measured),
    )


def _level(measured: dict[str, Any]) -> str:
    """The colour of the page: that of the worst verdict."""
    levels = {words.LEVELS[verdict] for verdict in measured["verdicts"].values()}
    return next(level for level in ("low", "fair", "high") if level in levels)
