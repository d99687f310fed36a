"""A definition to begin with, as text and as a value."""

from pathlib import Path

from readership.experiments.definition import Experiment
from readership.experiments.reading import read_experiment

TEXT = """
hypothesis = "Personal ranking on the home page brings readers back on more days."
unit = "reader"
variants = ["control", "hybrid"]
weights = [0.5, 0.5]
start = 2026-03-02
end = 2026-03-16
window_days = 7
pre_days = 14

[metrics.active_days]
kind = "mean"

[metrics.engagement]
kind = "ratio"
measure = "engaged_seconds"
per = "article_views"

[metrics.subscribed]
kind = "conversion"
measure = "subscription_starts"

[guardrails.cancelled]
kind = "conversion"
measure = "subscription_cancels"
better = "less"
margin = 0.1
"""


def write(folder: Path, text: str = TEXT, key: str = "home-hybrid") -> Path:
    """The definition as a file of `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{key}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def trial(folder: Path, *changes: tuple[str, str], key: str = "home-hybrid") -> Experiment:
    """The definition with parts of its text replaced, read."""
    text = TEXT
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    return read_experiment(write(folder, text, key))
