"""What a yes-or-no model is asked, in a publisher's words: for its report, and for whoever acts on it."""

from typing import NamedTuple


class Question(NamedTuple):
    """One question, as its report and the index page put it.

    text      the question itself, with its horizon
    who_acts  who does what with the answer
    outcome   the verb of the outcome: "leave", "subscribe"
    """

    text: str
    who_acts: str
    outcome: str
