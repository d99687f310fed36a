"""A simulated publisher, and every step on it: what `make demo` shows."""

from readership.pipelines.making import ask
from readership.pipelines.progress import Progress
from readership.pipelines.run import Outcome, run_all
from readership.pipelines.simulate import simulate
from readership.settings import Settings
from readership.warehouse import Warehouse, migrate

SEED = 7


def demo(settings: Settings, *, readers: int, days: int) -> Outcome:
    """Simulate `readers` for `days` into the configured warehouse and run every step on them."""
    with Warehouse.open(settings) as warehouse, Progress() as progress:
        migrate(warehouse)
        with progress.step(f"simulating {readers:,} readers for {days} days"):
            simulate(warehouse, settings, ask(readers, days, SEED), progress=progress)
        return run_all(warehouse, settings, progress=progress)
