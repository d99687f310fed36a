"""The whole way on one warehouse: exploration, features, baselines, models, scores, the first page."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from io import StringIO
from pathlib import Path
from shlex import quote as quoted
from typing import Any
from urllib.parse import quote

import polars as pl
from rich.console import Console
from rich.table import Table

from readership.contracts import Evaluation
from readership.datasets.rules import trained_by
from readership.errors import InputError, NotEnoughData
from readership.evaluation.files import read_evaluations
from readership.evaluation.reports.index import write_index
from readership.evaluation.reports.words import is_probability, summarise, with_interval
from readership.models import churn
from readership.models.ads import question as ads
from readership.models.recommendation import question as recommendation
from readership.pipelines.clock import resolve_now
from readership.pipelines.explore import explore
from readership.pipelines.features import build_features
from readership.pipelines.progress import Progress
from readership.pipelines.score import score_task
from readership.pipelines.tasks import train_every
from readership.settings import Settings
from readership.warehouse import Warehouse


@dataclass(frozen=True)
class Outcome:
    """What a run left behind, and what it left out and why."""

    evaluations: tuple[Evaluation, ...]
    pages: tuple[Path, ...]
    skipped: dict[str, str]
    ask: str | None

    def as_dict(self) -> dict[str, Any]:
        """The facts a script needs."""
        return {
            "models": [
                {"task": found["task"], "champion": found["champion"], "metrics": found["metrics"]}
                for found in self.evaluations
            ],
            "reports": [str(page) for page in self.pages],
            "skipped": self.skipped,
        }

    def table(self) -> str:
        """Models, metrics and intervals, what was left out, and the paths of the reports."""
        lines = [evaluation_table(list(self.evaluations))] if self.evaluations else []
        lines += [f"left out: {step}: {reason.removeprefix(f'{step}: ')}" for step, reason in self.skipped.items()]
        lines += map(str, self.pages)
        return "\n".join([*lines, f"ask about a reader: {self.ask}"] if self.ask else lines)


def run_all(
    warehouse: Warehouse,
    settings: Settings,
    *,
    as_of: datetime | None = None,
    exploration: bool = True,
    features: bool = True,
    progress: Progress,
) -> Outcome:
    """Every step in order; a model whose data is not there is left out with its reason.

    Raises NotEnoughData when no model at all could be made.
    """
    now = resolve_now(warehouse, settings, as_of)
    progress.say(now.reason)
    pages = []
    skipped: dict[str, str] = {}
    if exploration and settings.brand is not None:
        skipped["exploration"] = "it is about every brand; `readership explore` makes it"
    elif exploration:
        with progress.step("01 exploration"):
            pages.append(explore(warehouse, settings, now.at))
    if features:
        with progress.step("02 features"):
            built = build_features(warehouse, settings, now.at)
            progress.say(f"{built.features} features; {built.online_readers:,} readers in the online store")
    every, left_out = train_every(warehouse, settings, now.at, progress)
    skipped |= left_out
    trained = [made for made in every if made.version]
    if not trained:
        raise NotEnoughData("; ".join(f"{task}: {reason}" for task, reason in skipped.items()))
    with progress.step("scores and reasons"):
        for made in trained:
            task = made.evaluation["task"]
            if task in (recommendation.TASK, ads.TASK):
                continue  # its training has published what the API answers from
            _or_skip(f"scores of {task}", partial(score_task, warehouse, settings, now.at, task), skipped, progress)
    index = write_index([made.evaluation for made in trained], settings.artifacts_dir / "reports")
    pages = [index, *pages, *(made.report for made in trained if made.report)]
    return Outcome(tuple(made.evaluation for made in trained), tuple(pages), skipped, _asked(settings))


def _asked(settings: Settings) -> str | None:
    """The commands that ask the API about the reader most at risk; None where nobody was scored."""
    scores = settings.artifacts_dir / "scores" / f"{churn.TASK}.parquet"
    if not scores.is_file():
        return None
    reader = pl.read_parquet(scores, columns=["reader_id"], n_rows=1).item()
    address = f"http://{settings.api_host}:{settings.api_port}/v1/readers/{quote(reader, safe='')}/churn"
    serve = f"READERSHIP_BRAND={quoted(settings.brand)} readership serve" if settings.brand else "readership serve"
    return f"`{serve}` in one terminal, `curl {address}` in another"


def _or_skip(what: str, step: Callable[[], object], skipped: dict[str, str], progress: Progress) -> None:
    try:
        step()
    except NotEnoughData as reason:
        skipped[what] = str(reason)
        progress.say(f"{what} left out: {reason}")


def read_evaluation(settings: Settings, task: str) -> Evaluation:
    """The newest evaluation of a task; InputError naming the command that makes one."""
    for found in read_evaluations(settings.artifacts_dir / "evaluation"):
        if found["task"] == task:
            return found
    if settings.brand is None:
        raise InputError(f"{task} has not been evaluated yet; `{trained_by(task)}` does")
    known = ", ".join(sorted(folder.name for folder in settings.artifacts_dir.parent.glob("*"))) or "none"
    raise InputError(
        f"{task} of brand {settings.brand!r} has not been evaluated yet; `{trained_by(task)} --brand …` does; "
        f"brands with evaluations: {known}"
    )


def evaluation_table(evaluations: list[Evaluation]) -> str:
    """For each model its metrics with intervals, then what they mean in sentences."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("model", "champion", "ROC AUC", "log loss", "calibration error", "precision", "recall"):
        table.add_column(heading, no_wrap=True)
    for found in filter(is_probability, evaluations):
        metrics, aimed = found["metrics"], found["operating_points"]["roadmap"]
        shown = [metrics["roc_auc"], metrics["log_loss"], metrics["ece"], aimed["precision"], aimed["recall"]]
        table.add_row(found["task"], found["champion"], *map(with_interval, shown))
    buffer = StringIO()
    console = Console(file=buffer, width=160)
    if table.row_count:
        console.print(table)
    for found in evaluations:
        said = summarise(found)
        lines = [
            f"{said.task}: {said.sentence}",
            f"{said.trust}: {said.trust_reason}",
            f"{said.headline}; {said.target}" if said.target else said.headline,
            f"next: {said.next_step}",
            *([said.euros] if said.euros else []),
        ]
        console.print("\n" + "\n  ".join(lines), markup=False, highlight=False)
    return buffer.getvalue().rstrip() + "\n"
