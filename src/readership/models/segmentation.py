"""Segmentation: which kinds of readers are there?

Question      Of the known readers with at least 2 sessions in the 56 days before a cut-off, registered or not, who
              reads alike? There is no label: nothing here is predicted.
Who acts      The audience team and the newsroom: a product, a newsletter or an offer made for one kind of reader.
              Each segment comes with a name and with three things to do.
Traits        A short list of habits (`TRAITS`): how often, how much, how closely, when, how widely, on what, from
              where, paying or not. Never a clock of the whole publisher, never where somebody lives. How long ago the
              last visit was is left to the RFV score: it is a moment, not a kind of reader.
Scaling       Amounts by a signed logarithm, then each trait less its median over its interquartile range, cut at
              3; a share of few sessions is moved towards the usual one, as if 10 usual sessions had been added. What
              is missing counts as usual; a trait known of less than half the readers is left out.
Model         Principal components that keep 95% of the variance, then K-Means, on the rows of `POOL` cut-offs so that
              no single month decides.
How many      Among 3 to 8 those whose stability is at least 0.8: the lower of two means of the adjusted Rand index,
              over fits on other readers and over consecutive dates. Of these the best sum of ranks by silhouette and
              by Davies-Bouldin index; a tie goes to more segments. Where none is stable, the most stable, said aloud.
              Chosen on earlier cut-offs; everything reported is measured on later ones.
Floors        Segments that need no model: the bands of the RFV score; and segments by lot.
Answer        The id of a segment, kept from one training to the next, its name, its profile and its advice.
"""

from readership.models._behaviour import EVIDENCE, Trait
from readership.models._question import Question

TASK = "segmentation"
CHAMPION = "kmeans"
POPULATION = "returning"
LOOKBACK_DAYS = 56
FEWEST_SESSIONS = 2
POOL = 3
CUTOFFS = 5
HISTORY_DAYS = 90 + 7 * (CUTOFFS - 1)
"""The longest window of a trait before each of `CUTOFFS` dates, which lie at least a week apart."""
FEWEST_READERS = 100
COUNTS = tuple(range(3, 9))
HANDHELD = ("app", "mobile")
PAID = ("enterprise", "premium", "pro")

TRAITS = (
    Trait("active_days_90d", "amount", "habit"),
    Trait("active_weeks_12w", "amount", "habit"),
    Trait("article_views_90d", "amount", "volume"),
    Trait("engaged_seconds_90d", "amount", "volume"),
    Trait("article_views_per_session_90d", "amount", "depth"),
    Trait("engaged_seconds_per_article_90d", "amount", "depth"),
    Trait("weekend_session_share_90d", "share", "rhythm"),
    Trait("morning_session_share_90d", "share", "rhythm"),
    Trait("evening_session_share_90d", "share", "rhythm"),
    Trait("category_entropy_90d", "plain", "taste"),
    Trait("direct_arrival_share_90d", "share", "arrival"),
    Trait("search_arrival_share_90d", "share", "arrival"),
    Trait("newsletter_arrival_share_90d", "share", "arrival"),
    Trait("device_type", "flag", "device", HANDHELD),
    Trait("tier", "flag", "tier", PAID),
)


def question() -> Question:
    """What the report says is asked."""
    return Question(
        text="Which kinds of readers come back to us, and what suits each of them?",
        who_acts="the audience team and the newsroom: one product, newsletter or offer for one kind of reader",
        outcome="",
    )


def inputs() -> tuple[str, ...]:
    """Features the model reads, in the order of its input."""
    return (*(trait.name for trait in TRAITS), EVIDENCE)
