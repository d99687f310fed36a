"""How long one slate takes, end to end in process, among 50,000 live articles and a million readers.

A newsroom is made in a temporary folder: articles, reads that the product's own engine learns, a ranker fitted on
lists of its candidates, the state with a read of every reader. A process of its own then opens all that as a worker of
the API does and composes slates for readers drawn at random.
"""

import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from readership.benchmarks.result import result
from readership.contracts import Manifest, ModelSpec
from readership.features.memory import write_memory
from readership.features.state import Doing
from readership.features.state_lmdb import LmdbState
from readership.models.recommendation.features import NAMES
from readership.models.recommendation.nouns import Article, Asker, Read, Shown
from readership.models.recommendation.ranker import Lists, Ranker, gather
from readership.models.recommendation.recommender import Recommender
from readership.registry.bundles import write_bundle
from readership.registry.live import write_live
from readership.settings import Online, Settings

ARTICLES = 50_000
READS_A_READER = 1.5
IMPRESSIONS = 20_000
SLATES, WARM = 2000, 100
LISTS = (250, 500, 1000)
RULES = """
[[pin]]
name = "pinned"
article = "a7"
slot = 2
[[exclude]]
name = "excluded"
author = "author3"
[[boost]]
name = "lifted"
category = "category5"
times = 1.5
[[at_most]]
name = "not one topic"
of = "category"
number = 3
"""
PROTOCOL = (
    "{articles:,} articles published over 29 days; {reads:,} reads of {readers:,} readers over two days, of newer "
    "articles more often, and 20,000 impressions, learnt by the product's engine; the state holds a read of every "
    "reader. Another process opens memory, state, ranker and four rules as a worker of the API does and makes "
    "{slates:,} slates of 10 for readers at random ({warm} before that unmeasured): state read, candidates, features, "
    "LightGBM of {trees} trees in ONNX Runtime, rules, diversity, slot by lot, JSON. slate_ms_*: each of them by the "
    "clock; slate_processor_ms_*: "
    "without what other work on the machine took; peak_rss_gib: of that process. learn_*: seconds of the engine for so "
    "many reads; fit_*: seconds of fitting the ranker on so many lists of candidates."
)


def run(*, readers: int = 1_000_000) -> dict[str, Any]:
    """Make the newsroom, then ask; a few minutes at full size."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="readership-bench-") as folder:
        home = Path(folder)
        reads = int(readers * READS_A_READER)
        made, trees = newsroom(home, readers, reads, ARTICLES)
        (home / "rules.toml").write_text(RULES, encoding="utf-8")
        asked = _asked(home, readers)
    figures = {**asked, **made, "articles": ARTICLES, "readers": readers, "reads": reads}
    figures["learning_rss_gib"] = _peak_gib()
    protocol = PROTOCOL.format(articles=ARTICLES, reads=reads, readers=readers, slates=SLATES, warm=WARM, trees=trees)
    rounded = {name: round(value, 4) for name, value in figures.items()}
    return result("recommendation", rounded, {}, protocol, time.perf_counter() - began)


def newsroom(
    home: Path, readers: int, reads: int, articles: int, online: Online | None = None
) -> tuple[dict[str, float], int]:
    """Fill `home`, the memory in `online` if given; returns seconds against rows, and the trees of the ranker."""
    now = datetime.now(UTC)
    now_ms = int(now.timestamp() * 1000)
    random = np.random.default_rng(7)
    recommender = Recommender()
    for article in _articles(random, now_ms, articles):
        recommender.put(article)
    figures: dict[str, float] = {}
    learnt, seconds = 0, 0.0
    for part in (0.25, 0.5, 1.0):
        rows = _reads(random, now_ms, readers, articles, (learnt, int(reads * part), reads))
        begin = time.perf_counter()
        recommender.learn(rows)
        seconds += time.perf_counter() - begin
        learnt = int(reads * part)
        figures[f"learn_seconds_{learnt}"] = seconds
    recommender.shown(_shown(random, now_ms, articles))
    begin = time.perf_counter()
    files = recommender.files(now_ms)
    write_memory(online or home / "var" / "online", files, as_of=now, learnt_until=now)
    figures["publish_seconds"] = time.perf_counter() - begin
    trees = _ranker(home, recommender, readers, now_ms, figures)
    if online is None:
        _state(home, readers, articles, now_ms)
    return figures, trees


def _articles(random: np.random.Generator, now_ms: int, articles: int) -> Iterator[Article]:
    words = np.array([f"word{n}" for n in range(5000)])
    for n, age in enumerate(np.sort(random.random(articles) * timedelta(days=29).total_seconds())[::-1].tolist()):
        text = words[random.integers(0, len(words), 40)].tolist()
        yield Article(
            f"a{n}",
            now_ms - int(age * 1000),
            brand=f"brand{n % 3}",
            category=f"category{n % 20}",
            author=f"author{n % 200}",
            topics=(f"topic{n % 50}",),
            title=" ".join(text[:8]),
            body=" ".join(text[8:]),
        )


def _reads(
    random: np.random.Generator, now_ms: int, readers: int, articles: int, part: tuple[int, int, int]
) -> list[Read]:
    """Reads number first to last of all, in time order: each reader once, then readers at random."""
    first, last, total = part
    at_ms = now_ms - timedelta(days=2) // timedelta(milliseconds=1) * (total - np.arange(first, last)) // total
    who = np.arange(first, last)
    who = np.where(who < readers, who, random.integers(0, readers, last - first))
    back = random.exponential(articles / 60, last - first).astype(np.int64)
    gone = (now_ms - at_ms) * articles // (29 * 86_400_000)
    which = np.clip(articles - 1 - gone - back, 0, articles - 1)
    return [
        Read(at, reader, f"a{article}", brand=f"brand{article % 3}")
        for at, reader, article in zip(at_ms.tolist(), who.tolist(), which.tolist(), strict=True)
    ]


def _shown(random: np.random.Generator, now_ms: int, articles: int) -> Shown:
    """Impressions of the last six hours, of newer articles more often."""
    at_ms = np.sort(now_ms - random.integers(0, timedelta(hours=6) // timedelta(milliseconds=1), IMPRESSIONS))
    back = random.exponential(articles / 60, IMPRESSIONS).astype(np.int64)
    names = np.array([f"a{n}" for n in np.clip(articles - 1 - back, 0, None).tolist()], dtype=object)
    return Shown(at_ms, names, random.integers(1, 12, IMPRESSIONS), np.zeros(IMPRESSIONS, dtype=np.uint64))


def _ranker(home: Path, recommender: Recommender, readers: int, now_ms: int, figures: dict[str, float]) -> int:
    """Fit the ranker on more and more lists, and make the last one champion."""
    random = np.random.default_rng(8)
    asked = []
    for reader in random.integers(0, readers, LISTS[-1]).tolist():
        table = recommender.shortlist(Asker(now_ms, reader)).features
        asked.append((table, int(random.integers(0, min(len(table), 20)))))
    for lists in LISTS:
        gathered: Lists = gather(asked[:lists])
        begin = time.perf_counter()
        model = Ranker(ModelSpec("lightgbm")).fit(gathered)
        figures[f"fit_seconds_{lists}"] = time.perf_counter() - begin
    calibrator = io.BytesIO()
    np.savez(calibrator)
    files = {"model.onnx": model.to_onnx(), "calibrator.npz": calibrator.getvalue()}
    models = home / "artifacts" / "models"
    files["parameters.json"] = recommender.parameters.to_json()
    write_bundle(models, _manifest(model.spec), files)
    write_live(models, "recommendation", champion="bench", challenger=None, by="bench", why="benchmark")
    return int({**Ranker.DEFAULTS, **model.spec.parameters}["rounds"])


def _manifest(spec: ModelSpec) -> Manifest:
    now = datetime.now(UTC).isoformat()
    return Manifest(
        task="recommendation",
        version="bench",
        model=spec,
        features=NAMES,
        categories={},
        calibration="none",
        horizon_days=0,
        lookback_days=0,
        population="readers",
        dataset_hash="",
        sql_hashes={},
        data_from=now,
        data_to=now,
        trained_until=now,
        created_at=now,
        libraries={},
        metrics={},
        operating_points={},
        files={},
        answer="score",
    )


def _state(home: Path, readers: int, articles: int, now_ms: int, batch: int = 1000) -> None:
    """A click of every reader in the last minutes, and who agreed."""
    state = LmdbState(home / "var" / "online" / "state")
    for first in range(0, readers, batch):
        doings = [
            Doing(
                n.to_bytes(16, "big"), now_ms - n % 600_000, n, article_id=f"a{n % articles}", counted=False, consent=3
            )
            for n in range(first, min(first + batch, readers))
        ]
        state.take(doings, lambda _: 0, now_ms)
    state.close()


def _asked(home: Path, readers: int) -> dict[str, float]:
    """The figures of a process that opens the newsroom and asks."""
    command = "import sys; from readership.benchmarks.recommendation import ask; ask(*map(int, sys.argv[1:]))"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("READERSHIP_")}
    done = subprocess.run(
        [sys.executable, "-c", command, str(readers), str(SLATES), str(WARM)],
        env={**kept, "READERSHIP_HOME": str(home)},
        stdout=subprocess.PIPE,
        check=True,
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def ask(readers: int, slates: int, warm: int) -> None:
    """Make so many slates of the newsroom in READERSHIP_HOME and print how long each took, but for the first `warm`."""
    from readership.models.recommendation.eligible import Wish
    from readership.serving.desk import Desk
    from readership.serving.live_models import LiveModels
    from readership.serving.recommendations import answered

    settings = Settings()
    desk = Desk(settings, LiveModels(settings))
    began = time.perf_counter()
    desk.look()
    opened = time.perf_counter() - began
    random = np.random.default_rng(9)
    times, used = [], []
    for number, reader in enumerate(random.integers(0, readers, warm + slates).tolist()):
        begin, busy = time.perf_counter(), time.process_time()
        answered(desk, str(reader), f"brand{number % 3}" if number % 2 else "", (), Wish(10, f"decision{number}"))
        times.append(time.perf_counter() - begin)
        used.append(time.process_time() - busy)
        desk.recording().flush()
    desk.close()
    figures = _summary("slate_ms", times[warm:]) | _summary("slate_processor_ms", used[warm:])
    print(json.dumps(figures | {"open_seconds": opened, "peak_rss_gib": _peak_gib()}))


def _summary(name: str, seconds: Sequence[float]) -> dict[str, float]:
    """Middle and 99th percentile, in ms.

    >>> _summary("ms", [0.001] * 99 + [0.005])["ms_p50"]
    1.0
    """
    ms = np.array(seconds) * 1000
    return {f"{name}_p50": float(np.quantile(ms, 0.5)), f"{name}_p99": float(np.quantile(ms, 0.99))}


def _peak_gib() -> float:
    """Largest resident memory of this process so far: of itself alone where the system tells, not of who began it."""
    status = Path("/proc/self/status")
    if status.is_file():
        lines = (line.split() for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return float(next(lines)[1]) * 1024 / 2**30
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30
