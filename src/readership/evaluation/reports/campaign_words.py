"""What a measured campaign means, in sentences that claim no more than its interval allows."""

from typing import Any

from readership.evaluation.reports.words import NBSP, euros, plural

HELPED = {"leave": "readers kept", "subscribe": "subscriptions gained"}
ONE_HELPED = {"leave": "reader kept", "subscribe": "subscription gained"}


def outcome_of(task: str) -> str:
    """The verb of the outcome of a task's label."""
    return "subscribe" if task == "conversion" else "leave"


def sentences(measured: dict[str, Any]) -> list[str]:
    """The result first, then money, then what to know before believing it."""
    found = [headline(measured), _rates(measured), _money(measured)]
    return [*found, *cautions(measured)]


def headline(measured: dict[str, Any]) -> str:
    """What the contact did, or that this cannot be told."""
    helped, outcome = measured["helped"], outcome_of(measured["task"])
    contacted = f"{plural(measured['contacts'], 'reader')} contacted"
    if measured["split"]["broken"]:
        return "The arms are not as they were drawn, so the difference between them says nothing about the contact."
    low, high = (round(bound) for bound in helped["ci95"])
    if not measured["sure"]:
        return (
            f"No effect can be told from chance: between {_signed(low)} and {_signed(high)} {HELPED[outcome]} among "
            f"{contacted}."
        )
    if helped["value"] < 0:
        lost = {"leave": "more readers left", "subscribe": "fewer readers subscribed"}[outcome]
        return (
            f"The contact did harm: {-round(helped['value']):,} {lost} than without it ({-high:,} to {-low:,}), of "
            f"{contacted}."
        )
    return f"The contact worked: {round(helped['value']):,} {HELPED[outcome]} ({low:,} to {high:,}) among {contacted}."


def helped_range(measured: dict[str, Any]) -> str:
    """The interval of how many were helped.

    >>> helped_range({"helped": {"ci95": [-2.4, 9.1]}})
    '−2 to 9'
    """
    low, high = measured["helped"]["ci95"]
    return f"{_signed(round(low))} to {_signed(round(high))}"


def cautions(measured: dict[str, Any]) -> list[str]:
    """What to know before believing it."""
    found = []
    if not measured["sure"]:
        found.append(
            f"A list of this size would have shown an effect of {_points(measured['detectable'])} in four of five "
            f"cases; the contact pays from {_points(measured['pays_from'])}. Larger lists, or several campaigns "
            "together, show smaller effects."
        )
    low, high = measured["net_eur"]["ci95"]
    if measured["sure"] and low < 0 < high:
        found.append("That it paid for itself is not sure: the interval of the net gain holds 0.")
    if measured["method"] == "newcombe":
        found.append(
            "Too few readers did, or did not, in one of the arms for the estimate that uses their scores; the plain "
            "difference stands for it."
        )
    left_out = measured["left_out"]
    if sum(left_out.values()):
        found.append(
            f"Left out: {left_out['erased']:,} readers who were erased, and {left_out['outage']:,} whose outcome is "
            "not known, because an outage of the tracker touches it or what was known of them was corrected."
        )
    return found


def _rates(measured: dict[str, Any]) -> str:
    arms, outcome = measured["arms"], outcome_of(measured["task"])
    did = {"leave": "left", "subscribe": "subscribed"}[outcome]
    treated, control = arms["treatment"], arms["control"]
    return (
        f"Of {treated['readers']:,} readers contacted, {treated['outcomes']:,} {did} ({_share(treated)}); of "
        f"{control['readers']:,} left alone, {control['outcomes']:,} ({_share(control)})."
    )


def _money(measured: dict[str, Any]) -> str:
    net, per = measured["net_eur"], measured["cost_per_helped_eur"]
    low, high = net["ci95"]
    spent = f"The contacts cost {euros(measured['cost_eur'])}"
    if not measured["sure"]:
        return f"{spent}; net of that they brought between {euros(low)} and {euros(high)}."
    one = ONE_HELPED[outcome_of(measured["task"])]
    each = f", {euros(per['value'])} for each {one}" if per["value"] is not None else ""
    return f"{spent}{each}; net of that they brought {euros(net['value'])} ({euros(low)} to {euros(high)})."


def _share(arm: dict[str, Any]) -> str:
    low, high = arm["rate"]["ci95"]
    return f"{arm['rate']['value']:.1%}, {low:.1%} to {high:.1%}"


def _points(share: float) -> str:
    return f"{100 * share:.1f}{NBSP}percentage points"


def _signed(number: int) -> str:
    return f"{number:,}".replace("-", "−")
