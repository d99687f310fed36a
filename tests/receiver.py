"""A local server that answers as told, and keeps what it was sent."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HANG, DROP = -1, -2
"""Instead of a status: never answer; close the line once the body was read."""


class Receiver:
    """What it was sent: every call's body and headers, and the bodies that it took."""

    def __init__(self, path: str = "/v1/events") -> None:
        self.answers: list[tuple[int, dict[str, str], str]] = []
        self.called: list[Any] = []
        self.taken: list[Any] = []
        self.headers: list[dict[str, str]] = []
        self.let_go = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.called.append(body)
                outer.headers.append(dict(self.headers.items()))
                status, headers, text = outer.answers.pop(0) if outer.answers else (202, {}, "{}")
                if status < 0:
                    if status == HANG:
                        outer.let_go.wait(10)
                    self.close_connection = True
                    return
                if status < 300:
                    outer.taken.append(body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}{path}"

    @property
    def calls(self) -> int:
        """How often it was called."""
        return len(self.called)

    @property
    def keys(self) -> list[str | None]:
        """What each call said of who is calling."""
        return [found.get("Authorization") for found in self.headers]

    def __enter__(self) -> "Receiver":
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go.set()
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()
