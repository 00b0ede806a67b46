"""A real server for mails that leave: Postfix, in a folder and on a port of its own, handing on to Dovecot by LMTP.

It has to be started by root, as everywhere; it then works as its own user. Nothing of /etc/postfix is read but the
list of its files.
"""

import os
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from helpdesk.embedded.process import die_with_parent
from intake.tests.mail_server import MailServer, free_ports

_MASTER = Path("/usr/lib/postfix/sbin/master")
#: Whom it refuses while the sender is still there.
REFUSED = "refused@example.org"
_MAIN = """
compatibility_level = 3.6
config_directory = {folder}
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = mx.test
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_recipient_access inline:{{ {{ {refused} = 550 5.1.1 nobody of this name }} }}
default_transport = lmtp:inet:127.0.0.1:{lmtp}
maximal_queue_lifetime = 0
disable_dns_lookups = yes
"""
_SERVICES = """
127.0.0.1:{smtp} inet n - n - - smtpd
pickup   unix       n - n 60   1 pickup
cleanup  unix       n - n -    0 cleanup
qmgr     unix       n - n 300  1 qmgr
rewrite  unix       - - n -    - trivial-rewrite
bounce   unix       - - n -    0 bounce
defer    unix       - - n -    0 bounce
trace    unix       - - n -    0 bounce
flush    unix       n - n 1000 0 flush
proxymap unix       - - n -    - proxymap
error    unix       - - n -    - error
retry    unix       - - n -    - error
lmtp     unix       - - n -    - lmtp
anvil    unix       - - n -    1 anvil
postlog  unix-dgram n - n -    1 postlogd
"""


@dataclass(frozen=True)
class SmtpServer:
    """Where it answers."""

    folder: Path
    smtp: int

    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""


def is_installed() -> bool:
    return os.geteuid() == 0 and _postfix() is not None and _MASTER.exists()


def _postfix() -> str | None:
    return shutil.which("postfix", path=os.environ.get("PATH", "") + ":/usr/sbin")


@contextmanager
def smtp_server(behind: MailServer) -> Iterator[SmtpServer]:
    """A server that takes mail for everybody and hands it on to the one ``behind``; what that refuses comes back."""
    folder = Path(tempfile.mkdtemp(prefix="smtp-", dir="/tmp"))  # short: it holds sockets
    folder.chmod(0o755)  # its processes are no root
    (smtp,) = free_ports(1)
    for name in ("queue", "data"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    (folder / "main.cf").write_text(_MAIN.format(folder=folder, lmtp=behind.lmtp, refused=REFUSED))
    (folder / "master.cf").write_text(_SERVICES.format(smtp=smtp))
    # Makes what is missing in the folder of the queue.
    subprocess.run([_postfix() or "postfix", "-c", str(folder), "check"], check=True, capture_output=True)
    with (folder / "errors").open("wb") as errors:
        process = subprocess.Popen(
            [str(_MASTER), "-d", "-c", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            start_new_session=True,
            preexec_fn=lambda: die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - only one thread forks here
        )
    server = SmtpServer(folder, smtp)
    try:
        _wait_for(server, process)
        yield server
    finally:
        process.terminate()
        process.wait(20)
        _remove(folder)


def _wait_for(server: SmtpServer, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            with smtplib.SMTP("127.0.0.1", server.smtp, timeout=5):
                return
        except (OSError, smtplib.SMTPException, socket.gaierror):
            pass
        said = (server.folder / "errors").read_text() + server.log()
        assert process.poll() is None and time.monotonic() < deadline, f"Postfix did not start:\n{said}"
        time.sleep(0.05)


def _remove(folder: Path) -> None:
    """Its processes end a moment after their master, and may write once more."""
    deadline = time.monotonic() + 10
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=time.monotonic() < deadline)
