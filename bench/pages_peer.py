"""The peer's part of `pages.py`: django-helpdesk from PyPI with as many rows, in the same run, on the same PostgreSQL.

It is installed into an environment of its own below the temporary folder, with a small project around it, two gunicorn
workers as ours, signed-in agents and no debug mode. Its list is a page whose rows come by a second request; both are
one unit here. Rows are written set-based: 20 queues, 50 agents, 20 % open, three follow-ups a ticket.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from bench.cluster import Cluster
from bench.pages_load import Patient, Site, measure

PACKAGE = "django-helpdesk==2.6.1"
WITH = ("gunicorn", "psycopg2-binary", "setuptools")
PROJECT = Path(__file__).with_name("peer")


def run(cluster: Cluster, *, tickets: int, seconds: float, rounds: int) -> None:
    """Install, fill, measure and print; says so and leaves when the package cannot be had."""
    folder = cluster.home.root / "peer"
    python = folder / "bin" / "python"
    print(f"\n{PACKAGE}, {tickets:,} tickets", flush=True)
    try:
        _do(sys.executable, "-m", "venv", str(folder))
        _do(str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", PACKAGE, *WITH)
    except subprocess.CalledProcessError as error:
        print(f"  left out, because it could not be installed from PyPI: {error.stderr.strip().splitlines()[-1:]}")
        return
    cluster.do("CREATE DATABASE peer")
    environment = {**os.environ, "DATABASE_URL": cluster.url("peer"), "DJANGO_SETTINGS_MODULE": "peer_settings"}
    _do(str(python), "-m", "django", "migrate", "-v0", environment=environment)
    scene = json.loads(_do(str(python), "peer_scene.py", str(tickets), environment=environment))
    cluster.do("VACUUM ANALYZE", database="peer")
    argv = [str(python), "-m", "gunicorn", "peer_wsgi:application", "--workers", "2", "--threads", "8", "--preload"]
    with Site(cluster, "peer", scene, patient=Patient(argv, environment, PROJECT, "/login/")) as site:
        print(f"  {'':<24}queries    req/s   ms p50   CPU ms")
        for page in site.visits:
            of = max((measure(site, page, seconds=seconds) for _ in range(rounds)), key=lambda one: one.rate)
            print(f"  {page:<24}{site.queries[page]:>7}{of.rate:>9.1f}{of.p50_ms:>9.1f}{of.cpu_ms:>9.2f}", flush=True)


def _do(*argv: str, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(argv, cwd=PROJECT, env=environment, capture_output=True, text=True, check=True, timeout=1800)
    return done.stdout
