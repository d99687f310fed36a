"""Readership: the machine-learning stack a news publisher runs on its own first-party events."""

__version__ = "0.1.0"
