"""Ad optimisation: which advertisement should stand here now?

Question      Of the ads booked for this place, which earns most, a click's price and chance and an impression's price
              taken together?
Who acts      The ad desk: which policy fills the places, at which floor prices, and which campaigns run behind.
Floors        Ads drawn evenly; and always the ad with the highest eCPM so far, by placement alone.
Candidates    Thompson sampling over a hierarchical prior learnt from the publisher's own earlier days, exploring more
              or less; the one that would have earned most on later days goes live.
Answer        A chance for every ad that may be shown, from which the one shown is drawn.
"""

from readership.models._question import Question

TASK = "ads"
DEFINITION = (
    "one row for each ad shown whose chance of being chosen was logged; what it earned is the price of the impression "
    "and, where it was clicked within {minutes} minutes, that of the click"
)
WINDOW_MINUTES = 30
EVEN = 0.02
"""Share of the impressions drawn evenly: no ad is ever quite without a chance, and the log can judge other policies."""
WIDTHS = {"thompson": 1.0, "thompson_narrow": 0.5, "thompson_narrower": 0.25}
"""Candidates, by how wide they draw around what is known."""
FLOORS = ("uniform", "greedy_ecpm")


def question() -> Question:
    """What the report says is asked."""
    return Question(
        text="Which advertisement should stand here now?",
        who_acts="the ad desk: which policy fills the places, at which floor prices, and which campaigns run behind",
        outcome="earn",
    )
