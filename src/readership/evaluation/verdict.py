"""May the number be believed, and what should be done next: both in words, from the evaluation alone."""

from collections.abc import Iterator
from typing import Any

from readership.contracts import Metric
from readership.evaluation.trust import weighed

FEW_READERS = 300
LARGE_ECE = 0.05
LARGE_SWING = 0.10
LARGE_TURN = 0.10


def trust(evaluation: dict[str, Any]) -> dict[str, Any]:
    """See `weighed`."""
    return weighed(evaluation, _grave, _lesser, _good)


def next_steps(evaluation: dict[str, Any]) -> list[str]:
    """What to do with this model, most pressing first."""
    return list(_steps(evaluation))


def naive_floors(evaluation: dict[str, Any]) -> dict[str, Any]:
    """Floors that are no model: what anybody could do without one."""
    return {name: floor for name, floor in evaluation["floors"].items() if name not in evaluation["candidates"]}


def _grave(evaluation: dict[str, Any]) -> Iterator[str]:
    verdict = evaluation["leakage"].get("verdict")
    if verdict == "leak":
        yield "the leakage audit found that something knew the future; see `readership audit leakage`"
    for name, floor in naive_floors(evaluation).items():
        if floor["difference_to_champion"]["log_loss"]["value"] <= 0:
            yield f"it is no better than {_plain(name)}, which needs no model"


def _lesser(evaluation: dict[str, Any]) -> Iterator[str]:
    if evaluation["leakage"].get("verdict") not in ("clean", "leak"):
        yield "the leakage audit has not compared anything yet; run `readership audit leakage`"
    for name, floor in naive_floors(evaluation).items():
        difference = floor["difference_to_champion"]["log_loss"]
        low = difference["ci95"][0]
        if difference["value"] > 0 and low is not None and low <= 0:
            yield f"its advantage over {_plain(name)} is within the noise"
    if evaluation["label"]["readers_test"] < FEW_READERS:
        yield f"it was tested on {evaluation['label']['readers_test']:,} readers only"
    ece = evaluation["metrics"]["ece"]
    if _off(ece):
        yield f"its probabilities are off by {100 * ece['value']:.0f} points on average; their order may still be used"
    yield from _overtaken(evaluation)
    yield from _moving(evaluation)


def _overtaken(evaluation: dict[str, Any]) -> Iterator[str]:
    """Candidates that were better on the test dates beyond doubt: the choice on earlier dates did not hold."""
    ahead = {
        name: found["difference_to_champion"]["log_loss"]
        for name, found in evaluation["candidates"].items()
        if name != evaluation["champion"]
    }
    sure = {name: d for name, d in ahead.items() if d["ci95"][1] is not None and d["ci95"][1] < 0}
    if sure:
        name = min(sure, key=lambda n: sure[n]["value"])
        yield (
            f"chosen on earlier dates, it was overtaken: {_plain(name)} is better here by {-sure[name]['value']:.3f} "
            "of log loss, beyond doubt"
        )


def _moving(evaluation: dict[str, Any]) -> Iterator[str]:
    measured = [part["metrics"] for part in evaluation["per_as_of"] if part["metrics"]]
    aucs = [metrics["roc_auc"]["value"] for metrics in measured]
    if aucs and max(aucs) - min(aucs) > LARGE_SWING:
        yield f"its ROC AUC moves between {min(aucs):.2f} and {max(aucs):.2f} from one test date to another"
    worst = max((metrics["ece"]["value"] for metrics in measured if _off(metrics["ece"])), default=0.0)
    if worst and not _off(evaluation["metrics"]["ece"]):
        yield f"on a single test date its probabilities are off by {100 * worst:.0f} points; the pooled figure hides it"
    before, now = evaluation["label"]["base_rate_validation"], evaluation["label"]["base_rate"]
    if abs(now - before) > LARGE_TURN:
        yield f"the share of readers concerned moved from {before:.0%} on validation to {now:.0%} on test"


def _off(ece: Metric) -> bool:
    """Whether probabilities are off by more than noise and more than a little."""
    low = ece["ci95"][0]
    return ece["value"] is not None and ece["value"] > LARGE_ECE and low is not None and low > 0


def _good(evaluation: dict[str, Any]) -> str:
    label = evaluation["label"]
    better = "better than every rule of thumb beyond doubt, " if naive_floors(evaluation) else ""
    return (
        f"judged on {label['readers_test']:,} readers at later dates, {better}"
        f"probabilities off by {100 * evaluation['metrics']['ece']['value']:.1f} points on average, "
        "and the leakage audit is clean"
    )


def _steps(evaluation: dict[str, Any]) -> Iterator[str]:
    level = evaluation["trust"]["level"]
    if level == "low":
        yield "Do not act on these scores yet: first resolve what stands under trust."
    else:
        share = evaluation["operating_points"]["top_k"]["share"]
        yield (
            f"Contact the {share:.0%} of readers most likely to {evaluation['label']['outcome']}, and leave a random "
            "half of them alone: only that shows whether contacting helps."
        )
    if evaluation["leakage"].get("verdict") not in ("clean", "leak"):
        yield "Run `readership audit leakage`."
    oracle = evaluation["oracle"]
    if oracle and oracle.get("efficiency") is not None:
        yield (
            f"The model has {oracle['efficiency']:.0%} of what an oracle knows above chance, who sees the hidden state "
            "of every reader; "
            + ("part of the rest shows in no log." if oracle["efficiency"] < 0.9 else "little is left to gain.")
        )
    if _off(evaluation["metrics"]["ece"]):
        yield "Train again once newer outcomes are known; until then use the order of readers, not the probabilities."


def _plain(name: str) -> str:
    return {"base_rate": "one rate for everybody", "recency": "looking at the last visit"}.get(
        name, name.replace("_", " ")
    )
