"""What every fault test starts from."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from accounts.models import Team
from helpdesk.tests.faults.own_servers import OwnCluster, OwnValkey, own_cluster, own_valkey
from helpdesk.tests.faults.scene import make_team
from helpdesk.tests.faults.smtp_sink import SmtpSink, smtp_sink
from helpdesk.tests.processes import Processes, processes


@pytest.fixture
def team(transactional_db: None) -> Team:
    return make_team()


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    with smtp_sink() as sink:
        yield sink


@pytest.fixture
def running(tmp_path: Path, sink: SmtpSink) -> Iterator[Processes]:
    """Processes on this session's servers, mailing to the sink."""
    with processes(tmp_path, EMAIL_URL=sink.url) as running:
        yield running


@pytest.fixture(scope="session")
def static_root(tmp_path_factory: pytest.TempPathFactory) -> str:
    """STATIC_ROOT of web servers whose pages are looked at."""
    folder = str(tmp_path_factory.mktemp("static"))
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
    subprocess.run(command, cwd=settings.BASE_DIR, env=os.environ | {"STATIC_ROOT": folder}, check=True)
    return folder


@pytest.fixture
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnValkey]:
    """A Valkey that may be killed; it forgets everything with its death."""
    with own_valkey(tmp_path_factory.mktemp("valkey")) as valkey:
        yield valkey


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnCluster]:
    """A PostgreSQL that may be killed, migrated once."""
    with own_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
def database(cluster: OwnCluster, django_db_blocker: pytest.FixtureRequest) -> Iterator[OwnCluster]:
    """A database of this test's own in that PostgreSQL; the test's own queries go there too."""
    with django_db_blocker.unblock(), cluster.fresh_database():
        yield cluster
