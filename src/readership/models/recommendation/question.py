"""Recommendation: what will this reader open next?

Question      Of all articles that can be recommended now, which will a reader open next, who has not opened it yet?
Who acts      The newsroom and the product team: the front page, the newsletter, what stands under an article.
Floors        What is read most now at the brand, its half-life fitted on earlier days; the newest first; and each
              source by itself: read together, readers alike, like what was read.
Candidates    LambdaRank over the union of all sources, larger and smaller; the better one on the days after those it
              learnt from goes live.
Answer        An order. Its numbers mean nothing by themselves.
"""

from readership.contracts import ModelSpec
from readership.models._question import Question

TASK = "recommendation"
DEFINITION = (
    "the first time that a reader opens an article, ranked among all articles of the brand that could be recommended "
    "then and that this reader had not opened, by what had arrived before; what nobody had told of is left out"
)
NO_TEXT = "the log says nothing of what articles are about, so likeness of texts was left out; load the articles"
CANDIDATES = (
    ModelSpec("lambdarank", {"rounds": 120, "learning_rate": 0.05}),
    ModelSpec("lambdarank_small", {"rounds": 60, "num_leaves": 8}),
)


def question() -> Question:
    """What the report says is asked."""
    return Question(
        text="Which article will a reader open next?",
        who_acts="the newsroom and the product team: front page, newsletter, what stands under an article",
        outcome="open",
    )
