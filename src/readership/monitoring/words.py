"""Alerts and measures in words, the same in every place where somebody is told."""

from readership.monitoring.alerts import MOST_PARTS, Alert, Notice

SHARES = {
    "repeated", "empty", "late", "quarantined", "new_words", "drifted", "missing", "unseen", "base_rate", "precision",
    "recall",
}  # fmt: skip
"""Measures that are shares of something."""


def headline(notice: Notice) -> str:
    """One line: how severe, what, of which model, and what became of it."""
    alert = notice.alert
    about = f" ({alert.task})" if alert.task else ""
    what = "" if notice.what == "fires" else f" – {notice.what}"
    return f"[{alert.severity}] {alert.rule.name}{about}{what}"


def sentence(alert: Alert) -> str:
    """What is so, of which parts, by how much, and since when."""
    says = alert.rule.says or f"{alert.rule.measure} of {alert.rule.kind} breaks the rule"
    parts = f": {named(alert.parts)}" if alert.parts else ""
    over = f", until {alert.ended_at:%Y-%m-%d}" if alert.ended_at else ""
    return f"{says[:1].upper()}{says[1:]}{parts}. {figure(alert)}Since {alert.since:%Y-%m-%d}{over}."


def figure(alert: Alert) -> str:
    """The furthest value and what it is held against; empty where there is none."""
    worst = alert.worst
    if worst.value is None:
        return ""
    low, high = worst.usual_low, worst.usual_high
    bounds = (
        f", usually {number(worst.measure, low)} to {number(worst.measure, high)}"
        if low is not None and high is not None
        else f", usually at least {number(worst.measure, low)}"
        if low is not None
        else f", usually at most {number(worst.measure, high)}"
        if high is not None
        else ""
    )
    why = f" ({worst.reason})" if worst.reason else ""
    return f"{number(worst.measure, worst.value)} on {worst.as_of:%Y-%m-%d}{bounds}{why}. "


def named(parts: tuple[str, ...]) -> str:
    """Some of the parts, and how many more.

    >>> named(("a", "b", "c", "d", "e", "f"))
    'a, b, c, d, e and 1 more'
    """
    more = len(parts) - MOST_PARTS
    return ", ".join(parts[:MOST_PARTS]) + (f" and {more} more" if more > 0 else "")


def number(measure: str, value: float) -> str:
    """A value as people read it.

    >>> number("empty", 0.1234), number("events", 1234.4), number("roc_auc", 0.7812)
    ('12.3%', '1,234', '0.781')
    """
    if measure in SHARES:
        return f"{value:.1%}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}" if abs(value) >= 1 else f"{value:.3f}"
