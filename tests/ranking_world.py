"""Made-up ranks of reads by four orders: the champion is better than every floor, and the best at new articles."""

from typing import Any

import numpy as np

from readership.contracts import Evaluation
from readership.evaluation.ranking_evaluation import Catalogue, Judged, Orders, RankingFacts, evaluate_ranking

ARTICLES = 60
FIRST = np.datetime64("2026-03-01T00:00", "ms")


def judged(reads: int = 600, readers: int = 320, unseen: int = 30, seed: int = 0) -> Judged:
    """Reads over ten days; the first `unseen` are of articles that nobody had told of."""
    rng = np.random.default_rng(seed)
    return Judged(
        reader=rng.integers(0, readers, reads).astype(np.uint64),
        at=FIRST + (np.arange(reads) * 86_400_000 * 10 // reads).astype("timedelta64[ms]"),
        reads_before=rng.choice([0, 4, 40], reads),
        age_hours=rng.choice([0.5, 3.0, 12.0, 50.0, 300.0], reads),
        identity=rng.choice(["known", "anonymous"], reads),
        brand=rng.choice(["Courier", "Herald"], reads),
        opened=np.where(np.arange(reads) < unseen, -1, rng.integers(0, ARTICLES, reads)),
    )


def orders(rows: Judged, seed: int = 1, best: float = 6.0) -> Orders:
    """Ranks drawn around `best` for the champion, 9 to 20 for the others."""
    rng = np.random.default_rng(seed)

    def ranks(mean: float) -> Any:
        drawn = 1 + rng.geometric(1 / mean, len(rows))
        return np.where((rows.opened < 0) | (drawn > 200), 0, drawn)

    slates = {name: rng.permuted(np.tile(np.arange(ARTICLES), (len(rows), 1)), axis=1)[:, :10] for name in ("a", "b")}
    return Orders(
        "lambdarank",
        {"lambdarank": ranks(best)},
        {"popular": ranks(12), "newest": ranks(20), "together": ranks(16)},
        {"lambdarank": slates["a"], "popular": slates["b"]},
    )


def catalogue() -> Catalogue:
    """Sixty articles of five categories; the first are read most."""
    return Catalogue(np.arange(ARTICLES)[::-1] * 5, 320, ARTICLES, np.arange(ARTICLES) % 5)


def facts(**said: Any) -> RankingFacts:
    """A protocol of three spans, and one example."""
    opened = {"title": "A bridge reopens", "category": "local", "age": "2 hours"}
    slate = [
        {**opened, "opened": True, "reason": "read most now", "source": "popular"},
        {
            "title": "Final score",
            "category": "sport",
            "age": "3 days",
            "opened": False,
            "reason": "new",
            "source": "fresh",
        },
    ]
    example = {
        "who": "a frequent reader", "at": "2026-03-02 10:00", "brand": "Courier", "reads_before": 41,
        "read_before": [{"title": "Council votes", "category": "politics"}], "slate": slate, "opened": opened,
        "rank": 1,
    }  # fmt: skip
    span = {"from": "2026-01-01T00:00:00+00:00", "to": "2026-02-01T00:00:00+00:00"}
    return RankingFacts(
        **{
            "question": "Which articles will a reader open next?",
            "who_acts": "the newsroom",
            "definition": "the first time that a reader opens an article",
            "n_train": 4000,
            "data": {"source": "made up", "events": 9, "readers": 3, **span},
            "protocol": {"train": span, "valid": span, "test": span, "test_reads": 1200, "candidates_mean": 55},
            "leakage": {"verdict": "clean"},
            "examples": [example],
            "timings": {"replay": 1.5},
            **said,
        }
    )


def evaluation(**said: Any) -> Evaluation:
    """What `evaluate_ranking` says of all this."""
    rows = judged()
    return evaluate_ranking("recommendation", rows, orders(rows), catalogue(), facts(**said))
