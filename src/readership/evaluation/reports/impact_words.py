"""What was measured of the decisions, in sentences that an editor understands."""

from collections.abc import Iterator
from typing import Any

from readership.contracts import Metric
from readership.evaluation.impact import OUTCOMES
from readership.evaluation.reports.words import euros

GROUPS = {
    "retention": ("offers to stay", ("subscribers_lost", "cancels_expected")),
    "offers": ("offers to subscribe", ("conversion",)),
    "prompts": ("a tighter paywall for some", ("conversion",)),
    "pages": ("front pages", ("engaged_minutes", "churn")),
    "ads": ("advertisements", ("ads_eur",)),
    "all": ("all decisions together", ("churn", "subscribers_lost", "conversion", "engaged_minutes", "revenue_eur")),
}
"""By group: what is decided, and the outcomes it is meant for."""
WAYS = {
    "ours": "the product",
    "likeliest": "likeliest first",
    "last_visit": "last visit first",
    "random": "by lot",
    "popularity": "by popularity",
    "alone": "the product without the editors",
    "greedy": "best eCPM so far",
    "naive": "the simple policies",
    "oracle": "knowing the truth",
    "half": "the product, half of the list",
}
LISTS = "All lists hold a fifth of the readers who may be asked. "
TRUTH = "Green knows how each reader answers, as no model can."
READINGS = {
    "retention": LISTS + TRUTH,
    "offers": LISTS + TRUTH,
    "prompts": "A fifth of the free readers is asked at every paywalled article.",
    "pages": "The product and the simple policy order what the editors chose.",
    "ads": "The standing publisher draws in proportion to bids, so any policy that looks at prices gains a lot.",
}
"""What to know before reading the plot of each decision."""
MECHANISMS = (
    (
        "Offers to stay",
        "move only the decision to renew. They do not make anybody visit. Failed payments, about a third of the "
        "subscribers lost, are out of their reach, and some readers are driven away by an offer.",
    ),
    (
        "Offers and the paywall's questions",
        "move who begins to pay. Both annoy: a question, and an offer that is unwelcome, lower how a visit is felt.",
    ),
    (
        "Front pages",
        "change what is opened and read. What is read moves satisfaction, satisfaction the daily chance to leave for "
        "good. There is no further way from a better page to more visits, so it acts slowly, and readers' interest, "
        "habits and holidays weigh more. The editors of this world know how drawing each article is as it appears, as "
        "no editor does; whoever chooses without them has to learn it from clicks. So the product and the simple "
        "policy order what the editors chose; what the product does without them is shown beside.",
    ),
    (
        "Advertisements",
        "change what is earned, and nothing else: how much advertising there is annoys, which one is shown does not.",
    ),
)
"""What can move what in the simulated world."""


def name_of(policy: str) -> str:
    """`offers_last_visit`: offers to subscribe, last visit first."""
    group, _, way = policy.partition("_")
    return f"{GROUPS[group][0]}, {WAYS[way]}"


def percent(metric: Metric) -> str:
    """`−4.2% [−6.0% to −2.3%]`; `exactly 0` where the worlds are the same."""
    value, (low, high) = metric["value"], metric["ci95"]
    if value is None:
        return "not known"
    if value == low == high == 0:
        return "exactly 0"
    if low is None or high is None:
        return signed(value)
    return f"{signed(value)} [{signed(low)} to {signed(high)}]"


def headline(measured: dict[str, Any]) -> str:
    """Which of the roadmap's targets were reached, in one sentence."""
    by: dict[str, list[str]] = {"reached": [], "cannot be told": [], "not reached": []}
    for name, target in measured["targets"].items():
        reached = "not known" if target["reached"] is None else signed(target["reached"])
        by[target["verdict"]].append(f"{SHORT[name]} {reached} (wanted {signed(target['roadmap'], 0)})")
    said = [f"{verdict}: {', '.join(names)}" for verdict, names in by.items() if names]
    return f"All of the product's decisions together, against the roadmap. {'. '.join(map(_begun, said))}."


SHORT = {
    "cancels_expected": "cancellations to be expected",
    "ads_eur": "advertising revenue",
    "revenue_eur": "both revenues",
    "churn": "readers lost",
    "subscribers_lost": "subscribers lost",
    "conversion": "free readers who begin to pay",
    "engaged_minutes": "engaged minutes",
}


def sentences(measured: dict[str, Any]) -> Iterator[str]:
    """What stands behind the headline: money, the simple policies, and the models that decided."""
    standing, ours, naive = (measured["policies"][name] for name in ("standing", "all_ours", "all_naive"))
    off = ours["discount_eur"] - standing["discount_eur"]
    yield (
        f"Revenue: {percent(ours['outcomes']['revenue_eur']['lift'])} with the product, "
        f"{percent(naive['outcomes']['revenue_eur']['lift'])} with the simple policies; "
        f"{ours['contacts']:,} offers, {euros(off)} more taken off prices."
    )
    beaten = [
        f"{GROUPS[group][0]}: {SHORT[main]} {percent(measured['over_naive'][group][main])}"
        for group, main in (
            ("retention", "subscribers_lost"),
            ("offers", "conversion"),
            ("pages", "engaged_minutes"),
            ("ads", "ads_eur"),
        )
    ]
    yield f"Against the simple policy of the same cost: {'; '.join(beaten)}."
    yield from unproven(measured)


def told(measured: dict[str, Any]) -> Iterator[str]:
    """Lines for a terminal: that it is simulated, the targets, what stands behind them, the page."""
    yield measured["statement"]
    for name, target in measured["targets"].items():
        lift: Metric = {"value": target["reached"], "ci95": target["ci95"]}
        yield f"{SHORT[name]}: {percent(lift)}, wanted {signed(target['roadmap'], 0)}: {target['verdict']}"
    yield from sentences(measured)
    yield measured["report"]


def unproven(measured: dict[str, Any]) -> Iterator[str]:
    """Models that decided here though they were not promoted, and uplift that could not be learnt."""
    of = len(measured["models"])
    for name, said in (("churn_subscribers", "the chance to cancel"), ("conversion", "the chance to begin to pay")):
        weak = sum(not models[name]["promoted"] for models in measured["models"])
        if weak:
            yield (
                f"The model of {said} was not promoted{_of_worlds(weak, of)}: it does not beat simple floors. "
                "A publisher would not act on it; here it decides all the same, so that its effect can be seen."
            )
    kinds = {"retention": "to stay", "offer": "to subscribe"}
    without = {said: sum(one[d] == "probability" for one in measured["ordered_by"]) for d, said in kinds.items()}
    if any(without.values()):
        which = " and ".join(f"{said}{_of_worlds(some, of)}" for said, some in without.items() if some)
        yield (
            f"Whom an offer moves {which} could not be learnt from the standing arm of 10% alone; the list is by "
            "probability, and the likely are not the persuadable."
        )


def _of_worlds(some: int, of: int) -> str:
    return f" in {some} of {of} worlds" if of > 1 else ""


def short(name: str) -> str:
    """An outcome in a few words."""
    return SHORT.get(name, OUTCOMES[name].words)


def _begun(text: str) -> str:
    return text[0].upper() + text[1:]


def signed(value: float, digits: int = 1) -> str:
    """`−10.0%`, `+2.5%`, `0.0%`."""
    text = f"{100 * value:+.{digits}f}%".replace("-", "−")
    return text.replace("+0.0%", "0.0%").replace("−0.0%", "0.0%")


def points(metric: Metric) -> str:
    """A difference of shares: `+0.8 percentage points [+0.1 to +1.5]`."""
    value, (low, high) = metric["value"], metric["ci95"]
    if value is None or low is None or high is None:
        return "not known"
    shown = [f"{100 * number:+.1f}".replace("-", "−") for number in (value, low, high)]
    return f"{shown[0]} percentage points [{shown[1]} to {shown[2]}]"
