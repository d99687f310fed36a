"""What segments say, whether to believe it, and what to do: in words, from the evaluation alone."""

from collections.abc import Iterator
from typing import Any

from readership.evaluation.trust import weighed

STEADY, SHAKY = 0.8, 0.6
SHARP = 0.25
FEW_READERS = 300


def sentence(evaluation: dict[str, Any]) -> str:
    """`1,577 readers who come back fall into 5 segments; the largest, “…”, holds 27% of them.`"""
    segments = evaluation["segments"]
    readers, largest = sum(one["readers"] for one in segments), segments[0]
    return (
        f"The {readers:,} readers who come back fall into {len(segments)} segments; the largest, "
        f"“{largest['name']}”, holds {largest['share']:.0%} of them."
    )


def trust(evaluation: dict[str, Any]) -> dict[str, Any]:
    """See `weighed`."""
    return weighed(evaluation, _grave, _lesser, _good)


def next_steps(evaluation: dict[str, Any]) -> list[str]:
    """What to do with these segments, most pressing first."""
    if evaluation["trust"]["level"] == "low":
        return ["Do not act on these segments yet: first resolve what stands under trust.", *_audit(evaluation)]
    segments = evaluation["segments"]
    largest = segments[0]
    return [
        f"Begin with “{largest['name']}” ({largest['readers']:,} readers): {_lowered(largest['advice'][0])}",
        "Try each advice on a random half of a segment and leave the other half alone: only that shows whether it "
        "helps.",
        "`artifacts/segments/user_segments.csv` names the readers of each segment for your mailing tool.",
        *_audit(evaluation),
    ]


def _grave(evaluation: dict[str, Any]) -> Iterator[str]:
    if evaluation["leakage"].get("verdict") == "leak":
        yield "the leakage audit found that something knew the future; see `readership audit leakage`"
    steady = evaluation["metrics"]["stability_ari"]
    if steady["value"] is None or steady["value"] < SHAKY:
        found = "cannot be measured" if steady["value"] is None else f"is {steady['value']:.2f} only"
        yield f"with other readers other segments would have been found: their agreement (adjusted Rand index) {found}"
    by_lot = evaluation["floors"]["random"]["difference_to_champion"]["silhouette"]
    if by_lot["value"] is not None and by_lot["value"] >= 0:
        yield "segments drawn by lot are as compact"


def _lesser(evaluation: dict[str, Any]) -> Iterator[str]:
    if evaluation["leakage"].get("verdict") not in ("clean", "leak"):
        yield "the leakage audit has not compared anything yet; run `readership audit leakage`"
    metrics = evaluation["metrics"]
    steady, over_time = (metrics[name]["value"] for name in ("stability_ari", "stability_over_time_ari"))
    if steady is not None and SHAKY <= steady < STEADY:
        yield f"with other readers somewhat other segments would be found (adjusted Rand index {steady:.2f})"
    if over_time is not None and over_time < STEADY:
        yield f"from earlier dates to later ones the segments move (adjusted Rand index {over_time:.2f})"
    if not evaluation["protocol"]["stable_count"]:
        yield "no number of segments was stable on the dates it was chosen on"
    silhouette = metrics["silhouette"]["value"]
    if silhouette is not None and silhouette < SHARP:
        yield (
            f"the segments shade into one another (silhouette {silhouette:.2f}): they describe kinds of readers, and "
            "a reader near a border could stand in either"
        )
    if evaluation["protocol"]["readers_judged"] < FEW_READERS:
        yield f"they were judged on {evaluation['protocol']['readers_judged']:,} readers only"


def _good(evaluation: dict[str, Any]) -> str:
    metrics = evaluation["metrics"]
    return (
        f"with other readers nearly the same segments are found (adjusted Rand index "
        f"{metrics['stability_ari']['value']:.2f}), and from earlier dates to later ones too "
        f"({metrics['stability_over_time_ari']['value']:.2f}); the leakage audit is clean"
    )


def _audit(evaluation: dict[str, Any]) -> list[str]:
    compared = evaluation["leakage"].get("verdict") in ("clean", "leak")
    return [] if compared else ["Run `readership audit leakage`."]


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
