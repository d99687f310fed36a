"""The report of one model: the answer first, then whether to believe it, then the evidence."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from readership.contracts import Evaluation
from readership.evaluation.metrics import HIGHER_IS_BETTER
from readership.evaluation.reports import words
from readership.evaluation.reports.charts import Plot, plots
from readership.evaluation.reports.page import write_page
from readership.evaluation.reports.uplift_charts import learner_rows, uplift_plots

PLOTS: dict[str, Callable[[Evaluation], Iterable[Plot]]] = {"probability": plots, "uplift": uplift_plots}
"""What is drawn for each kind of answer; its page is the template of that name."""


def write_report(evaluation: Evaluation, folder: Path) -> Path:
    """Write `<task>.html` into `folder`, and every plot as `<task>/<plot>.png`; returns the page."""
    kind = evaluation.get("kind", "probability")
    return write_page(
        folder / f"{evaluation['task']}.html",
        f"{kind}.html",
        list(PLOTS[kind](evaluation)),
        evaluation=evaluation,
        summary=words.summarise(evaluation),
        **(_words_of_probabilities(evaluation) if words.is_probability(evaluation) else {}),
        **({"learners": learner_rows(evaluation)} if kind == "uplift" else {}),
    )


def _words_of_probabilities(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "metric_words": words.METRIC_WORDS,
        "higher_is_better": HIGHER_IS_BETTER,
        "comparison": words.comparison_rows(evaluation),
        "target_words": {"roc_auc": "ROC AUC", "precision": "precision", "recall": "recall"},
    }
