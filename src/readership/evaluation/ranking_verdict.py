"""What recommendations are worth, whether to believe it, and what to do: in words, from the evaluation alone."""

from collections.abc import Iterator
from typing import Any

from readership.contracts import Metric
from readership.evaluation.trust import weighed

FEW_READERS = 300
MUCH_UNSEEN = 0.1
PLAIN = {
    "popular": "showing everybody what is read most",
    "popular_brand": "showing what is read most at the brand",
    "newest": "showing the newest first",
    "together": "showing what is read together with the last article",
}


def sentence(evaluation: dict[str, Any]) -> str:
    """`Of 100 articles that readers open next, 46 [44–48] stand among the ten shown; of the ten read most now, 35.`"""
    hits, popular = evaluation["metrics"]["hr_at_10"], evaluation["floors"]["popular"]["hr_at_10"]
    return (
        f"Of 100 articles that readers open next, {_of_hundred(hits)} stand among the ten shown; "
        f"{100 * popular['value']:.0f} would, were everybody shown the ten read most."
    )


def trust(evaluation: dict[str, Any]) -> dict[str, Any]:
    """See `weighed`."""
    return weighed(evaluation, _grave, _lesser, _good)


def next_steps(evaluation: dict[str, Any]) -> list[str]:
    """What to do with these recommendations, most pressing first."""
    return list(_steps(evaluation))


def _grave(evaluation: dict[str, Any]) -> Iterator[str]:
    if evaluation["leakage"].get("verdict") == "leak":
        yield "what was learnt at one moment is not what was known at it: something came from the future"
    for name, floor in evaluation["floors"].items():
        if floor["difference_to_champion"]["ndcg_at_10"]["value"] >= 0:
            yield f"it is no better than {_plain(name)}, which needs no model"


def _lesser(evaluation: dict[str, Any]) -> Iterator[str]:
    if evaluation["leakage"].get("verdict") not in ("clean", "leak"):
        yield "whether anything came from the future has not been compared"
    for name, floor in evaluation["floors"].items():
        found = floor["difference_to_champion"]["ndcg_at_10"]
        high = found["ci95"][1]
        if found["value"] < 0 and (high is None or high >= 0):
            yield f"its advantage over {_plain(name)} is within the noise"
    label = evaluation["label"]
    if label["readers_test"] < FEW_READERS:
        yield f"it was tested on {label['readers_test']:,} readers only"
    if label["unseen_share"]["value"] > MUCH_UNSEEN:
        yield (
            f"{label['unseen_share']['value']:.0%} of the articles opened were not known before somebody opened them, "
            "so nothing could recommend them; load the articles as they are published"
        )


def _steps(evaluation: dict[str, Any]) -> Iterator[str]:
    if evaluation["trust"]["level"] == "low":
        yield "Do not show these slates yet: first resolve what stands under trust."
    else:
        yield (
            "Show these slates to a random half of the readers and leave the other half as before: a log holds what "
            "readers opened among what they were shown, and only a trial shows what new slates change."
        )
    goal = evaluation["goal"]
    reached = goal["reached"]["value"]
    if reached is not None and not goal["met"]:
        way = "above" if reached >= 0 else "below"
        yield (
            f"Its NDCG@10 lies {abs(reached):.0%} {way} that of what is read most now; the goal of "
            f"{goal['ndcg_lift']:.0%} above is not reached{_recognised(goal)}."
        )
    worst = _worst(evaluation)
    if worst:
        yield (
            f"Look at {worst['slice']} “{worst['value']}”: there the ten read most find as much or more than the "
            "recommendations."
        )
    for reason in evaluation["left_out"].values():
        yield f"{reason[0].upper()}{reason[1:]}."


def _recognised(goal: dict[str, Any]) -> str:
    """What it reaches where readers may be recognised, if that is more."""
    here, reached = goal["recognised"]["value"], goal["reached"]["value"]
    if here is None or here <= reached + 0.005:
        return ""
    return f" (where readers agree to be recognised, it lies {here:.0%} above; for the others there is little to go by)"


def _worst(evaluation: dict[str, Any]) -> dict[str, Any] | None:
    """The part of the reads where the champion is furthest behind the order by popularity; None where nowhere."""
    champion = evaluation["champion"]
    behind = [
        (part["metrics"][champion]["ndcg_at_10"]["value"] - part["metrics"]["popular"]["ndcg_at_10"]["value"], at)
        for at, part in enumerate(evaluation["slices"])
        if part["metrics"]
    ]
    least, at = min(behind, default=(1.0, 0))
    found: dict[str, Any] = evaluation["slices"][at] if least < 0 else {}
    return found or None


def _of_hundred(metric: Metric) -> str:
    low, high = metric["ci95"]
    return f"{100 * metric['value']:.0f}" + ("" if low is None else f" [{100 * low:.0f}–{100 * high:.0f}]")


def _plain(name: str) -> str:
    return PLAIN.get(name, name.replace("_", " "))


def _good(evaluation: dict[str, Any]) -> str:
    label = evaluation["label"]
    return (
        f"judged on {label['n_test']:,} later reads of {label['readers_test']:,} readers, each ranked by what was "
        "known before it, and better than every rule of thumb beyond doubt; but a log holds what readers opened "
        "among what they were shown, so only a trial shows what new slates would change"
    )
