"""What an experiment says, in sentences that claim no more than its intervals allow."""

from typing import Any

from readership.evaluation.reports.words import NBSP, plural

LEVELS = {"broken": "low", "harm": "low", "adopt": "high", "drop": "low", "wait": "fair", "no difference": "fair"}
ADVICE = {
    "broken": "Do not believe it",
    "harm": "Stop it",
    "adopt": "Adopt it",
    "drop": "Drop it",
    "wait": "Let it run",
    "no difference": "No difference to tell",
}


def sentences(measured: dict[str, Any]) -> list[str]:
    """The result first, then guard-rails, then what to know before believing it."""
    return [*headlines(measured), *guardrails(measured), *cautions(measured)]


def headlines(measured: dict[str, Any]) -> list[str]:
    """What to do with each variant, and why."""
    return [
        f"{name(variant)}: {ADVICE[verdict].lower()}. {why(measured, variant)}"
        for variant, verdict in measured["verdicts"].items()
    ]


def why(measured: dict[str, Any], variant: str) -> str:
    """The figure that decides about a variant, or what forbids to go by it."""
    verdict = measured["verdicts"][variant]
    if verdict == "broken":
        return (
            f"The arms are not as they were drawn (p {chance(measured['split']['p'])}), so the difference between them "
            "says nothing about the variant; find out which units are missing."
        )
    own = [finding for finding in measured["findings"] if finding["variant"] == variant]
    if verdict == "harm":
        harmed = ", ".join(name(f["metric"]) for f in own if f["verdict"] == "harmed")
        return f"It harms {harmed}, whatever it gains elsewhere."
    said = {
        "adopt": "It is better",
        "drop": "It is worse",
        "wait": "Nothing can be told from chance yet",
        "no difference": "It cannot be told from chance",
    }[verdict]
    return f"{said}: {name(own[0]['metric'])} {change(own[0], measured)}."


def guardrails(measured: dict[str, Any]) -> list[str]:
    """What each guard-rail says of each variant."""
    found = []
    for finding in measured["findings"]:
        if finding["guardrail"]:
            said = {
                "harmed": f"is harmed: {change(finding, measured)}",
                "safe": "is safe: even the worse end of its interval lies within the margin",
                "open": f"is not yet known to be safe: {change(finding, measured)}",
                "unknown": f"cannot be told: {finding['unknown'] or 'too few units yet'}",
            }[finding["verdict"]]
            found.append(f"Guard-rail {name(finding['metric'])}, {name(finding['variant'])}: it {said}.")
    return found


def cautions(measured: dict[str, Any]) -> list[str]:
    """What to know before believing it."""
    found = []
    if measured["split"]["verdict"] == "too few":
        found.append("There are too few units to tell whether the arms are as they were drawn.")
    if not measured["complete"]:
        found.append(
            f"It is complete on {measured['complete_at'][:10]}. Until then only the always-valid interval counts: it "
            "may be looked at every day, and the experiment be stopped when it leaves out 0. The fixed interval is "
            "right once, at the end."
        )
    if measured["outcomes_open"]:
        window = measured["definition"]["window_days"]
        found.append(
            f"{plural(measured['outcomes_open'], 'unit')} exposed in the last {window} days are not in the figures "
            "yet: their outcome is still open."
        )
    if measured["moved"]:
        found.append(
            f"{plural(measured['moved'], 'unit')} met a second variant later and counted in the first; many of them "
            "make a difference look smaller than it is."
        )
    for reason, count in measured["exposures_left_out"].items():
        if count:
            found.append(f"{plural(count, 'exposure')} were left out: {reason}.")
    for one in measured["heterogeneity"]:
        if one["p_adjusted"] < 0.05:
            found.append(
                f"The effect of {name(one['variant'])} differs by {name(one['segment'])} (p "
                f"{chance(one['p_adjusted'])}): look at the segments before it is given to everybody."
            )
    return found


def change(finding: dict[str, Any], measured: dict[str, Any]) -> str:
    """`+2.1% [+0.4%, +3.8%]`, by the interval that counts now; in the metric's unit where the control has none."""
    low, high = (
        (finding["low"], finding["high"]) if measured["complete"] else (finding["always_low"], finding["always_high"])
    )
    base = finding["control"]
    if low is None:
        return f"not known yet ({finding['unknown'] or 'too few units'})"
    if not base or base < 0:
        return f"{finding['difference']:+.4g} [{low:+.4g},{NBSP}{high:+.4g}] {measured['units_of'][finding['metric']]}"
    return f"{finding['difference'] / base:+.1%} [{low / base:+.1%},{NBSP}{high / base:+.1%}]"


def value(amount: float | None, unit: str) -> str:
    """An arm's value.

    >>> value(0.0312, "share"), value(2.345678, "days"), value(None, "days")
    ('3.12%', '2.346', 'unknown')
    """
    if amount is None:
        return "unknown"
    return f"{amount:.2%}" if unit == "share" else f"{amount:.4g}"


def chance(p: float | None) -> str:
    """A p-value for people.

    >>> chance(0.0312), chance(0.00004), chance(None)
    ('0.031', 'below 0.0001', 'unknown')
    """
    if p is None:
        return "unknown"
    return "below 0.0001" if p < 0.0001 else f"{p:.2g}"


def name(key: str) -> str:
    """A metric's or a variant's key as words."""
    return key.replace("_", " ")
