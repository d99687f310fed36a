"""A stand-in for a publisher: three papers, their table of visits on a ClickHouse server, billing and articles as CSV.

    python examples/publisher.py --into clickhouse://default:@localhost:8123 --out var/example

makes the database `nordlicht` with the table `visits` there, and `subscriptions.csv` and `articles.csv` in the folder.
The same seed makes the same rows. Nothing of Readership is used: it is what somebody else's data looks like.
"""

import argparse
import csv
import random
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple

import clickhouse_connect

FIRST_DAY = date(2025, 1, 6)
PAPERS = ("Nordlicht Zeitung", "Hafenkurier", "Bergpost")
SECTIONS = ("politics", "sport", "culture", "business", "local")
COUNTRIES = ("AT", "AT", "AT", "DE", "CH")
DEVICES = (("mobile", "iOS"), ("mobile", "Android"), ("desktop", "Windows"), ("tablet", "iOS"))
CHANNELS = ("direct", "google", "newsletter", "facebook")
TABLE = """CREATE TABLE IF NOT EXISTS nordlicht.visits
(
    visit_id UUID, reader_uuid UUID, publication LowCardinality(String),
    visit_start DateTime, visit_end DateTime, abo LowCardinality(String),
    country_code LowCardinality(String), device LowCardinality(String), os LowCardinality(String),
    channel LowCardinality(String), pages UInt16, articles_read UInt16,
    article_ids Array(String), sections Array(String), newsletter UInt8, cms_build String
)
ENGINE = MergeTree ORDER BY (visit_start, visit_id)"""


class Reader(NamedTuple):
    """Who somebody is: from when to when they come, how often a day, and since when they have an account or pay."""

    id: uuid.UUID
    paper: str
    country: str
    device: tuple[str, str]
    taste: str
    comes: int
    stays: int
    visits_a_day: float
    account_from: int | None
    pays_from: int | None
    pays_until: int


class Article(NamedTuple):
    """What was published, and on which day."""

    id: str
    paper: str
    section: str
    title: str
    day: int


def readers(chance: random.Random, count: int, days: int) -> list[Reader]:
    """Readers who come at some time and, most of them, leave at some other."""
    made = []
    for _ in range(count):
        comes = max(0, int(chance.uniform(-0.5, 0.8) * days))
        stays = comes + int(chance.expovariate(1 / 170))
        account = comes + int(chance.expovariate(1 / 10)) if chance.random() < 0.8 else None
        pays = account + int(chance.expovariate(1 / 20)) if account is not None and chance.random() < 0.5 else None
        until = stays + int(chance.uniform(-20, 40))
        if pays is not None and pays >= until:
            pays = None
        made.append(
            Reader(
                id=uuid.UUID(int=chance.getrandbits(128), version=4),
                paper=chance.choice(PAPERS),
                country=chance.choice(COUNTRIES),
                device=chance.choice(DEVICES),
                taste=chance.choice(SECTIONS),
                comes=comes,
                stays=stays,
                visits_a_day=chance.lognormvariate(-1.6, 0.8),
                account_from=account,
                pays_from=pays,
                pays_until=until,
            )
        )
    return made


def articles(chance: random.Random, days: int) -> list[Article]:
    """Two a day in each paper."""
    return [
        Article(f"{paper[0]}{day:03d}{number}", paper, section, f"{section.capitalize()} of day {day}, {number}", day)
        for day in range(days)
        for paper in PAPERS
        for number in range(2)
        for section in [chance.choice(SECTIONS)]
    ]


def visits(chance: random.Random, people: list[Reader], published: list[Article], days: int) -> Iterator[list]:
    """One row a visit. Its times are what the clock on the wall showed, written down as if that were UTC."""
    by_day: dict[tuple[str, int], list[Article]] = {}
    for article in published:
        by_day.setdefault((article.paper, article.day), []).append(article)
    for day in range(days):
        for reader in people:
            if not reader.comes <= day < reader.stays:
                continue
            fading = min(1.0, (reader.stays - day) / 40)
            if chance.random() >= min(0.95, reader.visits_a_day * fading):
                continue
            choice = [item for back in range(3) for item in by_day.get((reader.paper, day - back), [])]
            read = chance.sample(choice, k=min(len(choice), 1 + int(chance.expovariate(1.2))))
            wall = time(chance.randint(6, 22), chance.randint(0, 59), tzinfo=UTC)
            start = datetime.combine(FIRST_DAY + timedelta(days=day), wall)
            end = start + timedelta(seconds=30 + int(chance.expovariate(1 / 240)))
            yield [
                uuid.UUID(int=chance.getrandbits(128), version=4), reader.id, reader.paper, start, end,
                tier(reader, day), reader.country, *reader.device, chance.choice(CHANNELS), 1 + len(read), len(read),
                [item.id for item in read], [item.section for item in read], int(chance.random() < 0.01), "4.7.1",
            ]  # fmt: skip


def tier(reader: Reader, day: int) -> str:
    """What the publisher's own system calls this reader on that day."""
    if reader.pays_from is not None and reader.pays_from <= day < reader.pays_until:
        return "digital"
    return "free" if reader.account_from is not None and reader.account_from <= day else "guest"


def periods(people: list[Reader], days: int) -> Iterator[list]:
    """One row a paid month that had begun by the last day."""
    for reader in people:
        begins = reader.pays_from
        while begins is not None and begins < min(reader.pays_until, days):
            ends = begins + 30
            cancels = ends >= reader.pays_until and reader.pays_until < days
            cancelled = day_text(max(begins, reader.pays_until - 3)) if cancels else ""
            yield [
                reader.id, "digital", "9.90", day_text(begins), day_text(ends), cancelled,
                "voluntary" if cancels else "",
            ]  # fmt: skip
            begins = ends


def day_text(day: int) -> str:
    """A day as ISO 8601."""
    return (FIRST_DAY + timedelta(days=day)).isoformat()


def write(path: Path, header: list[str], rows: Iterator[list]) -> None:
    """A CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def main() -> None:
    """Make it all."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--into", required=True, help="clickhouse://user:password@host:port of the publisher's server")
    asked.add_argument("--out", type=Path, required=True, help="folder of billing and articles")
    asked.add_argument("--readers", type=int, default=400)
    asked.add_argument("--days", type=int, default=290)
    asked.add_argument("--seed", type=int, default=7)
    given = asked.parse_args()
    chance = random.Random(given.seed)
    people = readers(chance, given.readers, given.days)
    published = articles(chance, given.days)
    client = clickhouse_connect.get_client(dsn=given.into, autogenerate_session_id=False)
    client.command("CREATE DATABASE IF NOT EXISTS nordlicht")
    client.command(TABLE)
    client.command("TRUNCATE TABLE nordlicht.visits")
    rows = list(visits(chance, people, published, given.days))
    client.insert("nordlicht.visits", rows)
    given.out.mkdir(parents=True, exist_ok=True)
    write(
        given.out / "subscriptions.csv",
        ["reader_uuid", "product", "price", "paid_from", "paid_until", "cancelled_on", "why"],
        periods(people, given.days),
    )
    write(
        given.out / "articles.csv",
        ["article_id", "brand", "category", "title", "published_at"],
        ([item.id, item.paper, item.section, item.title, day_text(item.day)] for item in published),
    )
    print(
        f"nordlicht.visits: {len(rows):,} rows of {len(people):,} readers; {given.out}: subscriptions.csv, articles.csv"
    )


if __name__ == "__main__":
    main()
