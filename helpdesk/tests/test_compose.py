"""compose.yaml and the Dockerfile, read as files (no engine is needed), and the commands that they run, for real."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from helpdesk.embedded.home import PROJECT, Home
from helpdesk.embedded.trouble import Trouble
from helpdesk.launcher import services
from helpdesk.launcher.commands import PROCESSES, command
from helpdesk.tests.real import free_port

COMPOSE = (PROJECT / "compose.yaml").read_text()
DOCKERFILE = (PROJECT / "Dockerfile").read_text()
FILE = yaml.safe_load(COMPOSE)
SERVICES = FILE["services"]
SERVERS = {"proxy", "db", "valkey"}


def names_in(text: str) -> set[str]:
    """Variables that a file takes from the environment."""
    return set(re.findall(r"\$\{(\w+)", text))


def test_every_process_is_a_service() -> None:
    assert set(SERVICES) == {*PROCESSES, *SERVERS, "migrate"}


def test_every_service_is_in_the_manual() -> None:
    manual = (PROJECT / "docs" / "operations.md").read_text()
    section = manual.split("## Containers\n")[1].split("\n## ")[0]
    told = set(re.findall(r"`([a-z-]+)`", section))
    assert set(SERVICES) <= told
    for readme in ("README.md", "README.zh-CN.md"):
        assert "docker compose up -d --build" in (PROJECT / readme).read_text()


@pytest.mark.parametrize("process", PROCESSES)
def test_processes_run_and_are_asked_as_the_launcher_does(process: str) -> None:
    service = SERVICES[process]
    assert service["command"] == ["python", "-m", "helpdesk.launcher", "run", process]
    assert service["healthcheck"]["test"] == ["CMD", "python", "-m", "helpdesk.launcher", "healthy", process]
    assert service["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_the_launcher_has_no_commands_of_its_own(monkeypatch, tmp_path: Path) -> None:
    for name, value in {"HOST": "127.0.0.1", "PORT": "8000", "PUSH_PORT": "8001"}.items():
        monkeypatch.setenv(name, value)
    home = Home(tmp_path)
    started = {service.name: service.argv for service in services.services(home)}
    assert started == {process: command(process, folder=home.run) for process in PROCESSES}
    with pytest.raises(Trouble, match="there are: web, push, worker-ticks"):
        command("ticks")


def test_the_manual_says_the_same_commands() -> None:
    manual = (PROJECT / "docs" / "operations.md").read_text()
    for process in PROCESSES:
        assert f"`python -m helpdesk.launcher run {process}`" in manual


def test_every_variable_is_documented() -> None:
    known = set(re.findall(r"^#?([A-Z_]+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE))
    used = names_in(COMPOSE) | set(FILE["x-app"]["environment"])
    used |= set(re.findall(r"^(?:ENV|   ) ([A-Z_]+)=", DOCKERFILE, re.MULTILINE))
    used |= set(re.findall(r"\{\$(\w+)\}", (PROJECT / "deploy" / "Caddyfile").read_text()))
    assert {name for name in used if not name.startswith(("PYTHON", "PIP_"))} - known == set()


def test_only_the_proxy_is_reached_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    subnet = FILE["networks"]["default"]["ipam"]["config"][0]["subnet"]
    assert FILE["x-app"]["environment"]["TRUSTED_PROXIES"] == subnet


def test_nothing_secret_is_written_down_or_built_in() -> None:
    for name in ("SECRET_KEY", "POSTGRES_PASSWORD"):
        assert re.findall(rf"{name}: (?!\$\{{)", COMPOSE) == []
        assert name not in DOCKERFILE
    assert {".env", ".git", "var"} <= set((PROJECT / ".dockerignore").read_text().split())


def test_the_image_is_built_from_the_lock_by_nobody_special() -> None:
    lines = DOCKERFILE.splitlines()
    assert "FROM python:3.11-slim" in lines
    assert "--require-hashes" in DOCKERFILE
    assert lines.index("USER helpdesk") > lines.index("COPY . .")
    assert "collectstatic --noinput" in DOCKERFILE
    assert "helpdesk.launcher.catalogues" in DOCKERFILE


@pytest.fixture
def web(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A web process as in its container; the environment to ask it with."""
    number = free_port()
    environment = os.environ | {
        "HOST": "127.0.0.1",
        "PORT": str(number),
        "SITE_URL": "https://helpdesk.example.com",  # as behind a proxy: health must answer without TLS and by number
        "STATIC_ROOT": str(tmp_path),
        "WEB_WORKERS": "1",
    }
    launched = [sys.executable, "-m", "helpdesk.launcher", "run", "web"]
    with subprocess.Popen(launched, cwd=PROJECT, env=environment, stderr=subprocess.DEVNULL) as process:
        yield environment
        process.terminate()


@pytest.mark.proof
def test_a_process_runs_and_is_found_well(web: dict[str, str]) -> None:
    asked = [sys.executable, "-m", "helpdesk.launcher", "healthy"]
    until = time.monotonic() + 60
    while subprocess.run([*asked, "web"], cwd=PROJECT, env=web, check=False).returncode:
        assert time.monotonic() < until, "it did not come up"
    # No worker of ours runs, so these say no; and an unknown one is no process at all.
    assert subprocess.run([*asked, "worker-heavy"], cwd=PROJECT, env=web, check=False).returncode == 1
    assert subprocess.run([*asked, "beat"], cwd=PROJECT, env=web, check=False).returncode == 1
