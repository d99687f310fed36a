"""Engagement: how deeply will a reader read on the next visit?

Question      Of readers with two sessions or more, the last within 28 days before a cut-off: what will be the
              engagement score of the first session in the 14 days after it? Who does not come is a matter of churn.
Score         0 to 100 for one session: reading time, articles read whole, scroll depth, breadth, length, each on a
              scale that saturates (after recency-frequency-volume scores); see `features/session_score.sql`.
Who acts      Editors and the product team: long reads, fewer prompts, a newsletter for those who will read deeply.
Floors        As last time; as this reader on average; as everybody on average.
Candidates    Ridge, LightGBM and XGBoost on all features, a recurrent network (GRU) over the last 30 sessions, and an
              ensemble of the four; the champion has the least squared error on later cut-offs, the simplest one of
              those that tie. The network is left out where PyTorch is not installed.
Answer        The expected score, a band in words, and reasons where the champion has exact contributions.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from readership.contracts import ModelSpec
from readership.models._gru import torch_is_there
from readership.models._question import Question
from readership.models._tabular import SCORE_FLOORS, score_candidates

TASK = "engagement"
POPULATION = "known"
"""Readers with two known sessions, registered or not."""
BANDS = {"deep": 35.0, "usual": 25.0, "brief": 0.0}
"""Bands of the expected score: deep above 35, usual from 25 to 35, brief below."""
WEIGHTS = {"time": 40.0, "completion": 20.0, "depth": 15.0, "breadth": 15.0, "length": 10.0}
HALF_SECONDS, HALF_ARTICLES, HALF_MINUTES = 60.0, 2.0, 3.0
"""What earns half of the points for reading time, breadth and length."""


def question(horizon_days: int) -> Question:
    """What the report says is asked."""
    return Question(
        text=f"How deeply will a reader read on the next visit, within {horizon_days} days?",
        who_acts="editors and the product team: long reads for those who will read deeply",
        outcome="read",
    )


def floors() -> list[ModelSpec]:
    """The rules to beat."""
    return [ModelSpec(name) for name in SCORE_FLOORS]


def specs(seed: int = 0) -> list[ModelSpec]:
    """The candidates, simplest first."""
    return score_candidates(seed)


def baselines() -> list[ModelSpec]:
    """The simple model of step 03, beside the rules to beat."""
    return [ModelSpec("ridge")]


def left_out() -> dict[str, str]:
    """Candidates that cannot be fitted here, and why."""
    if torch_is_there():
        return {}
    return {"gru": "PyTorch is not installed, so the recurrent network was not tried; `pip install 'readership[deep]'`"}


def band(score: float) -> str:
    """The band of an expected score.

    >>> [band(score) for score in (35.1, 35, 25, 24.9)]
    ['deep', 'usual', 'usual', 'brief']
    """
    return "deep" if score > BANDS["deep"] else "usual" if score >= BANDS["usual"] else "brief"


def session_score(
    articles: ArrayLike, completes: ArrayLike, seconds: ArrayLike, scroll_sum: ArrayLike, length_seconds: ArrayLike
) -> NDArray[np.float64]:
    """The score of sessions whose log carries reading time and scroll depth, for the oracle; SQL says it for the rest.

    articles        different articles opened; `completes` of them read whole
    seconds         of active reading
    scroll_sum      percents of the pages seen, summed over the articles
    length_seconds  from the first event to the last

    >>> session_score(2, 1, 60, 120, 180).tolist()    # 40/2 + 20/2 + 15 x 0.6 + 15/2 + 10/2
    51.5
    """
    n, whole, read, scroll, length = (
        np.asarray(part, np.float64) for part in (articles, completes, seconds, scroll_sum, length_seconds)
    )
    one: Any = np.maximum(n, 1)
    shares = {
        "time": read / (read + HALF_SECONDS),
        "completion": np.minimum(1, whole / one),
        "depth": np.minimum(1, scroll / (100 * one)),
        "breadth": n / (n + HALF_ARTICLES),
        "length": length / (length + 60 * HALF_MINUTES),
    }
    return np.asarray(sum(WEIGHTS[name] * share for name, share in shares.items()))
