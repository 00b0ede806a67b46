"""A server that stands for WeCom: gettoken and message/send, answered in the words of the documentation."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

_WORDS = {
    40001: "invalid credential",
    40014: "invalid access_token",
    42001: "access_token expired",
    45009: "api freq out of limit",
    81013: "user & party & tag all invalid",
}


class Wecom:
    """``sent`` holds what arrived, as (touser, text); ``says`` are codes for the next messages, 0 takes one."""

    def __init__(self) -> None:
        self.corp, self.secret, self.agent = "wx5823bf96d3bd56c7", "s3cret-of-the-app", 1000002
        self.people = {"LinXia"}
        self.sent: list[tuple[str, str]] = []
        self.tokens: list[str] = []
        self.expired: set[str] = set()
        self.says: list[int] = []
        self.lasts = 7200
        self.calls: list[str] = []
        self.url = ""

    def gettoken(self, asked: dict[str, str]) -> dict:
        if (asked.get("corpid"), asked.get("corpsecret")) != (self.corp, self.secret):
            return _error(40001)
        self.tokens.append(f"token-{len(self.tokens) + 1}")
        return {"errcode": 0, "errmsg": "ok", "access_token": self.tokens[-1], "expires_in": self.lasts}

    def send(self, asked: dict[str, str], body: dict) -> dict:
        token = asked.get("access_token")
        if token not in self.tokens:
            return _error(40014)
        if token in self.expired:
            return _error(42001)
        if self.says and (code := self.says.pop(0)):
            return _error(code)
        if body["agentid"] != self.agent or body["msgtype"] != "text":
            return _error(40056)
        if body["touser"] not in self.people:
            return _error(81013)
        content = body["text"]["content"].encode()[:2048].decode(errors="replace")  # WeCom cuts, and does not say so
        self.sent.append((body["touser"], content))
        return {"errcode": 0, "errmsg": "ok", "invaliduser": "", "invalidparty": "", "msgid": f"m-{len(self.sent)}"}


def _error(code: int) -> dict:
    return {"errcode": code, "errmsg": f"{_WORDS.get(code, 'error')}, hint: [1700000000_1_abc]"}


@contextmanager
def wecom_service() -> Iterator[Wecom]:
    """The server, on a free port of this machine."""
    wecom = Wecom()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self._answer(lambda asked: wecom.gettoken(asked), "/cgi-bin/gettoken")

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer(lambda asked: wecom.send(asked, body), "/cgi-bin/message/send")

        def _answer(self, make, path):
            parts = urlsplit(self.path)
            wecom.calls.append(parts.path.rpartition("/")[2])
            known = parts.path == path
            answer = json.dumps(make(dict(parse_qsl(parts.query))) if known else {}).encode()
            self.send_response(200 if known else 404)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    wecom.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield wecom
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
