"""TLS with a certificate of one's own, and an HTTP proxy, in front of a server: by the options of an address."""

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest

from readership.errors import WarehouseUnreachable
from readership.settings import Settings
from readership.warehouse import Warehouse
from readership.warehouse.remote import open_source


class Front(BaseHTTPRequestHandler):
    """Hands each request on to the server behind, and notes how it was asked."""

    protocol_version = "HTTP/1.1"
    behind = ""
    asked: list[str]

    def do_POST(self) -> None:
        address = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.asked.append(address.scheme)
        server = HTTPConnection(self.behind)
        server.request(self.command, f"{address.path}?{address.query}", body, dict(self.headers.items()))
        answer = server.getresponse()
        content = answer.read()
        server.close()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("server", "date"):
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def front(dsn: str, context: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[str]]]:
    """A front before the server of `dsn`: its port, and how it was asked."""
    asked: list[str] = []
    handler = type("Here", (Front,), {"behind": dsn.rpartition("@")[2].split("/")[0], "asked": asked})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1], asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_proxy_named_in_the_address(server_root: Warehouse, server_dsn: str) -> None:
    with server_root.scratch() as scratch, front(server_dsn) as (port, asked):
        through = f"{server_dsn}?http_proxy=http://127.0.0.1:{port}"
        with open_source(through, Settings()) as source:
            assert source.table(f"{scratch.database}.events").count() == 0
    assert asked
    assert set(asked) == {"http"}, "a proxy is asked by whole addresses"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs `openssl` to make a certificate")
def test_a_certificate_of_ones_own(server_root: Warehouse, server_dsn: str, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "ca.pem"
    command = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=here -keyout {key} -out {certificate}"
    subprocess.run([*command.split(), "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with server_root.scratch() as scratch, front(server_dsn, context) as (port, asked):
        name = f"{scratch.database}.events"
        address = f"clickhouse://reader:secret@127.0.0.1:{port}/?secure=true"
        with open_source(f"{address}&ca_cert={certificate}", Settings()) as source:
            assert source.table(name).count() == 0
        assert asked
        with pytest.raises(WarehouseUnreachable, match="check address, TLS options") as caught:
            open_source(address, Settings()).__enter__()
        assert "secret" not in str(caught.value)
        trusting = Settings(warehouse=f"{address.replace('reader', 'default')}&ca_cert={certificate}")
        with Warehouse.open(trusting) as warehouse:
            assert warehouse.scalar("SELECT 1") == 1
