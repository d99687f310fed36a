"""What was known of a session, and when, where events came late or a session went quiet and woke again.

A session is known once it is over: 30 minutes after its last event, and not before that event was received.
What a publisher knew at `as_of` is therefore a function of the events known by then (`timestamp < as_of` and
`received_at <= as_of`): the sessions they form, less those with an event in the last 30 minutes. Deleting
everything later changes nothing, which is what the leakage audit relies on.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from readership.events.identity import half_md5

GAP_MS = 30 * 60 * 1000
"""Without a session id from the source, a session ends when this long nothing happens."""
NEVER = 2**63 - 1


class Seen(NamedTuple):
    """An event: when it happened, the first moment that may use it, and a hash of its id."""

    at: int
    known: int
    mark: int


class Span(NamedTuple):
    """One row to be of `session_versions`: the events from `first` to `last` that were known by `through`."""

    row_id: int
    replaces: int
    tombstone: int
    session_id: str
    first: int
    last: int
    through: int
    known_at: int


class _State(NamedTuple):
    first: int
    last: int
    through: int
    known_at: int
    changed_at: int
    begun: int
    marks: int


def spans(user_id: int, source_id: str, run: Sequence[Seen]) -> list[Span]:
    """Every version of the sessions in `run`, in the order they became known.

    `run` holds the events of one session id of the source or, without one (`source_id` is ""), events of a reader
    with less than 30 minutes between neighbours, all in order of time. A version that stops being true
    (its session goes on, or is joined to another) is replaced by the next one, or by a tombstone until there is one.
    """
    states = _states(run, joined=source_id != "")
    rows: list[Span] = []
    for state in states:
        session_id = source_id or gap_session_id(user_id, state.begun)
        before = _predecessor(states, state, joined=source_id != "")
        rows.append(
            Span(
                row_id=_row_id(user_id, session_id, state),
                replaces=_row_id(user_id, session_id, before) if before else 0,
                tombstone=0,
                session_id=session_id,
                first=state.first,
                last=state.last,
                through=state.through,
                known_at=state.known_at,
            )
        )
    versions = list(zip(rows, states, strict=True))
    for row, state in versions:
        followed = any(other.replaces == row.row_id and other.known_at == state.changed_at for other, _ in versions)
        if state.changed_at != NEVER and not followed:
            rows.append(
                row._replace(
                    row_id=half_md5(f"{row.row_id}|tombstone|{state.changed_at}"),
                    replaces=row.row_id,
                    tombstone=1,
                    known_at=state.changed_at,
                )
            )
    return rows


def gap_session_id(user_id: int, begun: int) -> str:
    """Id of a session the source gave none, from its event that was known first."""
    return f"gap-{half_md5(f'{user_id}|{begun}'):016x}"


def _row_id(user_id: int, session_id: str, state: _State) -> int:
    return half_md5(f"{user_id}|{session_id}|{state.known_at}|{state.marks}")


def _states(run: Sequence[Seen], *, joined: bool) -> list[_State]:
    """Every state of the run's sessions that was known for a while, in order of `known_at`."""
    arrivals = sorted(run, key=lambda event: (event.known, event.at))
    found = []
    for moment in _moments(arrivals, joined=joined):
        known = [event for event in run if event.known <= moment]
        for session in [known] if joined else _split(known):
            if max(event.known for event in session) == moment:
                state = _state(session, moment, run, joined=joined)
                if state.known_at < state.changed_at:
                    found.append(state)
    return sorted(found, key=lambda state: (state.known_at, state.first))


def _moments(arrivals: Sequence[Seen], *, joined: bool) -> list[int]:
    """Moments at which an event became known after which a session may have been at rest.

    Left out is every moment whose one new event is followed, before its session could come to rest, by an event
    of the same session.
    """
    moments = []
    for index, event in enumerate(arrivals):
        after = arrivals[index + 1] if index + 1 < len(arrivals) else None
        if after is not None and after.known == event.known:
            continue
        alone = index == 0 or arrivals[index - 1].known != event.known
        touched = after is not None and (joined or abs(after.at - event.at) < GAP_MS)
        if not (alone and touched and after is not None and after.known <= event.at + GAP_MS):
            moments.append(event.known)
    return moments


def _split(events: Sequence[Seen]) -> list[list[Seen]]:
    sessions = [[events[0]]]
    for before, event in pairwise(events):
        if event.at - before.at >= GAP_MS:
            sessions.append([])
        sessions[-1].append(event)
    return sessions


def _state(session: Sequence[Seen], moment: int, run: Sequence[Seen], *, joined: bool) -> _State:
    first, last = session[0].at, session[-1].at
    changes = [
        event.known for event in run if event.known > moment and (joined or first - GAP_MS < event.at < last + GAP_MS)
    ]
    return _State(
        first=first,
        last=last,
        through=moment,
        known_at=max(moment, last + GAP_MS),
        changed_at=min(changes, default=NEVER),
        begun=min(session, key=lambda event: (event.known, event.at)).at,
        marks=sum(event.mark for event in session) % 2**64,
    )


def _predecessor(states: Sequence[_State], state: _State, *, joined: bool) -> _State | None:
    """The newest earlier state of the same session."""
    earlier = [
        other
        for other in states
        if other.through < state.through
        and (joined or (other.begun == state.begun and state.first <= other.first <= state.last))
    ]
    return max(earlier, key=lambda other: other.through, default=None)
