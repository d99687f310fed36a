"""A topic into the warehouse: each event once, what is none handed on, offsets committed last."""

import base64
import io
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from kafka_broker import Broker
from pydantic import SecretStr
from typer.testing import CliRunner

from readership.cli import app
from readership.errors import DeliveryError, InputError, SettingsError
from readership.events.mapping import load_mapping
from readership.pipelines import kafka as module
from readership.pipelines.kafka import ingest_kafka, told_to_stop
from readership.pipelines.progress import Progress
from readership.settings import Settings
from readership.warehouse import Warehouse

AT = 1_767_225_600_000


def event(n: int, **more: object) -> bytes:
    told = {"event_id": f"e{n}", "user_id": str(n % 7), "event_type": "article_view", "timestamp": AT + n}
    return json.dumps({**told, "article_id": "a1", "received_at": AT + n, **more}).encode()


class Shared:
    """The test's warehouse where the command opens its own: one path a process."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def __enter__(self) -> Warehouse:
        return self._warehouse

    def __exit__(self, *_: object) -> None:
        pass


Take = Callable[..., dict[str, Any]]


@pytest.fixture
def take(broker: Broker, warehouse: Warehouse, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Take:
    """`ingest --kafka TOPIC --once` into the test's warehouse."""

    class Opened:
        @staticmethod
        def open(_: Settings) -> Shared:
            return Shared(warehouse)

    monkeypatch.setattr(module, "Warehouse", Opened)
    monkeypatch.setattr(module, "make_way", lambda *_: None)

    def run(
        topic: str, mapping: str | Path = "native", avro: bool = False, metrics: Path | None = None, **set: Any
    ) -> Any:
        current = settings.model_copy(update={"kafka_servers": broker.address, "kafka_group": topic, **set})
        options = {"once": True, "avro": avro, "metrics": metrics, "stop": threading.Event()}
        with Progress() as progress:
            return ingest_kafka(current, topic, load_mapping(mapping), progress=progress, **options)  # type: ignore[arg-type]

    return run


class Registry:
    """A schema registry: what it holds, and what it was asked for; only for who knows the password."""

    def __init__(self, server: HTTPServer) -> None:
        self.address = f"http://me:secret@127.0.0.1:{server.server_port}"
        self.schemas: dict[int, str] = {}
        self.asked: Counter[str] = Counter()


@pytest.fixture
def registry() -> Iterator[Registry]:
    """A registry on a loopback port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked[self.path] += 1
            schema = found.schemas.get(int(self.path.removeprefix("/schemas/ids/")))
            allowed = self.headers["Authorization"] == f"Basic {base64.b64encode(b'me:secret').decode()}"
            self.send_response(401 if not allowed else 200 if schema else 404)
            self.end_headers()
            self.wfile.write(json.dumps({"schema": schema}).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    found = Registry(server)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def test_events_are_stored_once_and_what_is_none_is_handed_on(
    broker: Broker, warehouse: Warehouse, take: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("readership.pipelines.dead_letters.MOST_BYTES", 100)
    topic = broker.topic("poison")
    pretty = json.dumps(json.loads(event(3)), indent=2).encode()
    nothing = [b"nonsense", b"5", b"\xff\xfe\x00", None, b"", b"[]", event(4, timestamp="soon")]
    nothing.append(event(5, pad="x" * 2**20))
    broker.write(topic, [event(1), event(1), event(2), pretty, *nothing])
    done = take(topic, metrics=tmp_path / "kafka.prom")
    assert (done["events_loaded"], done["events_duplicate"], done["events_quarantined"]) == (3, 1, 8)
    assert (done["messages"], done["lag"], done["readers"], done["rounds_uncommitted"]) == (12, 0, 3, 0)
    rows = warehouse.rows("SELECT source, line, reason FROM quarantine ORDER BY line")
    assert [(source, line) for source, line, _ in rows] == [(f"{topic}-0", offset) for offset in range(4, 12)]
    reasons = [reason for _, _, reason in rows]
    assert reasons[:3] == ["line is not JSON", "line is not a JSON object", "line is not UTF-8 text"]
    assert reasons[6].startswith("'soon' is not a time")
    assert reasons[7].startswith("line has 1048")
    dead = broker.written(f"{topic}.dead")
    assert [letter.value for letter in dead] == [(value or b"")[:100] for value in nothing]
    assert [int(letter.headers["offset"]) for letter in dead] == [line for _, line, _ in rows]
    assert [letter.headers["reason"] for letter in dead] == reasons
    assert dead[7].headers["bytes"] == str(len(nothing[7] or b""))
    told = (tmp_path / "kafka.prom").read_text()
    assert f'readership_kafka_lag{{topic="{topic}",group="{topic}",partition="0"}} 0\n' in told
    assert f'readership_kafka_events_total{{topic="{topic}",group="{topic}",result="quarantined"}} 8\n' in told


def test_offsets_are_committed_after_everything_else(
    broker: Broker, warehouse: Warehouse, take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = broker.topic("interrupted", partitions=2)
    broker.write(topic, [*(event(n) for n in range(20)), b"nonsense"])

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("readership.pipelines.dead_letters.DeadLetters.send", interrupted)
        with pytest.raises(KeyboardInterrupt):
            take(topic)
    again = take(topic)
    assert (again["events_loaded"], again["events_duplicate"], again["events_quarantined"]) == (0, 20, 1)
    assert warehouse.rows("SELECT count(), uniqExact(event_id) FROM events") == [(20, 20)]
    assert warehouse.scalar("SELECT count() FROM quarantine") == 1
    assert [letter.value for letter in broker.written(f"{topic}.dead")] == [b"nonsense"]
    broker.write(topic, [event(20)])
    third = take(topic)
    assert (third["messages"], third["events_loaded"], third["lag"]) == (1, 1, 0)


def test_an_event_without_an_id_counts_once_and_its_repeat_twice(
    broker: Broker, warehouse: Warehouse, take: Take, tmp_path: Path
) -> None:
    topic = broker.topic("bare")
    bare = json.dumps({"who": "42", "what": "article_view", "when": AT // 1000}).encode()
    broker.write(topic, [bare, bare])
    mapping = tmp_path / "theirs.toml"
    mapping.write_text('[columns]\nuser_id = "who"\nevent_type = "what"\ntimestamp = "when"\n')
    assert take(topic, mapping)["events_loaded"] == 2
    again = take(topic, mapping, kafka_group="another, which reads all of it again")
    assert (again["events_loaded"], again["events_duplicate"]) == (0, 2)
    late = "SELECT count() FROM events WHERE received_at > now() - 60 AND received_at <= now() + 1"
    assert warehouse.scalar(late) == 2  # they arrived when the topic had them


def test_avro_by_a_schema_registry(broker: Broker, warehouse: Warehouse, take: Take, registry: Registry) -> None:
    fastavro = pytest.importorskip("fastavro", reason="needs the extra `kafka`: pip install 'readership[kafka]'")
    fields = [
        {"name": "event_id", "type": "string"},
        {"name": "user_id", "type": "string"},
        {"name": "event_type", "type": "string"},
        {"name": "timestamp", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "price_eur", "type": {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2}},
    ]
    schema = {"type": "record", "name": "click", "fields": fields}
    registry.schemas[7] = json.dumps(schema)
    told = {"event_id": "a1", "user_id": "42", "event_type": "subscription_start", "price_eur": Decimal("9.90")}
    body = io.BytesIO()
    fastavro.schemaless_writer(
        body, fastavro.parse_schema(schema), {**told, "timestamp": datetime.fromtimestamp(AT / 1000, UTC)}
    )
    topic = broker.topic("avro")
    good = b"\x00" + (7).to_bytes(4) + body.getvalue()
    broker.write(topic, [good, b"\x00" + (8).to_bytes(4) + body.getvalue(), good[:9], event(1), good])
    done = take(topic, avro=True, schema_registry=SecretStr(registry.address))
    assert (done["events_loaded"], done["events_duplicate"], done["events_quarantined"]) == (1, 1, 3)
    assert warehouse.rows("SELECT toUnixTimestamp64Milli(timestamp), toFloat64(price_eur) FROM events") == [(AT, 9.9)]
    found = warehouse.rows("SELECT line, reason FROM quarantine ORDER BY line")
    assert [line for line, _ in found] == [1, 2, 3]
    assert found[0][1].startswith("schema 8 is not in the registry http://127.0.0.1:")
    assert found[1][1].startswith("does not fit schema 7: ")
    assert found[2][1] == "does not begin as Avro of a schema registry does"
    assert "secret" not in str(found)
    assert registry.asked == {"/schemas/ids/7": 1, "/schemas/ids/8": 1}
    assert [letter.headers["reason"] for letter in broker.written(f"{topic}.dead")] == [why for _, why in found]


def test_a_registry_that_is_away_is_no_reason_to_drop_a_message(broker: Broker, take: Take) -> None:
    topic = broker.topic("registry_away")
    broker.write(topic, [b"\x00\x00\x00\x00\x07x"])
    with pytest.raises(
        DeliveryError, match=r"the schema registry http://127.0.0.1:1 does not answer .*nothing was committed"
    ):
        take(topic, avro=True, schema_registry=SecretStr("http://me:secret@127.0.0.1:1"))


def test_what_cannot_be_read_is_named(broker: Broker, take: Take, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("readership.pipelines.kafka_subscription.BROKER_SECONDS", 1)
    with pytest.raises(DeliveryError, match=r"Kafka does not answer: .*READERSHIP_KAFKA_SERVERS .*; nothing was read"):
        take("nowhere", kafka_servers="127.0.0.1:1")
    with pytest.raises(SettingsError, match="READERSHIP_KAFKA_SERVERS is not set"):
        take("nowhere", kafka_servers=None)
    with pytest.raises(SettingsError, match=r"'sasl_ssl', which needs READERSHIP_KAFKA_SASL_USER and"):
        take("nowhere", kafka_security="sasl_ssl")
    with pytest.raises(InputError, match="mapping 'mind' is not one of events in JSON"):
        take("nowhere", "mind")
    with pytest.raises(SettingsError, match="READERSHIP_SCHEMA_REGISTRY is not set"):
        take("nowhere", avro=True)


def test_a_consumer_killed_at_any_moment_loses_nothing_and_stores_nothing_twice(broker: Broker, tmp_path: Path) -> None:
    topic, chance = broker.topic("killed", partitions=2), random.Random(8)
    command = [sys.executable, "-m", "readership.cli", "ingest", "--kafka", topic, "--json"]
    surroundings = os.environ | {"READERSHIP_HOME": str(tmp_path), "READERSHIP_KAFKA_SERVERS": broker.address}
    kills, killed = 3, 0
    for kill in range(kills):
        broker.write(topic, [event(n) for n in range(kill * 3000, (kill + 1) * 3000)])
        process = subprocess.Popen([*command, "--once"], env=surroundings, stdout=subprocess.DEVNULL)
        _wait_until_a_round_began(tmp_path, process)
        time.sleep(chance.uniform(0, 1.5))  # a round takes about a second
        process.kill()
        killed += process.wait() == -signal.SIGKILL
    assert killed > kills / 2  # the others had ended
    process = subprocess.Popen(command, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if ", 0 messages behind" in line:
            break
    process.terminate()  # it ends in order, and says what it did
    out, _ = process.communicate(timeout=60)
    told = json.loads(out)
    assert (process.returncode, told["lag"], told["rounds_uncommitted"]) == (0, 0, 0)
    count = "from readership.settings import Settings; from readership.warehouse import Warehouse\n"
    count += "with Warehouse.open(Settings()) as w: print(w.rows('SELECT count(), uniqExact(event_id) FROM events'))"
    found = subprocess.run([sys.executable, "-c", count], env=surroundings, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == f"[({kills * 3000}, {kills * 3000})]"


def _wait_until_a_round_began(root: Path, process: subprocess.Popen[bytes]) -> None:
    """Until the command opens the warehouse."""
    owner = root / "var" / "warehouse.owner.json"
    until = time.monotonic() + 60
    while not (owner.is_file() and owner.read_text().startswith(f'{{"pid": {process.pid},')):
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--kafka", "t", "--segments"], "--kafka names the topic; of the other ways in, none goes with it"),
        (["--kafka", "t", "--check"], "--kafka names the topic; of the other ways in, none goes with it"),
        (["--once"], "--once, --avro and --metrics need --kafka"),
    ],
)
def test_ways_in_do_not_mix(words: list[str], told: str) -> None:
    done = CliRunner().invoke(app, ["ingest", *words])
    assert done.exit_code == 2
    assert told in " ".join(done.stderr.replace("│", " ").split())


def test_told_to_stop_twice_it_does_not_wait() -> None:
    with told_to_stop() as stop:
        signal.raise_signal(signal.SIGTERM)
        assert stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
