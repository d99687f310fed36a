"""The catalogue speaks for every column that the SQL gives, and for nothing else."""

import re

import polars as pl
import pytest
from session_rows import AS_OF, DAY, insert, rich

from readership.features.catalogue import (
    Feature,
    by_name,
    catalogue,
    categories,
    group_names,
    group_sql,
    model_inputs,
    parse,
    sql_hashes,
)
from readership.warehouse import Warehouse

RULE = """tombstone = 0 AND row_id NOT IN ( SELECT replaces FROM session_versions
WHERE replaces != 0 AND known_at <= {as_of:DateTime64(3,'UTC')} AND loaded_at <= {snapshot_at:DateTime64(3,'UTC')})"""


@pytest.mark.parametrize("group", group_names())
def test_every_output_column_has_its_entry_in_order(warehouse: Warehouse, group: str) -> None:
    insert(warehouse, [rich(1, AS_OF - DAY)])
    frame = warehouse.frame(group_sql(group), as_of=AS_OF, snapshot_at=AS_OF, default_consent=1)
    columns = [name for name in frame.columns if name != "user_id"]
    entries = [feature for feature in catalogue() if feature.group == group]
    assert [feature.name for feature in entries] == columns
    assert frame.height == 1
    for feature in entries:
        is_text = frame.schema[feature.name] == pl.String
        assert is_text == (feature.kind == "category"), feature.name


@pytest.mark.parametrize("group", group_names())
def test_every_statement_states_its_grain_and_rule_and_keeps_to_known_versions(group: str) -> None:
    sql = group_sql(group)
    first, second, *_ = sql.splitlines()
    assert re.match(r"-- One row(:| per reader)", first)
    assert re.match(r"-- grain: (user_id|as_of)    leakage rule: session_end < as_of, known_at <= as_of", second)
    assert " ".join(RULE.split()) in " ".join(sql.split())
    code = "\n".join(line.split("--")[0] for line in sql.splitlines())
    assert set(re.findall(r"\b(?:FROM|JOIN)\s+(\w+)", code)) == {"session_versions"}, (
        "events and truth are not features"
    )


def test_names_are_unique_and_every_entry_is_whole() -> None:
    assert len(by_name()) == len(catalogue())
    for feature in catalogue():
        assert feature.unit
        assert feature.meaning
        assert re.match(r"0 when none|0 when no |missing when |never missing", feature.null_rule), feature


def test_publisher_wide_activity_is_never_a_model_input() -> None:
    publisher = [feature for feature in catalogue() if feature.group == "publisher"]
    assert publisher
    assert not any(feature.model_input for feature in publisher)
    assert not set(model_inputs()) & {feature.name for feature in publisher}


def test_categories_are_the_text_inputs() -> None:
    assert {"tier", "country", "device_type", "brand"} <= set(categories()) <= set(model_inputs())


def test_the_windows_of_the_activity_group() -> None:
    assert len([feature for feature in catalogue() if feature.group == "activity"]) >= 50
    for measure in ("sessions", "active_days", "article_views", "engaged_seconds"):
        assert {f"{measure}_{days}d" for days in (1, 3, 7, 14, 28, 56, 90)} <= set(by_name())
    assert by_name()["sessions_7d"].meaning == "sessions that ended in the last 7 days"


def test_an_entry_is_read_from_the_comment_beside_its_column() -> None:
    sql = "SELECT user_id,\n    sum(x) AS reads_7d, -- reads | articles read | 0 when none\n"
    sql += "    tier -- category | tier | missing when none\n"
    assert parse("g", sql) == [
        Feature("reads_7d", "g", "articles read", "reads", "0 when none", "number", True),
        Feature("tier", "g", "tier", "category", "missing when none", "category", True),
    ]
    assert not parse("g", "-- model_input: no\n" + sql)[0].model_input
    of_one_task = parse("g", "-- model_input: engagement\n" + sql)[0]
    assert (of_one_task.model_input, of_one_task.task) == (True, "engagement")


def test_hashes_cover_every_statement() -> None:
    assert set(sql_hashes()) == {*group_names(), "consent"}
    assert len(set(sql_hashes().values())) == len(sql_hashes())
