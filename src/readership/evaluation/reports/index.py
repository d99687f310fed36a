"""The first page: for every model one sentence an editor understands, and what to do about it."""

from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from readership.contracts import Evaluation
from readership.evaluation.reports import words
from readership.evaluation.reports.page import embedded, write_page


def write_index(evaluations: Sequence[Evaluation], folder: Path) -> Path:
    """Write `index.html` into `folder`, linking the models' reports, and the other pages where they exist."""
    models = [
        {"evaluation": evaluation, "summary": words.summarise(evaluation), "money": _money(evaluation)}
        for evaluation in evaluations
    ]
    return write_page(
        folder / "index.html",
        "index.html",
        [],
        models=models,
        exploration=(folder / "exploration.html").is_file(),
        monitoring=(folder / "monitoring.html").is_file(),
        impact=(folder / "impact.html").is_file(),
        money_words=words.MONEY_WORDS,
        target_words={"roc_auc": "ROC AUC", "precision": "precision", "recall": "recall"},
    )


def _money(evaluation: Evaluation) -> Markup | None:
    """What the page needs to compute a campaign of the reader's own cost; None where the answer is no probability."""
    if not words.is_probability(evaluation):
        return None
    base = evaluation["operating_points"]["top_k"]["at_random"]["value"]
    return embedded({"points": evaluation["curves"]["by_threshold"], "base": base})
