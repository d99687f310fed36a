"""Reports drawn from evaluation files: one offline page for each model, and an index an editor can read."""

from readership.evaluation.reports.index import write_index
from readership.evaluation.reports.report import write_report
from readership.evaluation.reports.words import Summary, summarise

__all__ = ["Summary", "summarise", "write_index", "write_report"]
