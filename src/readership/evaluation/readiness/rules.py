"""What each step asks of the data, one rule a step; a rule yields what is in the way and what could be better."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Literal, NamedTuple

from readership.datasets.folds import DAY, FEWEST_FOLDS, longest_horizon
from readership.evaluation.readiness.facts import Cutoff, Facts, Question
from readership.evaluation.reports.words import plural
from readership.models import segmentation

State = Literal["impossible", "degraded", "ready"]
STATES: tuple[State, ...] = ("impossible", "degraded", "ready")
"""The worst first."""
FEWEST_READERS = 200
FEWEST_OF_RARER = 50
FEWEST_READING_DAYS = 7
MUCH = 0.01
SILENCE_DAYS = 3
PERSONALISE = (
    "state what they agreed to: `purposes` under [consent] in the mapping, or --consent when loading "
    "(`readership doctor --consent analytics,personalisation` shows what that would allow)"
)


class Finding(NamedTuple):
    """One thing that is in the way, or could be better."""

    state: State
    reason: str
    remedy: str


def nothing(f: Facts) -> Iterator[Finding]:
    if not f.rows:
        remedy = (
            "load a log with `readership ingest FILE`, or make one with `readership demo`"
            if f.grain == "events"
            else "name a table that holds rows, with a user who may read them"
        )
        yield Finding("impossible", f"{f.source} holds no rows", remedy)


def _exploration(f: Facts) -> Iterator[Finding]:
    yield from _packages(f, "train")
    if f.gap_days > SILENCE_DAYS:
        yield Finding(
            "degraded",
            f"{plural(f.gap_days, 'day')} without any row from {f.gap_from:%Y-%m-%d}",
            "bring what is missing, or record the span in the table `outages`, so that labels leave it out",
        )
    if f.quarantined > MUCH * f.rows:
        yield Finding(
            "degraded",
            f"{plural(f.quarantined, 'row')} could not be understood",
            "read the reasons in the table `quarantine`, correct mapping or export, and load again",
        )
    if f.repeats > MUCH * f.rows:
        yield Finding(
            "degraded",
            f"{plural(f.repeats, 'row')} ({f.repeats / f.rows:.0%}) say the same as another",
            "give each event an id of its own (`event_id`), so that a repeat counts once",
        )


def _features(f: Facts) -> Iterator[Finding]:
    yield from _packages(f, "train")
    yield from _consent(f)
    lacking = [words for words, names in _FEATURE_FIELDS if not f.carries(*names)]
    if lacking:
        yield Finding(
            "degraded",
            f"no row carries {', '.join(lacking)}; features of these stay empty",
            "name their columns in the mapping, where the source has them",
        )


def _churn(f: Facts) -> Iterator[Finding]:
    yield from _packages(f, "train")
    yield from _registered(f)
    yield from _consent(f)
    yield from _folds(f, "churn", "READERSHIP_CHURN_HORIZON_DAYS")


def _churn_subscribers(f: Facts) -> Iterator[Finding]:
    yield from _packages(f, "train")
    yield from _consent(f)
    if not f.tables.get("subscriptions") and not (f.carries("period_end") and f.counts(*_PAID)):
        yield Finding(
            "impossible",
            "no paid periods are known: neither subscriptions nor starts and renewals with their `period_end`",
            "load billing with `readership ingest --table subscriptions FILE`",
        )
        return
    yield from _folds(f, "churn_subscribers")


def _segmentation(f: Facts) -> Iterator[Finding]:
    yield from _packages(f, "train")
    yield from _consent(f)
    if f.span_days < segmentation.HISTORY_DAYS:
        yield Finding(
            "impossible",
            f"the log holds {f.span_days:.0f} days; segments need {segmentation.HISTORY_DAYS}",
            "bring more history",
        )
    if 0 < f.consenting < segmentation.FEWEST_READERS:
        yield Finding(
            "impossible",
            f"only {plural(f.consenting, 'reader')} to group; segments need {segmentation.FEWEST_READERS}",
            "bring more readers",
        )
    elif 0 < f.consenting < FEWEST_READERS:
        yield Finding("degraded", f"only {plural(f.consenting, 'reader')} to group", "bring more readers")


def _recommendation(f: Facts) -> Iterator[Finding]:
    yield from _packages(f, "train")
    yield from _consent(f)
    if f.span_days < FEWEST_READING_DAYS:
        yield Finding(
            "impossible",
            f"the log holds {f.span_days:.1f} days; recommendations need {FEWEST_READING_DAYS}",
            "bring more history",
        )
    if not f.carries("article_id"):
        yield Finding(
            "impossible", "no row says which article was read", "map the column of the article to `article_id`"
        )
    elif not f.tables.get("titled_articles") and not f.carries("article_title"):
        yield Finding(
            "degraded",
            "no article has a title or a text, so a new article can be recommended only once it has been read",
            "load the articles with `readership ingest --table articles FILE`",
        )


def _conversion(f: Facts) -> Iterator[Finding]:
    yield from _registered(f)
    yield from _consent(f)
    if not f.starts:
        yield Finding(
            "impossible",
            "no subscription begins: no `subscription_start` event, and no tier that becomes a paid one",
            "send the event, or map the column of the tier to `subscription_tier`",
        )
        return
    yield from _folds(f, "conversion", "READERSHIP_CONVERSION_HORIZON_DAYS")


def _click(f: Facts) -> Iterator[Finding]:
    yield from _consent(f)
    if not f.counts("article_impression"):
        yield Finding(
            "impossible",
            "no `article_impression`: what readers were shown and did not click is unknown",
            "send an impression for each article shown, with its `position` and `slate_id`",
        )
    elif not f.counts("article_click", "article_view"):
        yield Finding("impossible", "no `article_click` and no `article_view`", "send the clicks on what was shown")
    elif not f.carries("position"):
        yield Finding(
            "degraded",
            "no impression says at which position, so place and appeal cannot be told apart",
            "send `position` and `slate_id` with each impression",
        )


def _engagement(f: Facts) -> Iterator[Finding]:
    yield from _consent(f)
    if not f.carries("time_on_page", "session_duration_sec"):
        yield Finding(
            "degraded", "no reading time; only pages can be predicted", "map the column of the time to `time_on_page`"
        )


def _ads(f: Facts) -> Iterator[Finding]:
    missing = [kind for kind in ("ad_impression", "ad_click") if not f.counts(kind)]
    if missing:
        yield Finding(
            "impossible", f"no {' and no '.join(f'`{kind}`' for kind in missing)}", "send the events of the ad server"
        )
        return
    if not f.tables.get("ads"):
        yield Finding(
            "impossible", "bids and budgets are unknown", "load them with `readership ingest --table ads FILE`"
        )
    if not f.carries("propensity"):
        yield Finding(
            "impossible",
            "no decision carries its `propensity`, so another policy cannot be judged from the log",
            "log the probability with which each ad was chosen",
        )


def _serving(f: Facts) -> Iterator[Finding]:
    yield from _packages(f, "serve")
    yield from (finding for finding in _churn(f) if finding.state == "impossible")
    if not f.champions:
        yield Finding(
            "degraded", "no model is live yet", "`readership run` makes one and promotes it if the rule allows"
        )


def _experiments(f: Facts) -> Iterator[Finding]:
    if not f.tables.get("exposures") and not f.carries("experiment"):
        yield Finding(
            "degraded",
            "no exposure has been logged, so an experiment can be planned but none analysed",
            "send `experiment` and `variant` with the events of those who were exposed",
        )


def _packages(f: Facts, extra: str) -> Iterator[Finding]:
    if missing := f.missing_packages.get(extra):
        yield Finding(
            "impossible",
            f"package{'s' if len(missing) > 1 else ''} {', '.join(missing)} not installed",
            f"pip install 'readership[{extra}]'",
        )


def _registered(f: Facts) -> Iterator[Finding]:
    if not f.registered:
        yield Finding(
            "impossible",
            "no reader is known to be registered: no login, no registration, no tier",
            "map the column of the tier to `subscription_tier` (a constant where every reader has an account), "
            "or send `login` events",
        )


def _consent(f: Facts) -> Iterator[Finding]:
    if not f.consenting:
        said = "none of those who said agrees" if f.consent_rows else "the data does not say"
        yield Finding(
            "impossible", f"nobody is known to agree to personalisation ({said}), so nobody can be scored", PERSONALISE
        )
    elif f.consenting < FEWEST_READERS:
        yield Finding("degraded", f"only {plural(f.consenting, 'reader')} who can be scored", "bring more readers")


def _folds(f: Facts, name: str, setting: str = "") -> Iterator[Finding]:
    """Whether the history is long enough, and each fold holds readers with either answer."""
    question = f.questions[name]
    if not question.cutoffs:
        yield _too_short(f, question, setting)
        return
    if not f.consenting or (name != "churn_subscribers" and not f.registered):
        return
    for fold in ("train", "validation", "calibration", "test"):
        yield from _fold(fold, [cutoff for cutoff in question.cutoffs if cutoff.fold == fold], question)
    tests = [cutoff for cutoff in question.cutoffs if cutoff.fold == "test"]
    if len(tests) == 1:
        yield Finding(
            "degraded",
            f"history for one test cut-off alone ({tests[0].as_of:%Y-%m-%d}), so figures rest on one stretch of time",
            f"{2 * question.horizon_days} days more of history give a second",
        )


def _too_short(f: Facts, question: Question, setting: str) -> Finding:
    assert f.first
    needed = question.lookback_days + FEWEST_FOLDS * question.horizon_days
    fits = longest_horizon(f.first, f.now, timedelta(days=question.lookback_days)) // DAY
    bring = f"bring {plural(max(1, needed - int(f.span_days)), 'day')} more of history"
    longest = f"the longest horizon that fits is {plural(fits, 'day')}" if fits >= 1 else "no horizon fits"
    return Finding(
        "impossible",
        f"{plural(int(f.span_days), 'day')} of history, and {question.horizon_days} days ahead after "
        f"{question.lookback_days} back need {needed}; {longest}",
        f"set {setting}={fits}, or {bring}" if setting and fits >= 1 else bring,
    )


def _fold(fold: str, cutoffs: list[Cutoff], question: Question) -> Iterator[Finding]:
    asked, positives = sum(c.asked for c in cutoffs), sum(c.positives for c in cutoffs)
    at = f"the {fold} cut-off{'s' if len(cutoffs) > 1 else ''} {cutoffs[0].as_of:%Y-%m-%d}"
    at += f" … {cutoffs[-1].as_of:%Y-%m-%d}" if len(cutoffs) > 1 else ""
    if not asked:
        yield Finding(
            "impossible",
            f"nobody can be asked about at {at}: no reader of this question was seen in the "
            f"{question.lookback_days} days before",
            "bring the rows of that time, or set READERSHIP_NOW to a time when there are some",
        )
    elif positives in (0, asked):
        yield Finding(
            "impossible",
            f"all {asked:,} answers at {at} are the same",
            "bring more readers or more history, or choose another horizon",
        )
    elif fold == "test" and (few := min(positives, asked - positives)) < FEWEST_OF_RARER:
        yield Finding(
            "degraded",
            f"only {few} of {asked:,} held-out answers are the rarer one, so intervals will be wide",
            "bring more readers or more history",
        )


_PAID = ("subscription_start", "subscription_renewal")
_FEATURE_FIELDS = (
    ("reading time", ("time_on_page",)),
    ("categories", ("category",)),
    ("devices", ("device_type", "device_os")),
    ("referrers", ("referrer",)),
)
RULES: dict[str, tuple[Callable[[Facts], Iterator[Finding]], str]] = {
    "exploration": (_exploration, "the data can be described"),
    "features": (_features, "every group of features has its data"),
    "baselines": (_churn, "the folds fit and hold readers with either answer"),
    "churn": (_churn, "the folds fit and hold readers with either answer"),
    "churn_subscribers": (_churn_subscribers, "paid periods are known, and the folds fit"),
    "segmentation": (_segmentation, "there are readers to group"),
    "recommendation": (_recommendation, "what was read is known, and what it is about"),
    "conversion": (_conversion, "subscriptions begin, and the folds fit"),
    "click": (_click, "what was shown and where is known, and what was clicked"),
    "engagement": (_engagement, "how long readers stay is known"),
    "ads": (_ads, "impressions, clicks, bids and propensities are known"),
    "serving": (_serving, "a model is live"),
    "experiments": (_experiments, "exposures are logged"),
}
