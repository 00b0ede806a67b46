"""A real mail server for the proof: Dovecot with IMAP and LMTP, unprivileged, on ports and in a folder of its own."""

import os
import pwd
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from helpdesk.embedded.process import die_with_parent

PASSWORD = "mail-test-password"
_CONFIG = """
protocols = imap lmtp
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
auth_mechanisms = {mechanisms}
recipient_delimiter = +
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 1
passdb {{
  driver = passwd-file
  mechanisms = plain none
  args = scheme=PLAIN username_format=%u {folder}/users
}}
{oauth}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
protocol lmtp {{
  lmtp_save_to_detail_mailbox = no
}}
"""


_OAUTH = """
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
"""
#: Dovecot asks the service by which tokens were given whose a token is (RFC 7662).
_INTROSPECTION = """
introspection_mode = post
introspection_url = {url}
username_attribute = username
active_attribute = active
active_value = true
"""


@dataclass(frozen=True)
class MailServer:
    """Where it answers, and what it trusts."""

    folder: Path
    imap: int
    imaps: int
    lmtp: int

    @property
    def certificate(self) -> Path:
        return self.folder / "cert.pem"

    def deliver(self, raw: bytes, to: str, sender: str = "somebody@example.org") -> None:
        """Hand over a mail as a mail exchanger does."""
        with smtplib.LMTP("127.0.0.1", self.lmtp, timeout=20) as lmtp:
            lmtp.sendmail(sender, [to], raw)

    def mails_of(self, user: str) -> list[bytes]:
        """What lies in somebody's mailbox, in the order of arrival."""
        found = [path for place in ("new", "cur") for path in (self.folder / "mail" / user).glob(f"{place}/*")]
        return [path.read_bytes() for path in sorted(found, key=lambda path: path.stat().st_mtime_ns)]

    def await_mails(self, user: str, count: int) -> list[bytes]:
        """The same, once there are ``count``: what came by a mail exchanger arrives when that has handed it on."""
        deadline = time.monotonic() + 20
        while len(found := self.mails_of(user)) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} mails for {user}\n{_log(self)}"
            time.sleep(0.02)
        return found


def is_installed() -> bool:
    return _dovecot() is not None and Path("/usr/lib/dovecot/lmtp").exists()


def _dovecot() -> str | None:
    return shutil.which("dovecot", path=os.environ.get("PATH", "") + ":/usr/sbin")


@contextmanager
def mail_server(*users: str, introspection: str = "", bearer: str = "xoauth2 oauthbearer") -> Iterator[MailServer]:
    """A server on which ``users`` have mailboxes; gone with all it held afterwards.

    With the URL of an ``introspection`` they sign in by tokens too, by the mechanisms of ``bearer``.
    """
    folder = Path(tempfile.mkdtemp(prefix="mail-", dir="/tmp"))  # short: it holds sockets
    person = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    imap, imaps, lmtp = free_ports(3)
    import grp

    (folder / "dovecot.conf").write_text(
        _CONFIG.format(
            folder=folder, user=person.pw_name, group=grp.getgrgid(person.pw_gid).gr_name, uid=person.pw_uid,
            gid=person.pw_gid, imap=imap, imaps=imaps, lmtp=lmtp,
            oauth=_OAUTH.format(folder=folder) if introspection else "",
            mechanisms=f"plain {bearer}" if introspection else "plain",
        )
    )  # fmt: skip
    (folder / "oauth2.conf").write_text(_INTROSPECTION.format(url=introspection))
    (folder / "users").write_text("".join(f"{user}:{{PLAIN}}{PASSWORD}\n" for user in users))
    for name in ("run", "state", "mail"):
        (folder / name).mkdir()
    make_certificate(folder)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, person.pw_uid, person.pw_gid)
    with (folder / "errors").open("wb") as errors:
        process = subprocess.Popen(
            [_dovecot() or "dovecot", "-F", "-c", str(folder / "dovecot.conf")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
            preexec_fn=lambda: _become(person),  # noqa: PLW1509 - only one thread forks here
        )
    server = MailServer(folder, imap, imaps, lmtp)
    try:
        _wait_for(server, process)
        yield server
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(folder)


def _become(person: pwd.struct_passwd) -> None:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(person.pw_gid)
        os.setuid(person.pw_uid)
    die_with_parent(signal.SIGTERM)


def make_certificate(folder: Path) -> None:
    """Key and certificate of localhost, signed by nobody but itself."""
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(command, check=True, capture_output=True)


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody uses just now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _wait_for(server: MailServer, process: subprocess.Popen) -> None:
    trusted = ssl.create_default_context(cafile=str(server.certificate))
    deadline = time.monotonic() + 20
    while True:
        try:
            plain = socket.create_connection(("127.0.0.1", server.imaps), timeout=5)
            with plain, trusted.wrap_socket(plain, server_hostname="localhost") as secure:
                if secure.recv(100):
                    break
        except OSError:
            pass
        said = (server.folder / "errors").read_text() + _log(server)
        assert process.poll() is None and time.monotonic() < deadline, f"the mail server did not start:\n{said}"
        time.sleep(0.05)


def _log(server: MailServer) -> str:
    path = server.folder / "log"
    return path.read_text() if path.exists() else ""
