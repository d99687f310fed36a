"""A local mail server that takes what it is sent, or refuses it."""

import socketserver
import threading


class Mailbox:
    """Messages as they were sent, headers and all, and whom each was for."""

    def __init__(self, refuse: bool = False) -> None:
        self.messages: list[str] = []
        self.to: list[str] = []
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.say("220 here")
                while line := self.rfile.readline().decode().strip():
                    word = line.split(maxsplit=1)[0].upper()
                    if word == "RCPT":
                        outer.to.append(line.split("<")[1].rstrip(">"))
                    if word == "QUIT":
                        return self.say("221 bye")
                    if word == "DATA" and not refuse:
                        self.say("354 go on")
                        outer.messages.append("".join(iter(self.row, ".\n")))
                    self.say("554 no" if word == "DATA" and refuse else "250 taken")

            def row(self) -> str:
                return self.rfile.readline().decode().replace("\r\n", "\n")

            def say(self, text: str) -> None:
                self.wfile.write(f"{text}\r\n".encode())

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"smtp://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "Mailbox":
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
