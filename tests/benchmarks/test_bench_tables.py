"""Benchmarks on tables choose inside the training rows and judge on others; files not there are named."""

import gzip
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from readership.benchmarks import churn_cdnow, conversion_bank, conversion_shoppers
from readership.benchmarks.tables import Split, judge, table
from readership.errors import InputError


def test_champion_and_peers_are_judged_on_rows_no_candidate_saw() -> None:
    random = np.random.default_rng(0)
    visits, pages = 900, random.poisson(4, 900)
    buys = random.random(visits) < 1 / (1 + np.exp(3 - pages))
    rows = table("conversion", pl.DataFrame({"pages": pages, "device": random.choice(["app", "web"], visits)}), buys)
    assert rows.categories == {"device": ("app", "web")}
    order = np.arange(visits)
    found = judge(rows, [Split(order[:500], order[500:700], order[700:])])
    assert len(found.champions) == 1
    assert found.figures == found.peers[found.champions[0]]
    assert found.figures["roc_auc"] > 0.75
    assert found.peers["base_rate"]["roc_auc"] == 0.5
    swapped = np.where(np.arange(visits) < 700, buys, ~buys)
    turned = judge(
        table("conversion", pl.DataFrame({"pages": pages}), swapped), [Split(order[:500], order[500:700], order[700:])]
    )
    assert turned.figures["roc_auc"] < 0.3


def test_orders_of_a_day_are_one_visit(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "orders.gz", "wt", encoding="ascii") as out:
        out.write(" customer_id  date number_of_cds  dollar_value\n")
        out.write(" 00001 19970101  1   11.77\n 00002 19970112  1   12.00\n 00002 19970112  5   77.00\n")
    churn_cdnow.write_events(tmp_path / "orders.gz", tmp_path / "log.jsonl")
    events = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [(event["user_id"], event["timestamp"], event["time_on_page"]) for event in events] == [
        ("customer-00001", "1997-01-01T12:00:00+00:00", 11.77),
        ("customer-00002", "1997-01-12T12:00:00+00:00", 89.0),
    ]


@pytest.mark.parametrize("bench", [churn_cdnow, conversion_bank, conversion_shoppers])
def test_data_that_is_not_there_is_named(bench, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"{bench.FILE} does not exist; --data names the folder"):
        bench.run(tmp_path)
