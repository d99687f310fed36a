"""What each question asks of whom: the label's SQL, its horizon, and how far back its readers were last seen."""

from dataclasses import dataclass, replace
from datetime import timedelta

from readership.errors import InputError
from readership.settings import Settings
from readership.warehouse import read_sql

PAID_PERIOD_ENDS_DAYS = 30
RENEWAL_GRACE_DAYS = 30
CONVERSION_LOOKBACK_DAYS = 28
ENGAGEMENT_LOOKBACK_DAYS = 28
ENGAGEMENT_HORIZON_DAYS = 14
KNOWN = "known"
"""Readers with two known sessions: the population of engagement, registered or not."""
SUBSCRIBER_LOOKBACK_DAYS = 28


@dataclass(frozen=True)
class LabelRule:
    """A question about readers at a cut-off.

    name           also the name of its SQL file in datasets/labels
    lookback_days  a reader is asked about when seen in this many days before the cut-off
    horizon_days   the answer lies in this many days after it; the label is mature when they have passed
    definition     the rule in words, for reports
    """

    name: str
    task: str
    population: str
    lookback_days: int
    horizon_days: int
    definition: str

    @property
    def sql(self) -> str:
        """The statement that returns user_id and label."""
        return read_sql("readership.datasets.labels", self.name)

    @property
    def lookback(self) -> timedelta:
        """History that must lie before the first cut-off."""
        return timedelta(days=self.lookback_days)

    @property
    def horizon(self) -> timedelta:
        """Time after a cut-off until its labels are mature."""
        return timedelta(days=self.horizon_days)


def label_rule(task: str, settings: Settings, population: str = "registered") -> LabelRule:
    """The rule of `task` under these settings; `churn_subscribers` is churn of the subscribers.

    >>> label_rule("churn", Settings(churn_horizon_days=7)).horizon_days
    7
    >>> label_rule("churn", Settings(), population="subscribers").name
    'churn_subscribers'
    """
    if task == "churn_subscribers":
        task, population = "churn", "subscribers"
    rule = _rule(task, population, settings)
    if settings.brand is None:
        return rule
    return replace(rule, definition=f"at {settings.brand} alone: {rule.definition}")


def _rule(task: str, population: str, settings: Settings) -> LabelRule:
    match task, population:
        case "churn", "registered":
            return _churn(settings.churn_lookback_days, settings.churn_horizon_days)
        case "churn", "subscribers":
            return _churn_subscribers()
        case "conversion", "registered":
            return _conversion(settings.conversion_horizon_days)
        case "engagement", "registered" | "known":
            return _engagement()
    raise InputError(
        f"there is no label for task {task!r} of population {population!r}; "
        "there are churn (registered, subscribers), conversion (registered) and engagement (known)"
    )


def trained_by(name: str) -> str:
    """The command that trains the model of a rule's name.

    >>> trained_by("churn_subscribers"), trained_by("conversion")
    ('readership train churn --population subscribers', 'readership train conversion')
    >>> trained_by("conversion_uplift"), trained_by("click_ads")
    ('readership train conversion --uplift', 'readership train click_ads')
    """
    if name == "click_ads":
        return f"readership train {name}"
    if name.endswith("_uplift"):
        return f"{trained_by(name.removesuffix('_uplift'))} --uplift"
    task, _, population = name.partition("_")
    return f"readership train {task}" + (f" --population {population}" if population else "")


def _churn(lookback_days: int, horizon_days: int) -> LabelRule:
    return LabelRule(
        name="churn",
        task="churn",
        population="registered",
        lookback_days=lookback_days,
        horizon_days=horizon_days,
        definition=(
            f"registered readers seen in the {lookback_days} days before the cut-off; "
            f"churned: not seen in the {horizon_days} days from it"
        ),
    )


def _churn_subscribers() -> LabelRule:
    return LabelRule(
        name="churn_subscribers",
        task="churn",
        population="subscribers",
        lookback_days=SUBSCRIBER_LOOKBACK_DAYS,
        horizon_days=PAID_PERIOD_ENDS_DAYS + RENEWAL_GRACE_DAYS,
        definition=(
            f"readers whose paid period ends within {PAID_PERIOD_ENDS_DAYS} days after the cut-off; "
            f"churned: no valid renewal within {RENEWAL_GRACE_DAYS} days after that end"
        ),
    )


def _conversion(horizon_days: int) -> LabelRule:
    return LabelRule(
        name="conversion",
        task="conversion",
        population="registered",
        lookback_days=CONVERSION_LOOKBACK_DAYS,
        horizon_days=horizon_days,
        definition=(
            f"registered readers without a paid tier, seen in the {CONVERSION_LOOKBACK_DAYS} days before the "
            f"cut-off; converted: a subscription started in the {horizon_days} days from it"
        ),
    )


def _engagement() -> LabelRule:
    return LabelRule(
        name="engagement",
        task="engagement",
        population=KNOWN,
        lookback_days=ENGAGEMENT_LOOKBACK_DAYS,
        horizon_days=ENGAGEMENT_HORIZON_DAYS,
        definition=(
            f"readers with at least two sessions before the cut-off, the last in the {ENGAGEMENT_LOOKBACK_DAYS} days "
            f"before it; the answer is the engagement score (0 to 100) of the first session that starts in the "
            f"{ENGAGEMENT_HORIZON_DAYS} days from it and is over within them; readers without one are not asked about"
        ),
    )
