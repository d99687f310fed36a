"""Numbers as sentences: the same words in the reports, on the index page and in the terminal."""

from typing import Any, NamedTuple

from readership.contracts import Evaluation, Metric

METRIC_WORDS = {
    "roc_auc": ("ROC AUC", "chance that a reader concerned is ranked above one who is not; 0.5 is a coin"),
    "average_precision": ("average precision", "precision averaged over recall; chance would give the base rate"),
    "log_loss": ("log loss", "mean surprise at what happened, in nats"),
    "brier": ("Brier score", "mean squared distance between probability and outcome"),
    "ece": ("calibration error", "how far stated probabilities lie from observed shares, on average"),
    "lift_top_decile": ("lift of the top tenth", "how many times more often the outcome occurs among them"),
}
CLICK_METRIC_WORDS = {
    **METRIC_WORDS,
    "roc_auc": (
        "ROC AUC",
        "chance that an impression that was clicked is ranked above one that was not; 0.5 is a coin",
    ),
    "normalised_entropy": (
        "normalised entropy",
        "log loss over that of knowing the share clicked alone; 1 is nothing learnt",
    ),
    "lift_top_decile": ("lift of the top tenth", "how many times more often the tenth likeliest is clicked"),
}
SCORE_METRIC_WORDS = {
    "rmse": ("RMSE", "root of the mean squared distance between expected and observed score, in points"),
    "mae": ("mean error", "mean distance between expected and observed score, in points"),
    "r2": ("R²", "share of the differences between visits that is explained; 0 is one score for everybody"),
    "spearman": ("rank correlation", "how well the order of readers is told; 0 is chance, 1 is perfect"),
}
SLATE_WORDS = {
    "coverage": ("coverage", "share of the articles that could be shown which stood in some slate"),
    "novelty": ("novelty", "how little read the articles are: 1 more is half as many readers"),
    "intra_list_diversity": ("diversity", "how unlike the articles of one slate are: 0 all alike, 1 nothing in common"),
    "popularity_lift": ("popularity lift", "how much more read they are than what readers opened: 0 as much, 1 twice"),
}
MODEL_WORDS = {
    "lambdarank": "hybrid ranker",
    "popular": "read most now",
    "popular_brand": "read most now at the brand",
    "newest": "newest first",
    "together": "read together",
    "neighbours": "readers alike",
    "content": "like what was read",
    "kmeans": "K-Means",
    "gru": "recurrent network",
    "xgboost": "XGBoost",
    "lightgbm": "LightGBM",
    "base_rate": "one rate for everybody",
    "recency": "last-visit rule",
    "ridge_pair": "two shrunken lines",
    "t_learner": "T-learner",
    "x_learner": "X-learner",
    "constant_effect": "one effect for everybody",
    "response": "likeliest first",
    "xgboost_regression": "XGBoost",
    "lightgbm_regression": "LightGBM",
    "global_mean": "one score for everybody",
    "last_score": "as last time",
    "reader_mean": "as usual for the reader",
    "click_logistic": "logistic regression",
    "click_xgboost": "XGBoost",
    "wide_deep": "Wide & Deep",
    "thompson": "Thompson sampling",
    "thompson_narrow": "Thompson, half as wide",
    "thompson_narrower": "Thompson, a quarter as wide",
    "uniform": "drawn evenly",
    "explore_then_commit": "evenly, then the best",
    "epsilon_greedy": "the best, 10% any",
    "ucb1": "UCB1",
    "greedy_ecpm": "greedy eCPM",
    "place_only": "the rate of the place",
    "item_rate": "the item's own rate",
}
MONEY_WORDS = {
    "leave": (
        "a reader kept is worth",
        "of leavers contacted stay",
        "A reader kept is worth",
        "Of leavers contacted, stay",
    ),
    "subscribe": (
        "a subscription is worth",
        "of likely subscribers contacted subscribe because of it",
        "A subscription is worth",
        "Of likely subscribers contacted, subscribe because of it",
    ),
}
NBSP, JOINER = "\u00a0", "\u2060"
TRUST_WORDS = {"high": "Can be trusted", "fair": "Use with care", "low": "Do not use yet"}


class Summary(NamedTuple):
    """What an editor needs to know about one model; `target` and `euros` are None where the answer is no probability.

    headline   the one figure of this kind of answer, with its interval
    """

    task: str
    champion: str
    sentence: str
    trust: str
    trust_reason: str
    headline: str
    target: str | None
    next_step: str
    euros: str | None


def summarise(evaluation: Evaluation) -> Summary:
    """One line of the index, and of the table at the end of a run."""
    probable = is_probability(evaluation)
    said = {"name": "ROC AUC", "metric": evaluation["metrics"]["roc_auc"]} if probable else evaluation["headline"]
    return Summary(
        task=task_word(evaluation["task"]),
        champion=model_word(evaluation["champion"]),
        sentence=editors_sentence(evaluation) if probable else evaluation["sentence"],
        trust=TRUST_WORDS[evaluation["trust"]["level"]],
        trust_reason=evaluation["trust"]["reasons"][0],
        headline=f"{said['name']} {with_interval(said['metric'])}",
        target=target_line(evaluation) if probable else None,
        next_step=evaluation["next_steps"][0],
        euros=euros_sentence(evaluation) if probable else None,
    )


def is_probability(evaluation: Evaluation) -> bool:
    """Whether the model answers with a probability of one outcome; evaluations of before kinds were told do."""
    return bool(evaluation.get("kind", "probability") == "probability")


def editors_sentence(evaluation: Evaluation) -> str:
    """`Of 1,000 readers we flag, 720 [690–750] will leave; of 1,000 picked at random, 360.`"""
    top = evaluation["operating_points"]["top_k"]
    outcome = evaluation["label"]["outcome"]
    return (
        f"Of 1,000 readers we flag, {per_thousand(top['precision'])} will {outcome}; "
        f"of 1,000 picked at random, {round(1000 * top['at_random']['value']):,}."
    )


def euros_sentence(evaluation: Evaluation) -> str:
    """What contacting by this model brings at the campaign's assumptions."""
    point = evaluation["operating_points"]["expected_cost"]
    worth, share, _, _ = MONEY_WORDS[evaluation["label"]["outcome"]]
    assumed = (
        f"if a contact costs €{point['contact_eur']:g}, {worth} €{point['kept_eur']:g}, "
        f"and {point['kept_share']:.0%} {share}"
    )
    if point["threshold"] is None:
        return f"Contacting nobody is best {assumed}."
    gain = point["gain_eur_per_1000_readers"]
    low, high = gain["ci95"]
    interval = "" if low is None else f" [{euros(low)} to {euros(high)}]"
    return f"{euros(gain['value'])}{interval} for every 1,000 readers, {assumed}."


def target_line(evaluation: Evaluation) -> str:
    """Roadmap target against what was reached, with the ceiling where it is known."""
    target = evaluation["targets"]["roc_auc"]
    ceiling = "" if target["oracle"] is None else f", oracle {target['oracle']:.3f}"
    return f"target {target['roadmap']:.2f}, {'reached' if target['met'] else 'not reached'}{ceiling}"


def per_thousand(metric: Metric) -> str:
    """A share as a count of 1,000: `720 [690–750]`."""
    if metric["value"] is None:
        return "none"
    low, high = metric["ci95"]
    return f"{1000 * metric['value']:,.0f}" + ("" if low is None else f" [{1000 * low:,.0f}–{1000 * high:,.0f}]")


def with_interval(metric: Metric, digits: int = 3) -> str:
    """`0.780 [0.766, 0.791]`; `unknown` where it cannot be."""
    if metric["value"] is None:
        return "unknown"
    return f"{metric['value']:.{digits}f} {bounds(metric, digits)}".rstrip()


def bounds(metric: Metric, digits: int = 3, scale: float = 1.0) -> str:
    """`[0.766, 0.791]`, kept on one line; nothing where there is no interval."""
    low, high = metric["ci95"]
    return "" if low is None else f"[{scale * low:.{digits}f},{NBSP}{scale * high:.{digits}f}]"


def percent(metric: Metric) -> str:
    """`37% [36%, 39%]`; `unknown` where it cannot be."""
    if metric["value"] is None:
        return "unknown"
    low, high = metric["ci95"]
    return f"{metric['value']:.0%}" + ("" if low is None else f" [{low:.0%},{NBSP}{high:.0%}]")


def euros(amount: float) -> str:
    """`€103`, `−€249`."""
    return f"{'−' + JOINER if round(amount) < 0 else ''}€{abs(round(amount)):,}"


def model_word(name: str) -> str:
    """A candidate's or floor's name for people."""
    return MODEL_WORDS.get(name, name.replace("_", " "))


def task_word(task: str) -> str:
    """`churn_subscribers` as `Churn of subscribers`."""
    if task.endswith("_uplift"):
        return f"Uplift of {task_word(task.removesuffix('_uplift')).lower()}"
    first, _, population = task.partition("_")
    return first.capitalize() + (f" of {population}" if population else "")


def comparison_rows(
    evaluation: Evaluation, loss: str = "log_loss", oracle: str | None = "true probabilities"
) -> list[dict[str, Any]]:
    """Every model beside the champion, least `loss` first: candidates, floors that are no candidates, the oracle.

    `oracle` is its name here; None leaves it out, since one that answers for some of the rows compares with nobody.
    """
    found = {name: ("candidate", metrics) for name, metrics in evaluation["candidates"].items()}
    found |= {name: ("floor", metrics) for name, metrics in evaluation["floors"].items() if name not in found}
    found[evaluation["champion"]] = ("champion", evaluation["candidates"][evaluation["champion"]])
    if oracle and evaluation["oracle"]:
        found[oracle] = ("oracle", evaluation["oracle"])
    rows = [{"model": model_word(name), "kind": kind, "metrics": metrics} for name, (kind, metrics) in found.items()]
    return sorted(rows, key=lambda row: row["metrics"][loss]["value"])


def plural(number: int, thing: str) -> str:
    """`1 event`, `2,284 events`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def span(seconds: float) -> str:
    """`5 hours`: in the largest unit that fits."""
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= size:
            return plural(round(seconds / size), unit)
    return plural(round(seconds), "second")
