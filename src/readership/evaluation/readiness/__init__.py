"""What a publisher can have from the data they hold: facts in, steps out; nothing here reads anything."""

from readership.evaluation.readiness.facts import Cutoff, Facts, Machine, Question
from readership.evaluation.readiness.steps import Diagnosis, Step, diagnose

__all__ = ["Cutoff", "Diagnosis", "Facts", "Machine", "Question", "Step", "diagnose"]
