"""`python -m helpdesk.embedded run [--testing] -- COMMAND…`: run a command beside the embedded servers."""

import os
import subprocess  # nosec B404
import sys

from helpdesk.embedded.home import PROJECT, Home
from helpdesk.embedded.servers import Servers
from helpdesk.embedded.testing import start_for_tests
from helpdesk.embedded.trouble import run_program

_USAGE = "usage: python -m helpdesk.embedded run [--testing] -- COMMAND [ARGUMENT…]"


def main(arguments: list[str]) -> int:
    """Start the servers, or join those of a launcher that runs, for the time of one command; its exit code is ours."""
    if arguments[:1] != ["run"] or "--" not in arguments:
        print(_USAGE, file=sys.stderr)
        return 2
    cut = arguments.index("--")
    options, command = arguments[1:cut], arguments[cut + 1 :]
    if not command or set(options) - {"--testing"}:
        print(_USAGE, file=sys.stderr)
        return 2
    servers = start_for_tests(PROJECT) if "--testing" in options else _start_or_join()
    try:
        return subprocess.run(command, check=False, env=os.environ | servers.environment()).returncode  # nosec B603
    except KeyboardInterrupt:
        return 130
    finally:
        servers.stop()


def _start_or_join() -> Servers:
    home = Home.from_environment()
    home.make()
    servers = Servers(home, os.environ)
    if home.lock():
        servers.start()
        return servers
    for server in (servers.valkey, servers.postgres):
        if server:
            server.wait(10)
    return servers


if __name__ == "__main__":
    run_program(main)
