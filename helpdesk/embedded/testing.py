"""Servers for a test run: their own, quick and careless with the disk."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from helpdesk.embedded.home import Home
from helpdesk.embedded.servers import Servers


def start_for_tests(project: Path) -> Servers:
    """Start what DATABASE_URL and REDIS_URL do not name and set them for this process and its children.

    The cluster stays in `var/test` from run to run, which saves its creation; a second run at the same time gets a
    folder of its own that goes away with it.
    """
    home = Home(Path(os.environ.get("HELPDESK_HOME") or project / "var") / "test")
    home.make()
    servers = Servers(home, os.environ, testing=True)
    if not home.lock():
        folder = Path(tempfile.mkdtemp(prefix="helpdesk-test-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        servers = Servers(Home(folder), os.environ, testing=True)
        servers.lock()
    else:
        from helpdesk.embedded.process import clear_leftovers

        clear_leftovers(home.run)
    atexit.register(servers.stop)
    servers.start()
    os.environ.update(servers.environment())
    return servers
