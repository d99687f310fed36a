"""A user's own feature files for the audit: one SELECT a file, `user_id` and columns, at `as_of`."""

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import polars as pl

from readership.errors import InputError, WarehouseError
from readership.pipelines.time_travel import FAR, Question
from readership.settings import Settings
from readership.warehouse import Warehouse

KEY = "user_id"
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_SELECT = re.compile(r"\s*(SELECT|WITH)\b", re.IGNORECASE)


def read_questions(folder: Path, default_consent: int, settings: Settings) -> list[Question]:
    """One question for each `.sql` file of the folder, by file name; InputError when it cannot be used."""
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; --features takes a folder of .sql files")
    return [_question(file, default_consent, settings) for file in sorted(folder.glob("*.sql"))]


def _question(file: Path, default_consent: int, settings: Settings) -> Question:
    sql = file.read_text(encoding="utf-8").strip().rstrip(";")
    if not _SELECT.match(_COMMENT.sub("", sql)):
        raise InputError(f"{file} does not begin with SELECT or WITH; a feature file is one SELECT; nothing was run")

    def ask(warehouse: Warehouse, as_of: datetime) -> pl.DataFrame:
        try:
            rows = warehouse.frame(
                sql,
                as_of=as_of,
                snapshot_at=FAR,
                default_consent=default_consent,
                lookback_days=settings.churn_lookback_days,
                horizon_days=settings.churn_horizon_days,
            )
        except WarehouseError as error:
            raise InputError(f"{file} cannot be run: {str(error)[:500]}") from error
        return _checked(file, rows)

    return Question(file.name, ask)


def _checked(file: Path, rows: pl.DataFrame) -> pl.DataFrame:
    if KEY not in rows.columns:
        raise InputError(f"{file} returns {', '.join(rows.columns)}; a feature file returns {KEY} and its columns")
    if rows.width < 2:
        raise InputError(f"{file} returns {KEY} alone; a feature file returns {KEY} and its columns")
    if rows[KEY].n_unique() < rows.height:
        again = rows.filter(rows[KEY].is_duplicated())[KEY][0]
        raise InputError(
            f"{file} returns more than one row for reader {again}; a feature file returns one row a reader"
        )
    return rows


def columns(questions: Sequence[Question], warehouse: Warehouse, as_of: datetime) -> int:
    """How many feature columns these questions answer."""
    return sum(question.ask(warehouse, as_of).width - 1 for question in questions)
