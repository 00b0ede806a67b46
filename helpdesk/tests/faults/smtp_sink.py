"""A mail server that keeps what it said 250 to: the other side of the ledger."""

import email
import socketserver
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from email.policy import default as default_policy


@dataclass
class SmtpSink:
    """The accepted mails, in the order of their 250. Each is noted before it is said, as a careful server does."""

    port: int = 0
    mails: list[Message] = field(default_factory=list)

    @property
    def url(self) -> str:
        """EMAIL_URL of this server."""
        return f"smtp://127.0.0.1:{self.port}"

    def message_ids(self) -> Counter[str]:
        """How often each Message-ID was accepted."""
        return Counter(str(mail["Message-ID"]) for mail in self.mails)

    def to(self, address: str) -> int:
        """How many mails were accepted for ``address``."""
        return sum(address in str(mail["To"]) for mail in self.mails)


class _Conversation(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as smtplib asks for."""

    server: "_Server"

    def handle(self) -> None:
        self._say("220 sink")
        while line := self.rfile.readline():
            verb = line.split(maxsplit=1)[0].upper() if line.strip() else b""
            if verb == b"DATA":
                self._take()
            elif verb == b"QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 sink" if verb in {b"EHLO", b"HELO", b"MAIL", b"RCPT", b"RSET", b"NOOP"} else "502 no")

    def _take(self) -> None:
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:  # the client died in the middle: nothing was accepted
                return
            lines.append(line[1:] if line.startswith(b".") else line)
        mail = email.message_from_bytes(b"".join(lines), policy=default_policy)
        with self.server.lock:
            self.server.sink.mails.append(mail)
        self._say("250 accepted")

    def _say(self, words: str) -> None:
        try:
            self.wfile.write(f"{words}\r\n".encode())
        except OSError:  # the client died; what was accepted stays accepted
            pass


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, sink: SmtpSink) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.sink = sink
        self.lock = threading.Lock()
        sink.port = self.server_address[1]

    def handle_error(self, request: object, client_address: object) -> None:
        """A killed client resets its connection; that is what these tests are about."""


@contextmanager
def smtp_sink() -> Iterator[SmtpSink]:
    """A running `SmtpSink` on a port of its own."""
    sink = SmtpSink()
    with _Server(sink) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield sink
        finally:
            server.shutdown()
            thread.join()
