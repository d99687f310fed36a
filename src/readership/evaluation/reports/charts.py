"""Plots of one evaluation as Vega-Lite: each with a title, a sentence on how to read it, and axes with units.

Colours are mid-tones that hold on a light and on a dark page; everything else of the look is set where the
chart is shown.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

import altair as alt

from readership.contracts import Evaluation, Metric
from readership.evaluation.reports.words import comparison_rows

BLUE, ORANGE, GREY, GREEN = "#4a86c5", "#d9803f", "#8b959e", "#4fa37a"
KIND_COLOURS = {"champion": BLUE, "candidate": GREY, "floor": ORANGE, "oracle": GREEN}
HEIGHT = 280
ROW_HEIGHT = 26
LABEL_WIDTH = 48
LINE_HEIGHT = 14
FEWER_WHEN_NARROW = {"expr": "width < 280 ? 4 : 8"}


@dataclass(frozen=True)
class Plot:
    """A chart (single or layered) with its file name, its title, and how to read it."""

    name: str
    title: str
    reading: str
    chart: Any

    def spec(self) -> dict[str, Any]:
        """Vega-Lite that fills the width it is given."""
        spec: dict[str, Any] = self.chart.properties(width="container", description=self.title).to_dict()
        for decided_where_shown in ("config", "$schema"):
            spec.pop(decided_where_shown, None)
        return spec


def plots(evaluation: Evaluation) -> Iterator[Plot]:
    """All plots of a model's report, in reading order."""
    outcome = evaluation["label"]["outcome"]
    curves = evaluation["curves"]
    yield reliability(curves["reliability"], outcome)
    yield scores(curves["histogram"], outcome)
    yield lift(curves["flagging"])
    yield precision_recall(curves["flagging"], evaluation["label"]["base_rate"])
    yield roc(curves["roc"])
    yield candidates(evaluation)
    yield from cutoffs(evaluation["per_as_of"])
    if evaluation["drivers"]:
        yield drivers(evaluation["drivers"], outcome)
    if any(part["metrics"] for part in evaluation["slices"]):
        yield slices(evaluation["slices"])


def reliability(points: list[dict[str, Any]], outcome: str, rows_are: str = "readers") -> Plot:
    """Observed share against stated probability; `rows_are` names what is counted."""
    rows = [{"stated": p["stated"], "n": p["n"], **interval(p["observed"])} for p in points]
    base = alt.Chart(alt.Data(values=rows))
    x, seen = _share("stated", "stated probability"), f"share observed to {outcome}"
    chart = alt.layer(
        _diagonal(),
        base.mark_rule(color=BLUE, opacity=0.6).encode(x=x, y=_share("low", seen), y2="high:Q"),
        base.mark_line(color=BLUE, opacity=0.6).encode(x=x, y=_share("value", seen)),
        base.mark_circle(color=BLUE, opacity=1).encode(
            x=x,
            y=_share("value", seen),
            size=alt.Size("n:Q", legend=None, scale=alt.Scale(range=[30, 260])),
            tooltip=[tip("stated", ".1%"), tip("value", ".1%", "observed"), tip("n", ",", "rows")],
        ),
    )
    return Plot(
        "reliability",
        "Are the probabilities true?",
        f"{rows_are.capitalize()} grouped by the probability stated for them; each point shows the share that came "
        "true, with its 95% interval. On the dashed line, what was said is what happened. Larger points stand for more "
        f"{rows_are}.",
        chart.properties(height=HEIGHT),
    )


def scores(points: list[dict[str, float]], outcome: str) -> Plot:
    """Distribution of scores by outcome."""
    rows = [
        {"from": p["from"], "to": p["to"], "share": p[key], "outcome": word}
        for p in points
        for key, word in (("happened", f"did {outcome}"), ("stayed", f"did not {outcome}"))
    ]
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_bar(binSpacing=1)
        .encode(
            x=alt.X("from:Q", title="stated probability", bin="binned", axis=_percent_axis()),
            x2="to:Q",
            y=alt.Y("share:Q", title="share of readers", axis=alt.Axis(format=".0%", tickCount=4)),
            color=colours_of("outcome", {f"did {outcome}": ORANGE, f"did not {outcome}": BLUE}),
            order=alt.Order("outcome:N"),
            tooltip=[tip("from", ".1%"), tip("share", ".2%"), tip("outcome")],
        )
    )
    return Plot(
        "scores",
        "How the scores are spread",
        "How many readers got which probability, and what they then did. The further apart the two colours, the more "
        "the model knows.",
        chart.properties(height=HEIGHT),
    )


def lift(points: list[dict[str, float]]) -> Plot:
    """How many times better than random, by share contacted."""
    chart = alt.layer(
        alt.Chart(alt.Data(values=[{"lift": 1}])).mark_rule(color=GREY, strokeDash=[4, 4]).encode(y="lift:Q"),
        alt.Chart(alt.Data(values=[p for p in points if p["share"] >= 0.01]))
        .mark_line(color=BLUE)
        .encode(
            x=_share("share", "share of readers contacted, likeliest first"),
            y=alt.Y(
                "lift:Q", title="times better than random", axis=alt.Axis(tickCount=5), scale=alt.Scale(zero=False)
            ),
            tooltip=[tip("share", ".0%"), tip("lift", ".2f"), tip("precision", ".0%"), tip("recall", ".0%")],
        ),
    )
    return Plot(
        "lift",
        "How much better than picking at random",
        "Contacting few readers, the model is many times better than chance (dashed, 1); contacting all, there is "
        "nothing left to choose.",
        chart.properties(height=HEIGHT),
    )


def precision_recall(points: list[dict[str, float]], base_rate: float) -> Plot:
    """Precision against recall."""
    chart = alt.layer(
        alt.Chart(alt.Data(values=[{"y": base_rate}])).mark_rule(color=GREY, strokeDash=[4, 4]).encode(y="y:Q"),
        alt.Chart(alt.Data(values=points))
        .mark_line(color=BLUE)
        .encode(
            x=_share("recall", "recall: share of those concerned found"),
            y=_share("precision", "precision"),
            order="recall:Q",
            tooltip=[tip("recall", ".0%"), tip("precision", ".0%"), tip("threshold", ".2f")],
        ),
    )
    return Plot(
        "precision_recall",
        "Finding more readers, being right less often",
        "To the right more of those concerned are found, at the price of more false alarms. The dashed line is what "
        "flagging at random would give.",
        chart.properties(height=HEIGHT),
    )


def roc(points: list[dict[str, float]]) -> Plot:
    """Receiver operating characteristic."""
    line = (
        alt.Chart(alt.Data(values=points))
        .mark_line(color=BLUE)
        .encode(
            x=_share("false_positive_rate", "share of others flagged by mistake"),
            y=_share("true_positive_rate", "share of those concerned found"),
            order="true_positive_rate:Q",
            tooltip=[tip("false_positive_rate", ".0%"), tip("true_positive_rate", ".0%")],
        )
    )
    return Plot(
        "roc",
        "ROC curve",
        "The area below the line is the ROC AUC: the chance that a reader concerned is ranked above one who is not. "
        "The dashed diagonal is a coin.",
        alt.layer(_diagonal(), line).properties(height=HEIGHT),
    )


def candidates(evaluation: Evaluation) -> Plot:
    """Log loss of every model with its interval."""
    rows = [
        {"model": row["model"], "kind": row["kind"], **interval(row["metrics"]["log_loss"])}
        for row in comparison_rows(evaluation)
    ]
    kinds = {kind: colour for kind, colour in KIND_COLOURS.items() if any(row["kind"] == kind for row in rows)}
    return Plot(
        "candidates",
        "The champion beside the other candidates and the floors",
        "Log loss on the test dates, with 95% intervals; further left is better. The champion was chosen on earlier "
        "dates, so another may be ahead here. Intervals may overlap although one is surely better: the table below has "
        "the paired differences.",
        dots(rows, "model", "log loss (nats)", "kind", kinds, ".3f"),
    )


def cutoffs(parts: list[dict[str, Any]]) -> Iterator[Plot]:
    """ROC AUC and calibration error at every test cut-off."""
    known = [part for part in parts if part["metrics"]]
    for metric, word, better in (("roc_auc", "ROC AUC", "higher"), ("ece", "calibration error", "lower")):
        rows = [{"as_of": part["as_of"][:10], **interval(part["metrics"][metric])} for part in known]
        if rows:
            yield Plot(
                f"cutoffs_{metric}",
                f"{word[0].upper()}{word[1:]} at each test date",
                f"The same model at each date on its own, with 95% intervals; {better} is better. A pooled figure "
                "hides how dates differ.",
                dots(rows, "as_of", word, None, {}, ".3f", sort="ascending"),
            )


def drivers(found: list[dict[str, Any]], outcome: str) -> Plot:
    """What moves a probability, and which way."""
    return drivers_in(found, f"more of it, more likely to {outcome}", "more of it, less likely", "on the log-odds")


def drivers_in(found: list[dict[str, Any]], more: str, less: str, effect: str) -> Plot:
    """What moves the answer, and which way, in these words."""
    words = {"rises with it": more, "falls with it": less}
    colours = {words["rises with it"]: ORANGE, words["falls with it"]: BLUE, "depends on its value": GREY}
    found = sorted(found, key=lambda d: -d["strength"])
    plain = {*words, "both ways"}
    told = [d["meaning"] if d["direction"] in plain else f"{d['meaning']} ({d['direction']})" for d in found]
    lines = max(len(wrap(text, LABEL_WIDTH)) for text in told)
    rows = [
        {
            "meaning": d["meaning"],
            "words": "\n".join(_bottom(wrap(text, LABEL_WIDTH), lines)),
            "strength": d["strength"],
            "direction": words.get(d["direction"], "depends on its value"),
        }
        for d, text in zip(found, told, strict=True)
    ]
    step = 30 + LINE_HEIGHT * lines
    y = alt.Y("meaning:N", sort=[row["meaning"] for row in rows], axis=None)
    base = alt.Chart(alt.Data(values=rows)).encode(y=y)
    chart = alt.layer(
        base.mark_bar(height=7, yOffset=step / 2 - 12).encode(
            x=alt.X("strength:Q", title=f"mean effect {effect}", axis=alt.Axis(tickCount=4)),
            color=colours_of("direction", colours, [row["direction"] for row in rows], columns=1),
            tooltip=[tip("meaning"), tip("strength", ".3f"), tip("direction")],
        ),
        base.mark_text(
            align="left", baseline="top", dx=1, yOffset=8 - step / 2, lineBreak="\n", lineHeight=LINE_HEIGHT
        ).encode(x=alt.datum(0), text="words:N"),
    )
    return Plot(
        "drivers",
        "What drives the score",
        "The features that move the score most, with their direction. They describe; they do not prove that changing "
        "one changes what a reader does.",
        chart.properties(height=alt.Step(step)),
    )


def slices(parts: list[dict[str, Any]], metric: str = "roc_auc", word: str = "ROC AUC") -> Plot:
    """One metric, of which more is better, in every part of the readers."""
    rows = [
        {"part": f"{p['slice'].replace('_', ' ')}: {p['value']}", "column": p["slice"].replace("_", " ")}
        | interval(p["metrics"][metric])
        for p in parts
        if p["metrics"]
    ]
    return Plot(
        "slices",
        "Does it work for every part of the readers?",
        f"{word[0].upper()}{word[1:]} within each part, with 95% intervals. Small parts have wide intervals; a part "
        "far to the left is served badly.",
        dots(rows, "part", word, None, {}, ".3f", sort=None),
    )


def dots(
    rows: list[dict[str, Any]],
    label: str,
    title: str,
    colour: str | None,
    colours: dict[str, str],
    fmt: str,
    sort: Any = None,
) -> Any:
    """Names down the side, a dot with its interval for each."""
    base = alt.Chart(alt.Data(values=rows)).encode(
        y=alt.Y(f"{label}:N", title=None, sort=sort, axis=alt.Axis(labelLimit=190)),
        color=colours_of(colour, colours) if colour else alt.value(BLUE),
    )
    x = alt.X("value:Q", title=title, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=FEWER_WHEN_NARROW))
    tips = [tip(label), tip("value", fmt), tip("low", fmt), tip("high", fmt)]
    return alt.layer(
        base.mark_rule(strokeWidth=2, opacity=0.7).encode(
            x=alt.X("low:Q", title=title, scale=alt.Scale(zero=False)), x2="high:Q"
        ),
        base.mark_circle(size=70, opacity=1).encode(x=x, tooltip=tips),
    ).properties(height=alt.Step(ROW_HEIGHT))


def _bottom(words: list[str], lines: int) -> list[str]:
    """As many lines, the empty ones first; a space, because an empty line would be dropped."""
    return [" "] * (lines - len(words)) + words


def interval(metric: Metric) -> dict[str, float | None]:
    low, high = metric["ci95"]
    value = metric["value"]
    return {"value": value, "low": value if low is None else low, "high": value if high is None else high}


def _diagonal() -> alt.Chart:
    return (
        alt.Chart(alt.Data(values=[{"x": 0, "y": 0}, {"x": 1, "y": 1}]))
        .mark_line(color=GREY, strokeDash=[4, 4], strokeWidth=1)
        .encode(x=alt.X("x:Q", title=""), y=alt.Y("y:Q", title=""))
    )


def _percent_axis() -> alt.Axis:
    return alt.Axis(format=".0%", values=[0, 0.2, 0.4, 0.6, 0.8, 1])


def _share(name: str, title: str) -> Any:
    """An axis from 0 to 100 %; which one is decided by where it is used."""
    return {"field": name, "type": "quantitative", "title": title, "scale": {"domain": [0, 1]}, "axis": _percent_axis()}


def colours_of(name: str, colours: dict[str, str], present: list[str] | None = None, columns: int = 2) -> alt.Color:
    domain = [word for word in colours if present is None or word in present]
    return alt.Color(
        f"{name}:N",
        scale=alt.Scale(domain=domain, range=[colours[word] for word in domain]),
        legend=alt.Legend(title=None, orient="top", columns=columns),
    )


def tip(name: str, fmt: str = "", title: str | None = None) -> alt.Tooltip:
    kind = "Q" if fmt else "N"
    return alt.Tooltip(f"{name}:{kind}", format=fmt, title=title or name.replace("_", " "))
