"""The roadmap's targets against what was reached, with the reason in words."""

from collections.abc import Mapping
from typing import Any

from readership.contracts import Metric

ROADMAP = {"roc_auc": 0.85, "precision": 0.80, "recall": 0.75}
WORDS = {"roc_auc": "ROC AUC", "precision": "precision", "recall": "recall"}


def against_roadmap(
    reached: Mapping[str, Metric], oracle: Mapping[str, float] | None, efficiency: float | None
) -> dict[str, Any]:
    """For each target: the roadmap's figure, the figure reached, the oracle's where known, met or not, and why."""
    ceiling = oracle or {}
    return {
        name: {
            "roadmap": wanted,
            "reached": reached[name]["value"],
            "ci95": reached[name]["ci95"],
            "oracle": ceiling.get(name),
            "met": _met(reached[name], wanted),
            "reason": _reason(name, wanted, reached[name], ceiling.get(name), efficiency),
        }
        for name, wanted in ROADMAP.items()
    }


def _met(metric: Metric, wanted: float) -> bool:
    return metric["value"] is not None and metric["value"] >= wanted


def _reason(name: str, wanted: float, metric: Metric, oracle: float | None, efficiency: float | None) -> str:
    value, (low, high) = metric["value"], metric["ci95"]
    word = WORDS[name]
    if value is None:
        return f"{word} cannot be measured: nothing was flagged, or nothing happened"
    if value >= wanted:
        certain = low is not None and low >= wanted
        return f"{word} {value:.3f} is at or above {wanted:.2f}" + (
            ", and so is its whole interval" if certain else "; its interval still reaches below"
        )
    short = f"{word} {value:.3f} is below {wanted:.2f}"
    if high is not None and high >= wanted:
        short += ", though its interval reaches it"
    if oracle is None:
        return f"{short}; how much is possible is not known"
    if oracle >= wanted:
        return f"{short}; an oracle that sees each reader's hidden state would reach {oracle:.3f}"
    if name != "roc_auc":
        return f"{short}; even the true probabilities reach only {oracle:.3f} where both aims are weighed"
    share = "" if efficiency is None else f"; the model has {efficiency:.0%} of what is possible above chance"
    return f"{short}; even the true probabilities of this world reach only {oracle:.3f}{share}"
