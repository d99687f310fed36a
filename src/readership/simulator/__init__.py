"""A publisher whose truth is known, so that models can be judged by the best that is possible."""

from readership.simulator.batches import batches
from readership.simulator.oracle import churn_probability
from readership.simulator.policies import Contacted, Policies
from readership.simulator.world import DEFAULT_START, Day, World, simulate, twins

__all__ = [
    "DEFAULT_START",
    "Contacted",
    "Day",
    "Policies",
    "World",
    "batches",
    "churn_probability",
    "simulate",
    "twins",
]
