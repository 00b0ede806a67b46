"""Where the embedded servers and the launcher keep their things."""

import fcntl
import hashlib
import os
import stat
from pathlib import Path

from helpdesk.embedded.trouble import Trouble, from_os_error

PROJECT = Path(__file__).resolve().parent.parent.parent
# A socket's path must fit into sockaddr_un (108 bytes with its closing zero); the longest name in ours is PostgreSQL's.
_LONGEST_SOCKET = len("/.s.PGSQL.5432.lock")
_SOCKET_LIMIT = 107


class Home:
    """A folder for data, logs and pids (HELPDESK_HOME, else `var/`), and a short one for sockets."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.logs = self.root / "logs"
        self.run = self.root / "run"
        self._lock: int | None = None

    @classmethod
    def from_environment(cls) -> "Home":
        """The home that HELPDESK_HOME names, else `var/` in the project."""
        return cls(Path(os.environ.get("HELPDESK_HOME") or PROJECT / "var"))

    def make(self) -> None:
        """Create the folders."""
        for folder in (self.root, self.logs, self.run):
            try:
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            except OSError as error:
                raise from_os_error(error, folder) from error

    @property
    def sockets(self) -> Path:
        """A private folder with a path short enough for sockets, the same for the same home."""
        name = f"helpdesk-{os.geteuid()}-{hashlib.sha256(str(self.root).encode()).hexdigest()[:10]}"
        for base in (os.environ.get("XDG_RUNTIME_DIR", ""), "/tmp"):  # nosec B108 - 0700 and ownership are checked
            folder = Path(base) / name
            if base and os.access(base, os.W_OK) and len(os.fsencode(folder)) + _LONGEST_SOCKET <= _SOCKET_LIMIT:
                return folder
        raise Trouble("No folder for sockets can be written: neither XDG_RUNTIME_DIR nor /tmp; make /tmp writable.")

    def make_sockets(self) -> Path:
        """Create the folder for sockets; refuse one that somebody else has put there."""
        folder = self.sockets
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise Trouble(f"{folder} belongs to somebody else; remove it, or set XDG_RUNTIME_DIR to a folder of yours.")
        folder.chmod(0o700)
        return folder

    def drop_sockets(self) -> None:
        """Remove the folder for sockets if nobody uses it any more."""
        try:
            self.sockets.rmdir()
        except OSError:
            pass  # never made, or a server that we did not start still answers there

    def lock(self) -> bool:
        """Take this home for this process; False if another living process holds it.

        The kernel drops the lock with its holder, so that nothing stale can remain.
        """
        handle = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
        self._lock = handle
        return True

    def holder(self) -> str:
        """The pid of the process that holds the lock, as it wrote it."""
        try:
            return (self.root / "lock").read_text().strip() or "unknown"
        except OSError:
            return "unknown"

    def unlock(self) -> None:
        """Give the home back."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
