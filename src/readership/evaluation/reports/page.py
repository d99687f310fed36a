"""One HTML page that needs nothing else: text, style, one copy of the plotting library, and the plots' data."""

import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
import markupsafe
import vl_convert
from markupsafe import Markup

from readership.evaluation.reports import words
from readership.evaluation.reports.charts import Plot

PNG_WIDTH = 640
PNG_SCALE = 2


def write_page(path: Path, template: str, plots: list[Plot], **content: Any) -> Path:
    """Render `template` with its plots; each plot is also written as `<page>/<plot>.png` beside the page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for plot in plots:
        write_png(plot, path.parent / path.stem / f"{plot.name}.png")
    shown = {
        plot.name: {"plot": plot, "spec": embedded(plot.spec()), "png": f"{path.stem}/{plot.name}.png"}
        for plot in plots
    }
    library = Markup(_library()) if plots else ""
    html = _environment().get_template(template).render(plots=shown, library=library, **content)
    draft = path.with_suffix(".html.part")
    draft.write_text(html, encoding="utf-8")
    draft.replace(path)
    return path


def write_png(plot: Plot, path: Path) -> None:
    """The plot as a picture with its title, on white."""
    spec = plot.spec()
    spec.update(width=PNG_WIDTH, title=plot.title, config=_config("light", background="white"), padding=16)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(vl_convert.vegalite_to_png(json.dumps(spec), scale=PNG_SCALE))


@cache
def _library() -> str:
    """Vega, Vega-Lite and vega-embed as one script."""
    return str(vl_convert.javascript_bundle(snippet="window.vegaEmbed = vegaEmbed;"))


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_template),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["interval"] = words.with_interval
    environment.filters["bounds"] = words.bounds
    environment.filters["euros"] = words.euros
    environment.filters["percent"] = words.percent
    environment.filters["count"] = lambda number: f"{number:,}"
    environment.filters["code"] = _code
    environment.filters["sentence"] = lambda text: text[:1].upper() + text[1:]
    environment.filters["model"] = words.model_word
    environment.filters["task"] = words.task_word
    environment.filters["span"] = words.span
    environment.filters["plural"] = words.plural
    environment.filters["zip"] = zip
    environment.filters["day"] = lambda moment: str(moment)[:10]
    environment.globals["configs"] = {mode: embedded(_config(mode)) for mode in ("light", "dark")}
    return environment


def _code(text: str) -> Markup:
    """Escaped text, with what stands in backticks set as code."""
    parts = [markupsafe.escape(part) for part in text.split("`")]
    return Markup("").join(Markup("<code>{}</code>").format(p) if i % 2 else p for i, p in enumerate(parts))


def _template(name: str) -> str:
    return (files("readership.evaluation.reports") / "templates" / name).read_text(encoding="utf-8")


def embedded(value: Any) -> Markup:
    """JSON that is safe within a script element."""
    return Markup(json.dumps(value, ensure_ascii=False).replace("<", "\\u003c"))


def _config(mode: str, background: str = "transparent") -> dict[str, Any]:
    """Look of all plots on a light or a dark page."""
    ink, faint = ("#3b4248", "#e3e6e8") if mode == "light" else ("#c9d0d6", "#353b41")
    text = {"labelColor": ink, "titleColor": ink, "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"}
    return {
        "background": background,
        "font": "system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif",
        "view": {"stroke": None},
        "axis": {
            **text,
            "gridColor": faint,
            "domainColor": faint,
            "tickColor": faint,
            "titlePadding": 10,
            "labelFlush": False,
        },
        "axisY": {"domain": False, "ticks": False, "labelPadding": 6},
        "legend": {**text, "labelLimit": 320, "symbolType": "circle"},
        "title": {"color": ink, "anchor": "start", "fontSize": 15, "offset": 12},
        "text": {"color": ink, "fontSize": 12},
        "line": {"strokeWidth": 2},
    }
