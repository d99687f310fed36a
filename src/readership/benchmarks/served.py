"""A server in processes of its own, and what it takes of the machine: started, waited for, stopped by its id."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import mean

from readership.errors import ReadershipError

PATIENCE_SECONDS = 120.0


class Served:
    """A server that answers on `port` of loopback; its workers are the youngest below `process`, or itself."""

    def __init__(self, port: int, process: "subprocess.Popen[bytes]") -> None:
        self.port, self._process = port, process

    def workers(self) -> list[int]:
        """Process ids; Linux alone tells of children, elsewhere the server itself stands for them."""
        found = [pid for pid in _youngest(self._process.pid) if b"resource_tracker" not in _command(pid)]
        return found or [self._process.pid]

    def restart(self) -> None:
        """Have workers replaced one by one, each once its successor can answer."""
        self._process.send_signal(signal.SIGHUP)

    def memory_mib(self) -> dict[str, float]:
        """Resident memory of a worker, mean of all, and its private part where the system tells."""
        each = [*self.memory_by_worker().values()]
        return {name: mean(memory[name] for memory in each) for name in each[0]}

    def memory_by_worker(self) -> dict[int, dict[str, float]]:
        """The same of each, by its process id."""
        return {pid: _memory_mib(pid) for pid in self.workers()}

    def processor_seconds(self) -> float:
        """Processor time of all workers so far; 0 where the system does not tell."""
        return sum(_processor_seconds(pid) for pid in self.workers())


@contextmanager
def served(command: Sequence[str], port: int, ready: str, home: Path, settings: Mapping[str, str]) -> Iterator[Served]:
    """Run `command` in `home` until the block ends. `ready` is the path that answers 200 once it can be asked."""
    log = home / f"serve-{port}.log"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("READERSHIP_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=home, env={**kept, **settings}, stdout=output, stderr=output
        )
        try:
            _wait_until_ready(f"http://127.0.0.1:{port}{ready}", process, log)
            yield Served(port, process)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    tail = log.read_text(encoding="utf-8", errors="replace")[-800:]
    raise ReadershipError(f"the server was not ready in {PATIENCE_SECONDS:.0f} s; it said: {tail}")


def _youngest(pid: int) -> list[int]:
    """Processes below this one that have none below them; itself where it has none."""
    told = Path(f"/proc/{pid}/task/{pid}/children")
    children = told.read_text().split() if told.is_file() else []
    return [one for child in children for one in _youngest(int(child))] or [pid]


def _command(pid: int) -> bytes:
    told = Path(f"/proc/{pid}/cmdline")
    return told.read_bytes() if told.is_file() else b""


def _memory_mib(pid: int) -> dict[str, float]:
    """Resident memory of a process, and its private part where the system tells."""
    status = Path(f"/proc/{pid}/status")
    if not status.is_file():
        said = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, check=True)
        return {"rss_mib_per_worker": int(said.stdout) / 1024}
    kib = {
        name: value.split()[0] for name, _, value in (line.partition(":") for line in status.open()) if value.strip()
    }
    return {"rss_mib_per_worker": int(kib["VmRSS"]) / 1024, "private_mib_per_worker": int(kib["RssAnon"]) / 1024}


def _processor_seconds(pid: int) -> float:
    """Processor time a process has taken so far; 0 where the system does not tell."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.is_file():
        return 0.0
    after_name = stat.read_text().rpartition(")")[2].split()
    ticks: int = os.sysconf("SC_CLK_TCK")
    return (int(after_name[11]) + int(after_name[12])) / ticks
