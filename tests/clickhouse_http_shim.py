"""ClickHouse's HTTP interface over chDB, as much of it as clickhouse-connect uses: a server for tests.

Run as `python clickhouse_http_shim.py FOLDER`; prints the port of the loopback interface it listens on.
One handle of the engine a request, so that a request's database and settings are its own. There are the users
`default`, `reader`, who may only read and set nothing, and `stranger`, who may read no table; the password is "secret".
"""

import base64
import gzip
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from urllib.parse import parse_qsl, urlsplit

import chdb
from clickhouse_connect.driver import compression

TRANSPORT = {"query", "database", "compress", "decompress", "session_id", "query_id", "wait_end_of_query"}
TRANSPORT |= {"client_protocol_version", "buffer_size", "http_headers_progress_interval_ms", "enable_http_compression"}
INSERT = re.compile(rb"\s*INSERT\s+INTO\s.*?\bFORMAT\s+(\w+)[ \t]*\n?", re.IGNORECASE | re.DOTALL)
WRONG = "There is no such user or the password is wrong. (AUTHENTICATION_FAILED)"
UNPACK = {
    "gzip": gzip.decompress,
    "lz4": lambda data: compression._lz4_decompressor().decompress(data),
    "zstd": lambda data: compression._zstd_decompressor().decompress(data),
}


class Handler(BaseHTTPRequestHandler):
    """One request: settings and parameters in the address, the statement there or in the body."""

    protocol_version = "HTTP/1.1"
    folder = ""
    lock = Lock()

    def do_GET(self) -> None:
        """`/ping`, or a statement in the address."""
        self.do_POST()

    def do_POST(self) -> None:
        """Run one statement and answer with its rows."""
        address = urlsplit(self.path)
        body = self._body()
        unpack = UNPACK.get(self.headers.get("Content-Encoding", ""))
        body = unpack(body) if unpack and body else body
        if address.path == "/ping":
            return self._answer(200, b"Ok.\n")
        values = dict(parse_qsl(address.query, keep_blank_values=True))
        user, _, password = (
            base64.b64decode(self.headers.get("Authorization", "Basic Og==")[6:]).decode().partition(":")
        )
        if password != "secret" or user not in ("default", "reader", "stranger"):
            return self._answer(
                403, f"Code: 516. DB::Exception: {user}: Authentication failed. {WRONG}".encode(), "516"
            )
        try:
            with self.lock:
                self._answer(200, self._run(values, body, user))
        except Exception as error:
            message = str(error)
            message = message[message.find("Code: ") :] if "Code: " in message else message
            code = re.match(r"Code: (\d+)", message)
            self._answer(500, message.encode(), code[1] if code else "1000")

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _run(self, values: dict[str, str], body: bytes, user: str) -> bytes:
        statement = values["query"].encode() + b"\n" + body if "query" in values else body
        if user == "stranger" and re.search(rb"FROM (?!system)", statement):
            raise PermissionError("Code: 497. DB::Exception: stranger: Not enough privileges. (ACCESS_DENIED)")
        settings = {name: value for name, value in values.items() if name not in TRANSPORT and name[:6] != "param_"}
        parameters = {name[6:]: value for name, value in values.items() if name.startswith("param_")}
        connection = chdb.connect(self.folder)
        try:
            if values.get("database"):
                connection.query(f"USE `{values['database']}`")
            if user == "reader":
                connection.query("SET readonly = 1")
            for name, value in settings.items():
                connection.query(f"SET {name} = '{value}'")
            insert = INSERT.match(statement)
            if insert and b"SELECT" not in insert[0].upper():
                return self._insert(connection, insert, statement)
            text = statement.decode()
            return connection.query(text, "TabSeparated", params=parameters).bytes() or b""
        finally:
            connection.close()

    def _insert(self, connection: "chdb.Connection", insert: re.Match[bytes], statement: bytes) -> bytes:
        head = re.sub(rb"\bFORMAT\s+\w+\s*$", b"", insert[0].strip(), flags=re.IGNORECASE).decode()
        with tempfile.NamedTemporaryFile() as file:
            file.write(statement[insert.end() :])
            file.flush()
            connection.query(f"{head} FROM INFILE '{file.name}' FORMAT {insert[1].decode()}")
        return b""

    def _answer(self, status: int, body: bytes, code: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-ClickHouse-Summary", "{}")
        self.send_header("X-ClickHouse-Format", "TabSeparated")
        if code:
            self.send_header("X-ClickHouse-Exception-Code", code)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The DSN of a server over the store in `folder`, in a process of its own."""
    with subprocess.Popen([sys.executable, __file__, str(folder)], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            yield f"clickhouse://default:secret@127.0.0.1:{server.stdout.readline().strip()}/analytics"
        finally:
            server.terminate()


def main() -> None:
    """Serve until stopped."""
    Handler.folder = str(Path(sys.argv[1]))
    keep = chdb.connect(Handler.folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    try:
        server.serve_forever()
    finally:
        keep.close()


if __name__ == "__main__":
    main()
