"""Options that several commands take, and the words that some can be."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

Brand = Annotated[str | None, typer.Option("--brand", help="This brand alone, in folders of its own.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else there.")]
AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", help="Pretend that it is this time (UTC).", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
]


class Task(StrEnum):
    """What can be trained."""

    ads = "ads"
    churn = "churn"
    click = "click"
    click_ads = "click_ads"
    conversion = "conversion"
    engagement = "engagement"
    recommendation = "recommendation"
    segmentation = "segmentation"


class Model(StrEnum):
    """What has versions, a champion and scores of its own: a task, for one population."""

    ads = "ads"
    churn = "churn"
    churn_subscribers = "churn_subscribers"
    click = "click"
    click_ads = "click_ads"
    conversion = "conversion"
    conversion_uplift = "conversion_uplift"
    churn_subscribers_uplift = "churn_subscribers_uplift"
    engagement = "engagement"
    recommendation = "recommendation"
    segmentation = "segmentation"


class Population(StrEnum):
    """Whose churn."""

    registered = "registered"
    subscribers = "subscribers"


class CampaignTask(StrEnum):
    """What a campaign can be about."""

    churn = "churn"
    conversion = "conversion"


class OrderedBy(StrEnum):
    """What decides who comes first in a campaign."""

    auto = "auto"
    uplift = "uplift"
    probability = "probability"


class Received(StrEnum):
    """What `received_at` is where a row has none."""

    file = "file"
    now = "now"


class EventFormat(StrEnum):
    """How files of events are written."""

    parquet = "parquet"
    jsonl = "jsonl"


class Bench(StrEnum):
    """Benchmarks, each one file of `readership.benchmarks`."""

    aa = "aa"
    adopt = "adopt"
    ads = "ads"
    bandits_upworthy = "bandits-upworthy"
    campaign = "campaign"
    churn_cdnow = "churn-cdnow"
    churn_deskdrop = "churn-deskdrop"
    clicks = "clicks"
    conversion_bank = "conversion-bank"
    conversion_shoppers = "conversion-shoppers"
    experiments = "experiments"
    features = "features"
    ingest = "ingest"
    ope_openbandit = "ope-openbandit"
    recommendation = "recommendation"
    recs_deskdrop = "recs-deskdrop"
    recs_diginetica = "recs-diginetica"
    recs_world = "recs-world"
    serving = "serving"
    simulate = "simulate"
    soak = "soak"
    uptime = "uptime"
