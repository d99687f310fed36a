"""Who will not buy again? CDNOW: 23,570 people who first bought music in early 1997, and all their orders to mid-1998.

Read as a reading log, by the product's own ingest, features, labels and models: an order day is a visit, the money
spent stands where reading time would. Nothing of the features was made for it.
"""

import gzip
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from readership.benchmarks.churn_deskdrop import judged
from readership.benchmarks.result import result
from readership.contracts import Folds
from readership.errors import InputError
from readership.events.mapping import load_mapping
from readership.settings import Settings

FILE = Path("cdnow") / "CDNOW_master.txt.gz"
LOOKBACK_DAYS, HORIZON_DAYS = 180, 90
AGREED = {"analytics": True, "personalisation": True}
PROTOCOL = (
    "orders summed by person and day; people with an order in [t-180 d, t), label: none in [t, t+90 d); refit on the "
    "1st of April to October 1997, champion by log loss on 1 October after a fit up to 1 July; test pooled on the 1st "
    "of January to April 1998; intervals clustered by person"
)


def folds() -> Folds:
    """The cut-offs of the protocol."""
    refit = tuple(datetime(1997, month, 1, tzinfo=UTC) for month in range(4, 11))
    return Folds(
        train=refit[:4],
        valid=refit[-1:],
        calibration=(),
        test=tuple(datetime(1998, month, 1, tzinfo=UTC) for month in range(1, 5)),
        refit=refit,
        horizon=timedelta(days=HORIZON_DAYS),
    )


def run(data: Path) -> dict[str, Any]:
    """Figures of the champion, the other candidates and floors as peers; InputError when the log is not there."""
    file = data / FILE
    if not file.is_file():
        raise InputError(f"{file} does not exist; --data names the folder that holds {FILE}")
    began = time.monotonic()
    with TemporaryDirectory(prefix="readership-bench-") as folder:
        log = Path(folder) / "orders.jsonl"
        write_events(file, log)
        settings = Settings(
            warehouse=f"chdb://{folder}/warehouse",
            artifacts=Path(folder) / "artifacts",
            churn_lookback_days=LOOKBACK_DAYS,
            churn_horizon_days=HORIZON_DAYS,
        )
        figures, peers, chosen = judged(log, load_mapping("native"), folds(), settings, "CDNOW")
    return result("churn-cdnow", figures, peers, f"{PROTOCOL}; {chosen}", time.monotonic() - began)


def write_events(orders: Path, log: Path) -> None:
    """The orders as events of the native form: one a person and day, at noon."""
    spent: dict[tuple[str, str], float] = {}
    with gzip.open(orders, "rt", encoding="ascii") as lines:
        next(lines)
        for line in lines:
            person, day, _, dollars = line.split()
            spent[person, day] = spent.get((person, day), 0.0) + float(dollars)
    with log.open("w", encoding="utf-8") as out:
        for (person, day), value in spent.items():
            noon = datetime.strptime(day, "%Y%m%d").replace(hour=12, tzinfo=UTC)
            event = {
                "user_id": f"customer-{person}",
                "event_type": "article_view",
                "timestamp": noon.isoformat(),
                "subscription_tier": "free",
                "consent": AGREED,
                "time_on_page": round(value, 2),
            }
            out.write(json.dumps(event) + "\n")
