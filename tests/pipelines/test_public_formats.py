"""Logs in public formats: tiny files written as these formats say, loaded by the mappings that ship."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from readership.errors import InputError
from readership.events.identity import reader_key
from readership.events.mapping import load_mapping
from readership.events.record_mapping import load_record_mapping
from readership.events.records import ARTICLES
from readership.pipelines.ingest import IngestSummary, ingest
from readership.pipelines.records import RecordSummary, ingest_records
from readership.settings import Settings
from readership.warehouse import Warehouse

ALL = 15
"""Consent to every purpose."""


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def load(warehouse: Warehouse, settings: Settings, file: Path, mapping: str) -> IngestSummary:
    return ingest(warehouse, [file], load_mapping(mapping), settings=settings)


def load_articles(warehouse: Warehouse, file: Path, mapping: str) -> RecordSummary:
    return ingest_records(warehouse, "articles", [file], load_record_mapping(mapping, ARTICLES))


def stored(warehouse: Warehouse, columns: str, where: str = "1") -> list[tuple[Any, ...]]:
    return warehouse.rows(f"SELECT {columns} FROM events WHERE {where} ORDER BY ALL")  # noqa: S608


def labels(warehouse: Warehouse) -> dict[tuple[int, str], int]:
    """Was each article shown clicked in its slate?"""
    rows = warehouse.rows(
        "SELECT shown.user_id, shown.article_id, toUInt8(clicked.article_id != '') FROM "
        "(SELECT * FROM events WHERE event_type = 'article_impression') AS shown LEFT JOIN "
        "(SELECT * FROM events WHERE event_type = 'article_click') AS clicked "
        "ON clicked.slate_id = shown.slate_id AND clicked.article_id = shown.article_id"
    )
    return {(reader, article): label for reader, article, label in rows}


def counts(summary: IngestSummary) -> tuple[int, int, int]:
    return summary.events_loaded, summary.events_duplicate, summary.events_quarantined


def articles(warehouse: Warehouse, columns: str) -> list[tuple[Any, ...]]:
    return warehouse.rows(f"SELECT {columns} FROM articles ORDER BY ALL")  # noqa: S608


def quarantine(warehouse: Warehouse) -> list[tuple[int, str, str]]:
    return warehouse.rows("SELECT line, field, reason FROM quarantine ORDER BY ALL")


MIND = (
    "1\tU13740\t11/11/2019 9:05:58 AM\tN55189 N42782\tN55689-1 N35729-0\n"
    "2\tU91836\t11/9/2019 12:11:30 PM\t\tN20678-0 N39317-0 N35729-1\n"
    "3\tU1\tyesterday\tN1\tN55689-0\n"
    "4\tU1\t11/12/2019 6:11:30 PM\tN1\tN55689 N35729\n"
    "5\tU1\t11/12/2019 6:11:30 PM\n"
)
NEWS = (
    'N55689\tsports\tfootball_nfl\tThe "Brands" Queen\tShop the notebooks\thttps://m/1\t[{"Label": "Q"}]\t[]\n'
    "N88753\tlifestyle\tlifestyleroyals\tRead before the log\t\thttps://m/2\t[]\t[]\n"
    "N3\tnews\n"
)


def test_mind(each_warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "behaviors.tsv").write_text(MIND, encoding="utf-8")
    summary = load(each_warehouse, settings, tmp_path / "behaviors.tsv", "mind")
    assert counts(summary) == (9, 0, 3)
    assert summary.not_loaded == {"history": {"rows": 3, "reason": "earlier reads, without their times"}}
    first, second = at("2019-11-11T09:05:58"), at("2019-11-09T12:11:30")
    one, two = reader_key("U13740"), reader_key("U91836")
    assert stored(each_warehouse, "timestamp, event_type, article_id, user_id, placement") == [
        (second, "article_click", "N35729", two, "front"),
        (second, "article_impression", "N20678", two, "front"),
        (second, "article_impression", "N35729", two, "front"),
        (second, "article_impression", "N39317", two, "front"),
        (second, "article_view", "N35729", two, ""),
        (first, "article_click", "N55689", one, "front"),
        (first, "article_impression", "N35729", one, "front"),
        (first, "article_impression", "N55689", one, "front"),
        (first, "article_view", "N55689", one, ""),
    ]
    assert stored(each_warehouse, "DISTINCT position, brand, consent, received_at = timestamp") == [
        (None, "Microsoft News", ALL, True)
    ]
    assert labels(each_warehouse) == {
        (one, "N55689"): 1,
        (one, "N35729"): 0,
        (two, "N20678"): 0,
        (two, "N39317"): 0,
        (two, "N35729"): 1,
    }
    assert quarantine(each_warehouse) == [
        (3, "timestamp", "'yesterday' is not a time"),
        (4, "line", "impressions: 'N55689' has no label; labels are 0, 1"),
        (5, "line", "row has 3 values, the mapping names 5"),
    ]
    again = load(each_warehouse, settings, tmp_path / "behaviors.tsv", "mind")
    assert counts(again) == (0, 9, 3)
    assert len(quarantine(each_warehouse)) == 3


def test_articles_of_mind_count_from_their_first_event_on(
    warehouse: Warehouse, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "behaviors.tsv").write_text(MIND, encoding="utf-8")
    (tmp_path / "news.tsv").write_text(NEWS, encoding="utf-8")
    with pytest.raises(InputError, match=r"'mind' takes 'published_at' from the first event .* load the events first"):
        load_articles(warehouse, tmp_path / "news.tsv", "mind")
    assert articles(warehouse, "article_id") == []
    load(warehouse, settings, tmp_path / "behaviors.tsv", "mind")
    summary = load_articles(warehouse, tmp_path / "news.tsv", "mind")
    assert (summary.rows_loaded, summary.rows_quarantined) == (2, 1)
    seen, before = at("2019-11-11T09:05:58"), at("2019-10-12T00:00:00")
    assert articles(warehouse, "article_id, category, topics, title, body, published_at, received_at") == [
        ("N55689", "sports", ["football_nfl"], 'The "Brands" Queen', "Shop the notebooks", seen, seen),
        ("N88753", "lifestyle", ["lifestyleroyals"], "Read before the log", "", before, before),
    ]
    again = load_articles(warehouse, tmp_path / "news.tsv", "mind")
    assert (again.rows_loaded, again.rows_changed, again.rows_duplicate) == (0, 0, 2)


def test_the_file_of_another_mapping_is_refused(warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "news.tsv").write_text(NEWS, encoding="utf-8")
    with pytest.raises(
        InputError, match="its first line has 8 values between '\\\\t', and the mapping names 5 columns"
    ):
        load(warehouse, settings, tmp_path / "news.tsv", "mind")


def ebnerd_row(**fields: Any) -> dict[str, Any]:
    row = {
        "impression_id": 48401, "article_id": None, "impression_time": datetime(2023, 5, 21, 21, 6, 50),
        "read_time": 21.0, "scroll_percentage": None, "device_type": 2,
        "article_ids_inview": [9774516, 9771051, 9759966], "article_ids_clicked": [9759966], "user_id": 22779,
        "is_sso_user": False, "gender": None, "postcode": None, "age": None, "is_subscriber": False, "session_id": 21,
        "next_read_time": 16.0, "next_scroll_percentage": 27.0,
    }  # fmt: skip
    return row | fields


EBNERD = pa.schema(
    [
        ("impression_id", pa.uint32()), ("article_id", pa.int32()), ("impression_time", pa.timestamp("us")),
        ("read_time", pa.float32()), ("scroll_percentage", pa.float32()), ("device_type", pa.int8()),
        ("article_ids_inview", pa.list_(pa.int32())), ("article_ids_clicked", pa.list_(pa.int32())),
        ("user_id", pa.uint32()), ("is_sso_user", pa.bool_()), ("gender", pa.int8()), ("postcode", pa.int8()),
        ("age", pa.int8()), ("is_subscriber", pa.bool_()), ("session_id", pa.uint32()),
        ("next_read_time", pa.float32()), ("next_scroll_percentage", pa.float32()),
    ]
)  # fmt: skip


def test_ebnerd(each_warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    below = ebnerd_row(
        impression_id=152513, article_id=9778745, impression_time=datetime(2023, 5, 24, 7, 31, 26), read_time=30.0,
        scroll_percentage=100.0, device_type=0, article_ids_inview=[9778669, 9778661], article_ids_clicked=[9778661],
        user_id=150224, session_id=298, age=50, next_read_time=2.0, next_scroll_percentage=None,
    )  # fmt: skip
    broken = ebnerd_row(impression_id=3, impression_time=None)
    pq.write_table(pa.Table.from_pylist([ebnerd_row(), below, broken], schema=EBNERD), tmp_path / "behaviors.parquet")
    summary = load(each_warehouse, settings, tmp_path / "behaviors.parquet", "ebnerd")
    assert counts(summary) == (10, 0, 1)
    assert {name: told["rows"] for name, told in summary.not_loaded.items()} == {
        "is_sso_user": 3, "is_subscriber": 3, "gender": 0, "postcode": 0, "age": 1,
    }  # fmt: skip
    front, related = at("2023-05-21T19:06:50"), at("2023-05-24T05:31:26")
    columns = (
        "timestamp, event_type, article_id, slate_id, placement, engaged_ms, scroll_depth, device_type, session_id"
    )
    assert stored(each_warehouse, columns) == [
        (front, "article_click", "9759966", "48401", "", None, None, "mobile", "21"),
        (front, "article_impression", "9759966", "48401", "front", None, None, "mobile", "21"),
        (front, "article_impression", "9771051", "48401", "front", None, None, "mobile", "21"),
        (front, "article_impression", "9774516", "48401", "front", None, None, "mobile", "21"),
        (front, "article_view", "9759966", "", "", 16_000, 27.0, "mobile", "21"),
        (front, "navigation", "", "", "", 21_000, None, "mobile", "21"),
        (related, "article_click", "9778661", "152513", "", None, None, "", "298"),
        (related, "article_impression", "9778661", "152513", "related", None, None, "", "298"),
        (related, "article_impression", "9778669", "152513", "related", None, None, "", "298"),
        (related, "article_view", "9778661", "", "", 2_000, None, "", "298"),
    ]
    assert labels(each_warehouse) == {
        (22779, "9774516"): 0,
        (22779, "9771051"): 0,
        (22779, "9759966"): 1,
        (150224, "9778669"): 0,
        (150224, "9778661"): 1,
    }
    assert quarantine(each_warehouse) == [(3, "timestamp", "is empty")]
    assert stored(each_warehouse, "DISTINCT position, subscription_tier, timezone") == [(None, "", "Europe/Copenhagen")]
    assert counts(load(each_warehouse, settings, tmp_path / "behaviors.parquet", "ebnerd")) == (0, 10, 1)


def test_history_and_articles_of_ebnerd(warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    times = [datetime(2023, 4, 27, 10, 17, 43), datetime(2023, 5, 17, 20, 36, 34)]
    history = {
        "user_id": 13538, "impression_time_fixed": times, "scroll_percentage_fixed": [100.0, None],
        "article_id_fixed": [9738663, 9769366], "read_time_fixed": [17.0, 0.0],
    }  # fmt: skip
    pq.write_table(pa.Table.from_pylist([history]), tmp_path / "history.parquet")
    assert counts(load(warehouse, settings, tmp_path / "history.parquet", "ebnerd-history")) == (2, 0, 0)
    assert stored(warehouse, "timestamp, event_type, user_id, article_id, engaged_ms, scroll_depth") == [
        (at("2023-04-27T08:17:43"), "article_view", 13538, "9738663", 17_000, 100.0),
        (at("2023-05-17T18:36:34"), "article_view", 13538, "9769366", 0, None),
    ]
    article = {
        "article_id": 9738663, "title": "Se billederne", "subtitle": "Zlatan", "body": "Drømmer du",
        "last_modified_time": datetime(2023, 6, 29, 6, 38, 41), "premium": True, "category": 142,
        "category_str": "sport", "published_time": datetime(2023, 4, 27, 9, 0, 0), "article_type": "article_default",
        "topics": ["Kendt", "Sport"],
    }  # fmt: skip
    pq.write_table(pa.Table.from_pylist([article]), tmp_path / "articles.parquet")
    assert load_articles(warehouse, tmp_path / "articles.parquet", "ebnerd").rows_loaded == 1
    assert articles(warehouse, "article_id, category, topics, title, body, article_type, paywalled, published_at") == [
        (
            "9738663",
            "sport",
            ["Kendt", "Sport"],
            "Se billederne",
            "Drømmer du",
            "article_default",
            1,
            at("2023-04-27T07:00"),
        )
    ]


def adressa(**fields: Any) -> str:
    line = {
        "profile": [{"item": "article", "groups": [{"count": 1, "group": "pageclass", "weight": 1.0}]}],
        "category1": "nyheter|trondheim", "canonicalUrl": "http://www.adressa.no/nyheter/Det-blir.ece",
        "userId": "cx:kfubh0ub7g8z", "sessionStop": True, "referrerHostClass": "direct",
        "publishtime": "2016-12-31T15:48:48.000Z", "sessionStart": True, "keywords": "utenriks,trondheim",
        "id": "2607fc7d", "eventId": 906331936, "city": "trondheim", "title": "- Det blir fyrverkeri",
        "url": "http://adressa.no/nyheter/det-blir.ece", "country": "no", "region": "sor-trondelag",
        "author": ["norunn bergesen"], "deviceType": "Mobile", "time": 1483225203, "os": "iPhone OS", "activeTime": 12,
    }  # fmt: skip
    return json.dumps({name: value for name, value in (line | fields).items() if value is not None}) + "\n"


def test_adressa(each_warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    home = adressa(
        id=None, title=None, category1=None, publishtime=None, author=None, keywords=None, activeTime=None,
        url="http://adressa.no", referrerUrl="http://google.no", time=1483225300, deviceType="Desktop",
    )  # fmt: skip
    late = adressa(id="x1", title="Uten dato", publishtime=None, time=1483225400)
    (tmp_path / "20170101").write_text(adressa() + home + late + adressa(time="n/a"), encoding="utf-8")
    assert counts(load(each_warehouse, settings, tmp_path / "20170101", "adressa")) == (3, 0, 1)
    opened = at("2016-12-31T23:00:03")
    columns = (
        "timestamp, event_type, article_id, article_title, category, engaged_ms, device_type, city, referrer, timezone"
    )
    assert stored(each_warehouse, columns, "article_id != 'x1'") == [
        (
            opened, "article_view", "2607fc7d", "- Det blir fyrverkeri", "nyheter|trondheim", 12_000, "mobile",
            "trondheim", "", "Europe/Oslo",
        ),
        (
            opened + timedelta(seconds=97), "navigation", "", "", "", None, "desktop", "trondheim", "http://google.no",
            "Europe/Oslo",
        ),
    ]  # fmt: skip
    assert quarantine(each_warehouse) == [(4, "timestamp", "'n/a' is not a time")]
    assert counts(load(each_warehouse, settings, tmp_path / "20170101", "adressa")) == (0, 3, 1)
    told = load_articles(each_warehouse, tmp_path / "20170101", "adressa")
    assert (told.rows_loaded, told.rows_duplicate, told.rows_left_out, told.rows_quarantined) == (2, 1, 1, 0)
    assert articles(each_warehouse, "article_id, title, topics, published_at") == [
        ("2607fc7d", "- Det blir fyrverkeri", ["utenriks", "trondheim"], at("2016-12-31T15:48:48")),
        ("x1", "Uten dato", ["utenriks", "trondheim"], opened + timedelta(seconds=197)),
    ]


@pytest.mark.parametrize("form", ["movielens", "movielens-dat"])
def test_movielens(warehouse: Warehouse, settings: Settings, tmp_path: Path, form: str) -> None:
    ratings, movies = {
        "movielens": (
            "userId,movieId,rating,timestamp\n1,1193,4.5,978300760\n2,1,3.0,978301968\n2,661,3.0,soon\n",
            'movieId,title,genres\n1193,"Amélie, or: a film (2001)",Comedy|Romance\n7,Unseen (1995),Drama\n',
        ),
        "movielens-dat": (
            "1::1193::4.5::978300760\n2::1::3.0::978301968\n2::661::3.0::soon\n",
            "1193::Amélie, or: a film (2001)::Comedy|Romance\n7::Unseen (1995)::Drama\n",
        ),
    }[form]
    suffix, encoding = (".csv", "utf-8") if form == "movielens" else (".dat", "latin-1")
    (tmp_path / f"ratings{suffix}").write_text(ratings, encoding=encoding)
    (tmp_path / f"movies{suffix}").write_text(movies, encoding=encoding)
    summary = load(warehouse, settings, tmp_path / f"ratings{suffix}", form)
    assert counts(summary) == (2, 0, 1)
    rated = at("2000-12-31T22:12:40")
    assert stored(warehouse, "timestamp, event_type, user_id, article_id, metadata, subscription_tier, consent") == [
        (rated, "article_view", 1, "1193", {"value": "4.5"}, "free", ALL),
        (at("2000-12-31T22:32:48"), "article_view", 2, "1", {"value": "3.0"}, "free", ALL),
    ]
    assert quarantine(warehouse) == [(4 if form == "movielens" else 3, "timestamp", "'soon' is not a time")]
    assert counts(load(warehouse, settings, tmp_path / f"ratings{suffix}", form)) == (0, 2, 1)
    told = load_articles(warehouse, tmp_path / f"movies{suffix}", form)
    assert (told.rows_loaded, told.rows_quarantined) == (1, 1)
    assert told.reasons[0]["reason"] == "is empty, and no event of this article is stored: load the events first"
    assert articles(warehouse, "article_id, title, category, published_at") == [
        ("1193", "Amélie, or: a film (2001)", "Comedy|Romance", rated)
    ]


def test_recbole(each_warehouse: Warehouse, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "ml.inter").write_text(
        "user_id:token\titem_id:token\trating:float\ttimestamp:float\n196\t242\t3\t881250949\nu2\t302\t3\t891717742.0\n"
        "u2\t302\t3\t\n",
        encoding="utf-8",
    )
    assert counts(load(each_warehouse, settings, tmp_path / "ml.inter", "recbole")) == (2, 0, 1)
    first, second = at("1997-12-04T15:55:49"), at("1998-04-04T19:22:22")
    assert stored(each_warehouse, "timestamp, event_type, user_id, article_id, consent") == [
        (first, "article_view", 196, "242", ALL),
        (second, "article_view", reader_key("u2"), "302", ALL),
    ]
    assert quarantine(each_warehouse) == [(4, "timestamp", "is empty")]
    assert counts(load(each_warehouse, settings, tmp_path / "ml.inter", "recbole")) == (0, 2, 1)
    (tmp_path / "ml.item").write_text(
        'item_id:token\tmovie_title:token_seq\trelease_year:token\n242\tKolya "the film"\t1996\n302\tL.A.\t1997\n',
        encoding="utf-8",
    )
    assert load_articles(each_warehouse, tmp_path / "ml.item", "recbole").rows_loaded == 2
    assert articles(each_warehouse, "article_id, title, category, published_at") == [
        ("242", 'Kolya "the film"', "", first),
        ("302", "L.A.", "", second),
    ]
