"""The report of one model: the answer first, then whether to believe it, then the evidence."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from readership.contracts import Evaluation
from readership.evaluation import score_metrics
from readership.evaluation.metrics import HIGHER_IS_BETTER
from readership.evaluation.reports import policy_charts, ranking_charts, score_charts, segment_charts, words
from readership.evaluation.reports.charts import Plot, plots
from readership.evaluation.reports.click_charts import click_plots
from readership.evaluation.reports.page import write_page
from readership.evaluation.reports.uplift_charts import learner_rows, uplift_plots

PLOTS: dict[str, Callable[[Evaluation], Iterable[Plot]]] = {
    "probability": plots,
    "policy": policy_charts.plots,
    "ranking": ranking_charts.plots,
    "score": score_charts.plots,
    "segment": segment_charts.plots,
    "uplift": uplift_plots,
    "click": click_plots,
}
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
        **WORDS[kind](evaluation),
    )


def _words_of_probabilities(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "metric_words": words.METRIC_WORDS,
        "higher_is_better": HIGHER_IS_BETTER,
        "comparison": words.comparison_rows(evaluation),
        "target_words": {"roc_auc": "ROC AUC", "precision": "precision", "recall": "recall"},
    }


def _words_of_clicks(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "metric_words": words.CLICK_METRIC_WORDS,
        "higher_is_better": HIGHER_IS_BETTER | {"normalised_entropy": False},
        "comparison": words.comparison_rows(evaluation),
    }


def _words_of_scores(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "metric_words": words.SCORE_METRIC_WORDS,
        "higher_is_better": score_metrics.HIGHER_IS_BETTER,
        "comparison": words.comparison_rows(evaluation, "rmse", oracle=None),
    }


def _words_of_segments(evaluation: Evaluation) -> dict[str, Any]:
    chosen = f"kmeans_{evaluation['protocol']['count']}"
    kinds = dict.fromkeys(evaluation["candidates"], "candidate") | dict.fromkeys(evaluation["floors"], "floor")
    found = {**evaluation["candidates"], **evaluation["floors"]}
    return {
        "comparison": [
            {
                "way": segment_charts.way_word(name),
                "kind": _kind(kinds[name], metrics, name == chosen),
                "metrics": metrics,
            }
            for name, metrics in found.items()
        ],
        "trait_words": [trait["label"] for trait in evaluation["segments"][0]["traits"].values()],
    }


def _kind(kind: str, metrics: Evaluation, chosen: bool) -> str:
    """`champion`; `candidate: 1 segment, 34% in none`."""
    if chosen:
        return "champion"
    noise = f", {metrics['noise_share']:.0%} in none" if metrics["noise_share"] else ""
    return f"{kind}: {words.plural(metrics['segments'], 'segment')}{noise}"


def _words_of_rankings(evaluation: Evaluation) -> dict[str, Any]:
    return {"comparison": ranking_charts.ranked_rows(evaluation), "slate_words": words.SLATE_WORDS}


WORDS: dict[str, Callable[[Evaluation], dict[str, Any]]] = {
    "probability": _words_of_probabilities,
    "policy": lambda evaluation: {"comparison": policy_charts.policy_rows(evaluation)},
    "ranking": _words_of_rankings,
    "score": _words_of_scores,
    "segment": _words_of_segments,
    "uplift": lambda evaluation: {"learners": learner_rows(evaluation)},
    "click": _words_of_clicks,
}
"""What the template of each kind asks for besides the evaluation and its summary."""
