"""The `readership` command. Each command imports what it needs when it runs, so that `--help` is quick."""

from readership.cli import warehouse, loading, looking, models, campaigns, experiments, watching, readers, running  # noqa: F401, I001 (commands join in this order)
from readership.cli.application import app, main

__all__ = ["app", "main"]
