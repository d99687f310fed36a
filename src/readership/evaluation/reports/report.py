"""The report of one model: the answer first, then whether to believe it, then the evidence."""

from pathlib import Path

from readership.contracts import Evaluation
from readership.evaluation.metrics import HIGHER_IS_BETTER
from readership.evaluation.reports import words
from readership.evaluation.reports.charts import plots
from readership.evaluation.reports.page import write_page


def write_report(evaluation: Evaluation, folder: Path) -> Path:
    """Write `<task>.html` into `folder`, and every plot as `<task>/<plot>.png`; returns the page."""
    return write_page(
        folder / f"{evaluation['task']}.html",
        "report.html",
        list(plots(evaluation)),
        evaluation=evaluation,
        summary=words.summarise(evaluation),
        metric_words=words.METRIC_WORDS,
        higher_is_better=HIGHER_IS_BETTER,
        comparison=words.comparison_rows(evaluation),
        target_words={"roc_auc": "ROC AUC", "precision": "precision", "recall": "recall"},
    )
