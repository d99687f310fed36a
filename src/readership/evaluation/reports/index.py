"""The first page: for every model one sentence an editor understands, and what to do about it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from readership.contracts import Evaluation
from readership.evaluation.reports import words
from readership.evaluation.reports.page import embedded, write_page


def write_index(evaluations: Sequence[Evaluation], folder: Path) -> Path:
    """Write `index.html` into `folder`, linking the models' reports and the exploration where it exists."""
    models = [
        {"evaluation": evaluation, "summary": words.summarise(evaluation), "money": embedded(_money(evaluation))}
        for evaluation in evaluations
    ]
    return write_page(
        folder / "index.html",
        "index.html",
        [],
        models=models,
        exploration=(folder / "exploration.html").is_file(),
        money_words=words.MONEY_WORDS,
        target_words={"roc_auc": "ROC AUC", "precision": "precision", "recall": "recall"},
    )


def _money(evaluation: Evaluation) -> dict[str, Any]:
    """What the page needs to compute a campaign of the reader's own cost."""
    base = evaluation["operating_points"]["top_k"]["at_random"]["value"]
    return {"points": evaluation["curves"]["by_threshold"], "base": base}
