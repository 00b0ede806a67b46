"""A token endpoint as RFC 6749 and RFC 7662 describe it: refresh tokens become access tokens, a mail server asks whose.

The mailbox asks it by HTTPS for a token; Dovecot asks it by HTTP whether a token that somebody signs in with is good.
"""

import base64
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl

Answer = tuple[int, dict]


@dataclass
class OAuth:
    """Who may have tokens, and those that were given. Times are those of the machine, as for any other server."""

    client: tuple[str, str] = ("helpdesk", "client-s3cret")
    refresh: dict[str, str] = field(default_factory=dict)  # refresh token → user
    access: dict[str, tuple[str, float]] = field(default_factory=dict)  # access token → user, good until
    lasts: int = 3600
    rotates: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)
    introspected: list[str] = field(default_factory=list)
    ports: dict[str, int] = field(default_factory=dict)

    @property
    def token_url(self) -> str:
        return f"https://localhost:{self.ports['token']}/oauth2/v2.0/token"

    @property
    def introspection_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['introspect']}/introspect"

    def token(self, form: dict[str, str]) -> Answer:
        """RFC 6749, 5 and 6."""
        self.asked.append(form)
        if form.get("grant_type") != "refresh_token":
            return 400, {"error": "unsupported_grant_type"}
        if (form.get("client_id"), form.get("client_secret")) != self.client:
            return 401, {"error": "invalid_client", "error_description": "the client is not known"}
        user = self.refresh.get(form.get("refresh_token", ""))
        if user is None:
            return 400, {"error": "invalid_grant", "error_description": "the refresh token expired or was revoked"}
        given = f"access-{len(self.access) + 1}"
        self.access[given] = (user, time.time() + self.lasts)
        answer = {"access_token": given, "token_type": "Bearer", "expires_in": self.lasts}
        if self.rotates:
            del self.refresh[form["refresh_token"]]
            answer["refresh_token"] = f"refresh-{len(self.access) + 1}"
            self.refresh[answer["refresh_token"]] = user
        return 200, answer

    def introspect(self, form: dict[str, str]) -> Answer:
        """RFC 7662, 2.2: what is not good any more is «not active», and no more is said of it."""
        self.introspected.append(form.get("token", ""))
        user, until = self.access.get(form.get("token", ""), ("", 0.0))
        if until <= time.time():
            return 200, {"active": False}
        return 200, {"active": True, "username": user, "email": user, "exp": int(until)}


@contextmanager
def oauth_service(folder: Path) -> Iterator[OAuth]:
    """Both doors, on free ports; ``folder`` holds ``cert.pem`` and ``key.pem`` of localhost."""
    oauth = OAuth()
    trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trusted.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    servers = [_server(oauth.token), _server(oauth.introspect)]
    servers[0].socket = trusted.wrap_socket(servers[0].socket, server_side=True)
    for name, server in zip(("token", "introspect"), servers, strict=True):
        oauth.ports[name] = server.server_address[1]
    threads = [threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield oauth
    finally:
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            server.server_close()
            thread.join()


def _server(answer: Callable[[dict[str, str]], Answer]) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            form = dict(parse_qsl(body, strict_parsing=True))  # form-encoded, or nothing
            if self.headers.get("Authorization", "").startswith("Basic "):
                form["basic"] = base64.b64decode(self.headers["Authorization"][6:]).decode()
            status, said = answer(form)
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Cache-Control", "no-store")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_words):
            pass

    return ThreadingHTTPServer(("127.0.0.1", 0), Handler)
