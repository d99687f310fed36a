"""A row that holds several events: which, with what, in which order; and rows that cannot be understood."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from readership.errors import InputError
from readership.events.columns import Rows
from readership.events.mapping import Mapping, load_mapping
from readership.events.unfold import unfolded

SLATES = """
[list]
separator = ","
label_separator = ":"
labels = ["seen", "clicked"]
[columns]
user_id = "who"
timestamp = "at"
[[unfold]]
event_type = "article_impression"
lists = { article_id = "shown" }
constants = { placement = "home" }
slate = "ordered"
[[unfold]]
event_type = "article_click"
lists = { article_id = "shown" }
label = "clicked"
slate = "ordered"
"""
READS = """
[columns]
user_id = "who"
[time]
zone = "UTC"
[[unfold]]
event_type = "article_view"
lists = { article_id = "read", timestamp = "when", time_on_page = "seconds" }
unless = { who = "" }
"""


def mapping_of(folder: Path, text: str) -> Mapping:
    (folder / "own.toml").write_text(text, encoding="utf-8")
    return load_mapping(folder / "own.toml")


def events(mapping: Mapping, rows: list[dict[str, Any]], most: int = 1000) -> list[tuple[int, dict[str, Any]]]:
    """Every event with the number of its row, without what is empty."""
    table = pa.Table.from_pylist(rows)
    found = []
    for part in unfolded(Rows(pa.array(range(10, 10 + len(rows)), pa.uint64()), table, []), mapping, most):
        assert part.records["n"].to_pylist() == list(range(len(part.lines)))
        told = [
            {name: value for name, value in row.items() if value not in ("", None)} for row in part.records.to_pylist()
        ]
        found += [(int(line), row) for line, row in zip(part.lines, told, strict=True)]
    return found


def slate(who: str, at: str, shown: str | None) -> dict[str, Any]:
    return {"who": who, "at": at, "shown": shown}


def test_a_list_becomes_impressions_and_clicks_with_one_slate_and_their_places(tmp_path: Path) -> None:
    mapping = mapping_of(tmp_path, SLATES)
    found = events(mapping, [slate("r", "1", "a:seen,b:clicked,c:seen"), slate("s", "1", "a:clicked")])
    told = [
        (line, row["event_type"], row["user_id"], row["article_id"], row["position"], row.get("placement"))
        for line, row in found
    ]
    assert told == [
        (10, "article_impression", "r", "a", "1", "home"),
        (10, "article_impression", "r", "b", "2", "home"),
        (10, "article_impression", "r", "c", "3", "home"),
        (11, "article_impression", "s", "a", "1", "home"),
        (10, "article_click", "r", "b", "2", None),
        (11, "article_click", "s", "a", "1", None),
    ]
    slates = {(line, row["slate_id"]) for line, row in found}
    assert len(slates) == 2
    assert len({slate_id for _, slate_id in slates}) == 2


def test_a_slate_keeps_its_id_whatever_else_the_file_holds_and_another_moment_has_another(tmp_path: Path) -> None:
    mapping = mapping_of(tmp_path, SLATES)

    def slate_ids(*rows: dict[str, Any]) -> list[str]:
        return [row["slate_id"] for _, row in events(mapping, list(rows)) if row["event_type"] == "article_impression"]

    one, later, other = slate("r", "1", "a:seen"), slate("r", "2", "a:seen"), slate("q", "1", "a:seen")
    assert slate_ids(one) == slate_ids(later, one)[1:] == slate_ids(one, other)[:1]
    assert len({*slate_ids(one, later, other)}) == 3


def test_parallel_lists_become_reads_at_their_own_times(tmp_path: Path) -> None:
    when = [datetime(2026, 3, 2, hour, tzinfo=UTC).replace(tzinfo=None) for hour in (7, 8)]
    rows = [
        {"who": "r", "read": [7, 8], "when": when, "seconds": [3.5, None]},
        {"who": "s", "read": [9], "when": when, "seconds": [1.0]},
        {"who": "", "read": [9], "when": when[:1], "seconds": [1.0]},
        {"who": "t", "read": None, "when": None, "seconds": None},
    ]
    base = 1_772_434_800_000  # 2026-03-02T07:00:00Z
    view = {"event_type": "article_view", "user_id": "r"}
    found = [(line, {name: value for name, value in row.items() if name != "n"}) for line, row in events(
        mapping_of(tmp_path, READS), rows)]  # fmt: skip
    assert found == [
        (10, view | {"article_id": "7", "timestamp_ms": base, "time_on_page": "3.5"}),
        (10, view | {"article_id": "8", "timestamp_ms": base + 3_600_000}),
        (11, {"line_problem": "the lists 'read' and 'when' have different lengths"}),
        (12, {"line_problem": "row holds no event: its lists are empty, or no condition under [[unfold]] holds"}),
        (13, {"line_problem": "row holds no event: its lists are empty, or no condition under [[unfold]] holds"}),
    ]


def test_rows_that_cannot_be_understood_come_once_and_leave_the_others_alone(tmp_path: Path) -> None:
    rows = [slate("r", "1", "a:seen,b"), slate("s", "1", "a:seen,,b:seen,"), slate("t", "1", ""), slate("u", "1", None)]
    found = events(mapping_of(tmp_path, SLATES), rows)
    assert [(line, row["article_id"], row["position"]) for line, row in found if "article_id" in row] == [
        (11, "a", "1"),
        (11, "b", "2"),
    ]
    assert [(line, row["line_problem"]) for line, row in found if "line_problem" in row] == [
        (10, "shown: 'b' has no label; labels are seen, clicked"),
        (12, "row holds no event: its lists are empty, or no condition under [[unfold]] holds"),
        (13, "row holds no event: its lists are empty, or no condition under [[unfold]] holds"),
    ]


def test_bytes_that_are_no_text_are_said_of_their_row_alone(tmp_path: Path) -> None:
    rows = [{"who": b"r", "at": b"1", "shown": b"\xff:seen"}, {"who": b"s", "at": b"1", "shown": b"a:seen"}]
    found = events(mapping_of(tmp_path, SLATES), rows)
    assert [(line, row.get("article_id"), row.get("line_problem")) for line, row in found] == [
        (11, "a", None),
        (10, None, "column 'shown' is not UTF-8 text"),
    ]


@pytest.mark.parametrize("most", [1, 4, 9, 1000])
def test_portions_hold_whole_rows_and_the_same_events(tmp_path: Path, most: int) -> None:
    mapping = mapping_of(tmp_path, SLATES)
    rows = [slate(f"r{n}", str(n), ",".join(f"a{k}:seen" for k in range(n % 4 + 1))) for n in range(12)]
    whole = events(mapping, rows)
    parts = events(mapping, rows, most)
    assert [{**row, "n": 0} for _, row in parts] == [{**row, "n": 0} for _, row in whole]
    assert [line for line, _ in parts] == [line for line, _ in whole]


def test_a_text_without_a_separator_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"column 'read' of the file holds string, not lists; .* separator = ' '"):
        events(mapping_of(tmp_path, READS), [{"who": "r", "read": "7 8", "when": "1", "seconds": "1"}])


HEAD = '[columns]\nuser_id = "who"\ntimestamp = "at"\n'
ONE = '[[unfold]]\nevent_type = "article_view"\nlists = { article_id = "shown" }\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "[unfold]\nx = 1", "'unfold' is .*; write one table for each kind of event"),
        (HEAD + "[[unfold]]\nlists = { article_id = 'x' }", "says no event_type; write one, e.g. 'article_view'"),
        (HEAD + ONE + 'order = "x"', r"\[\[unfold\]\] has the unknown key 'order'; known are columns"),
        (HEAD + ONE + 'columns = { articleid = "x" }', r"\[\[unfold\]\] columns has the unknown key 'articleid'"),
        (HEAD + ONE + 'constants = { user_id = "x" }', r"\[\[unfold\]\] constants has the unknown key 'user_id'"),
        (HEAD + ONE + 'columns = { article_id = "x" }', "says 'article_id' in lists and in columns; say it once"),
        (HEAD + ONE + 'columns = { user_id = "x" }', r"says 'user_id' in \[columns\] and in columns; say it once"),
        (HEAD + ONE + 'slate = "random"', "has slate 'random'; choose among ordered, shuffled"),
        (HEAD + ONE + 'slate = "ordered"\ncolumns = { position = "x" }', "says 'position' in columns and in slate"),
        (HEAD + '[[unfold]]\nevent_type = "login"\nslate = "ordered"', "has a slate and no list of article_id"),
        (HEAD + ONE + 'label = "1"', "asks for label '1', which is none of those under"),
        (HEAD + ONE + 'where = { a = "1" }\nunless = { a = "1" }', "takes rows where 'a' is '1' and unless it is"),
        (
            HEAD + '[list]\nseparator = " "\n[[unfold]]\nevent_type = "login"',
            r"no \[\[unfold\]\] reads any; leave it out",
        ),
        (HEAD + '[list]\nseparator = " "\nlabels = ["1"]\n' + ONE, "says only one of label_separator"),
        (HEAD + '[list]\nlabels = ["1"]\nlabel_separator = "-"\n' + ONE, "labels and no separator"),
        (HEAD + '[event_types]\nx = "y"\n' + ONE, r"\[event_types\] and \[\[unfold\]\] contradict each other"),
        (HEAD + 'event_id = "x"\n' + ONE, r"event_id in \[columns\] and \[\[unfold\]\] contradict"),
        (HEAD + '[constants]\nevent_type = "x"\n' + ONE, r"event_type in \[constants\] and \[\[unfold\]\] contradict"),
        ("optional_columns = true\n" + HEAD + ONE, r"optional_columns and \[\[unfold\]\] contradict"),
        ('[columns]\nuser_id = "who"\n' + ONE, r"\[columns\] says no column for 'timestamp'; every event needs one"),
        (HEAD + '[not_loaded]\nat = "why"\n' + ONE, r"column 'at' stands in \[columns\] and in \[not_loaded\]"),
    ],
)
def test_what_contradicts_is_refused_when_the_mapping_is_read(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=f"mapping own.toml.*{message}"):
        mapping_of(tmp_path, text)


@pytest.mark.parametrize(
    "name", ["adressa", "deskdrop", "ebnerd", "ebnerd-history", "mind", "movielens", "movielens-dat", "recbole"]
)
def test_every_shipped_log_states_consent_and_a_zone(name: str) -> None:
    mapping = load_mapping(name)
    assert mapping.consent == ("analytics", "personalisation", "advertising", "marketing")
    assert mapping.zone
