"""A small server that stands for a chat service: it keeps what it is sent and answers as told."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Listener:
    """``answers`` are used one after the other, the last one again and again: (status, headers, body)."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: list[tuple[int, dict[str, str], bytes]] = [(200, {}, b'{"errcode":0,"errmsg":"ok"}')]
        self.connections = 0
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?key=s3cret"

    def says(self, *answers) -> None:
        self.answers = [(answer if isinstance(answer, tuple) else (200, {}, answer)) for answer in answers]


@contextmanager
def listening() -> Iterator[Listener]:
    """The server, on a free port of this machine."""
    listener = Listener()

    class Handler(BaseHTTPRequestHandler):
        def setup(self):
            listener.connections += 1
            super().setup()

        def do_GET(self):
            self.do_POST()

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            listener.heard.append((self.path, dict(self.headers), body))
            status, headers, answer = listener.answers[0]
            if len(listener.answers) > 1:
                listener.answers.pop(0)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
