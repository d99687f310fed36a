"""What was known of sessions, and when: the versions against a plain reading of the rule."""

from hypothesis import given, settings
from hypothesis import strategies as some

from readership.events.history import GAP_MS, NEVER, Seen, Span, gap_session_id, spans

MINUTE = 60_000
Known = set[tuple[int, int, int]]


def parts(events: list[Seen]) -> list[list[Seen]]:
    found: list[list[Seen]] = []
    for event in sorted(events):
        if not found or event.at - found[-1][-1].at >= GAP_MS:
            found.append([])
        found[-1].append(event)
    return found


def by_the_rule(events: list[Seen], as_of: int, *, named: bool) -> Known:
    """Sessions of the events known at `as_of`, less those with an event in the last 30 minutes."""
    known = [event for event in events if event.known <= as_of]
    sessions = ([sorted(known)] if known else []) if named else parts(known)
    return {
        (session[0].at, session[-1].at, max(event.known for event in session))
        for session in sessions
        if session[-1].at + GAP_MS <= as_of
    }


def counting(rows: list[Span], as_of: int) -> Known:
    """Rows that count at `as_of`, as features count them."""
    replaced = {row.replaces for row in rows if row.known_at <= as_of}
    return {
        (row.first, row.last, row.through)
        for row in rows
        if row.known_at <= as_of and not row.tombstone and row.row_id not in replaced
    }


def all_spans(events: list[Seen], *, named: bool) -> list[Span]:
    runs = [sorted(events)] if named else parts(events)
    return [span for run in runs for span in spans(7, "visit" if named else "", run)]


delays = some.one_of(some.integers(0, 3), some.integers(0, 400)) | some.just(0)
logs = some.lists(some.tuples(some.integers(0, 240), delays), min_size=1, max_size=9, unique_by=lambda pair: pair[0])


@settings(max_examples=400, deadline=None)
@given(logs, some.booleans())
def test_rows_that_count_are_the_sessions_known(log: list[tuple[int, int]], named: bool) -> None:
    events = [
        Seen(at * MINUTE, max((at + delay) * MINUTE, at * MINUTE + 1), mark) for mark, (at, delay) in enumerate(log)
    ]
    rows = all_spans(events, named=named)
    moments = sorted({moment for event in events for moment in (event.at, event.known, event.at + GAP_MS)})
    for moment in moments:
        for as_of in (moment - 1, moment, moment + 1):
            assert counting(rows, as_of) == by_the_rule(events, as_of, named=named), as_of


@settings(max_examples=200, deadline=None)
@given(logs, some.booleans(), some.integers(0, 300))
def test_deleting_the_future_changes_nothing(log: list[tuple[int, int]], named: bool, minute: int) -> None:
    events = [Seen(at * MINUTE, (at + delay) * MINUTE + 1, mark) for mark, (at, delay) in enumerate(log)]
    past = [event for event in events if event.known <= minute * MINUTE]
    assert counting(all_spans(events, named=named), minute * MINUTE) == counting(
        all_spans(past, named=named), minute * MINUTE
    )


@settings(max_examples=200, deadline=None)
@given(logs)
def test_row_ids_are_unique_and_every_replaced_row_exists(log: list[tuple[int, int]]) -> None:
    events = [Seen(at * MINUTE, (at + delay) * MINUTE + 1, mark) for mark, (at, delay) in enumerate(log)]
    rows = all_spans(events, named=False)
    ids = [row.row_id for row in rows]
    assert len(set(ids)) == len(ids)
    assert {row.replaces for row in rows} - {0} <= set(ids)


def test_a_late_event_appends_a_version_of_the_same_session() -> None:
    first, second = Seen(0, 1, 1), Seen(10 * MINUTE, 10 * MINUTE + 1, 2)
    late = Seen(5 * MINUTE, 300 * MINUTE, 3)
    before, after = spans(7, "", sorted([first, second, late]))
    assert (before.known_at, before.last) == (40 * MINUTE, 10 * MINUTE)
    assert (after.known_at, after.replaces) == (300 * MINUTE, before.row_id)
    assert before.session_id == after.session_id == gap_session_id(7, 0)


def test_an_event_that_joins_two_sessions_leaves_a_tombstone() -> None:
    left, right = Seen(0, 1, 1), Seen(40 * MINUTE, 40 * MINUTE + 1, 2)
    bridge = Seen(20 * MINUTE, 500 * MINUTE, 3)
    first, second, joined, tombstone = spans(7, "", sorted([left, right, bridge]))
    assert (joined.replaces, joined.session_id) == (first.row_id, first.session_id)
    assert (tombstone.replaces, tombstone.tombstone, tombstone.known_at) == (second.row_id, 1, 500 * MINUTE)
    assert (joined.first, joined.last) == (0, 40 * MINUTE)


def test_a_session_without_late_events_has_one_version() -> None:
    run = [Seen(minute * MINUTE, minute * MINUTE + 5000, minute) for minute in range(0, 200, 10)]
    (only,) = spans(7, "", run)
    assert (only.replaces, only.known_at) == (0, 190 * MINUTE + GAP_MS)
    assert only.known_at < NEVER
