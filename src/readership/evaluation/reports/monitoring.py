"""The page of `readership monitor`: what stands, what everything is like now, and how it came to be so."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from readership.evaluation.reports.monitoring_charts import STATE_WORDS, plots
from readership.evaluation.reports.page import write_page
from readership.evaluation.reports.words import plural, task_word

KIND_WORDS = {
    "data": "What arrives",
    "inputs": "What it reads",
    "scores": "What it says",
    "estimate": "What that makes expect, before anything is known of what came of it",
    "performance": "What came of it",
}
MEASURE_WORDS = {
    "events": "events a day",
    "readers": "readers a day",
    "events_of_event_type": "events of one type",
    "events_of_brand": "events of one brand",
    "hours_since_newest": "hours since the newest event",
    "repeated": "events that repeat another",
    "late": "events an hour late or more",
    "quarantined": "rows not understood",
    "empty": "a field that is empty",
    "new_words": "events with a word never seen before",
    "drifted": "columns that have drifted",
    "psi": "distance from a month ago (PSI)",
    "js": "the same, as Jensen–Shannon divergence",
    "ks": "the same, as the largest gap (KS)",
    "missing": "a value that is missing",
    "unseen": "words the model was never taught",
    "mean_score": "mean answer",
    "roc_auc": "how well readers are ordered (ROC AUC)",
    "log_loss": "distance of probabilities from what happened (log loss)",
    "ece": "calibration error",
    "base_rate": "share to whom it happened",
    "precision": "share of those flagged to whom it happens",
    "recall": "share of those to whom it happens who are flagged",
    "rmse": "distance of scores from what happened (RMSE, points)",
    "spearman": "how well readers are ordered (rank correlation)",
}


def write_monitoring(page: Mapping[str, Any], folder: Path) -> Path:
    """Write `monitoring.html` into `folder`; returns it.

    page  until, days, tasks; rows (every measure of the span, for the timelines); groups (the newest of each, as
          `(task, kind, lines)`); standing and past alerts as lines of text
    """
    drawn = list(plots(page["rows"], page["tasks"]))
    return write_page(
        folder / "monitoring.html",
        "monitoring.html",
        drawn,
        **page,
        counted=counted(page["groups"]),
        verdict=verdict(page["standing"], page["groups"]),
        level=level(page["standing"], page["groups"]),
        kind_words=KIND_WORDS,
        measure_words=MEASURE_WORDS,
        state_words=STATE_WORDS,
        task_word=lambda task: task_word(task) if task else KIND_WORDS["data"],
        names={task: [p.name for p in drawn if _of(p.name, task, page["tasks"])] for task in ("", *page["tasks"])},
    )


def counted(groups: Sequence[tuple[str, str, Sequence[Mapping[str, Any]]]]) -> dict[str, int]:
    """How many of the newest measures are in each state."""
    states = [line["state"] for _, _, lines in groups for line in lines for _ in range(line["count"])]
    return {state: states.count(state) for state in STATE_WORDS}


def verdict(
    standing: Sequence[Mapping[str, str]], groups: Sequence[tuple[str, str, Sequence[Mapping[str, Any]]]]
) -> str:
    """One sentence for an editor."""
    found = counted(groups)
    watched, ask = sum(found.values()), found["amber"] + found["red"]
    if not watched:
        return "Nothing was measured"
    stand = f"{plural(len(standing), 'alert')} {'stands' if len(standing) == 1 else 'stand'}"
    return (
        f"{stand if standing else 'No alert stands'}; of {watched:,} things that are watched, {ask:,} ask to be looked "
        f"at and {found['grey']:,} could not be judged"
    )


def level(standing: Sequence[Mapping[str, str]], groups: Sequence[tuple[str, str, Sequence[Mapping[str, Any]]]]) -> str:
    """The colour of the page's first words."""
    if any(alert["severity"] == "critical" for alert in standing):
        return "low"
    found = counted(groups)
    return "fair" if standing or found["red"] or not found["green"] else "high"


def _of(name: str, task: str, tasks: Sequence[str]) -> bool:
    """Whether a plot is about this task, whose name may begin with another's."""
    owners = [other for other in tasks if name.startswith(f"{other}_")]
    return max(owners, key=len, default="") == task
