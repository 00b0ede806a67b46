"""What the processes of `make up` find in their environment."""

import errno
import os
import socket
import sys
from pathlib import Path
from urllib.parse import urlsplit

import environ

from helpdesk.embedded.home import PROJECT, Home
from helpdesk.embedded.trouble import Trouble

_PUSH_PORTS_TRIED = 50


def read_dotenv() -> None:
    """Take `.env` into the environment, as Django does; what is set already stays."""
    dotenv = PROJECT / ".env"
    if dotenv.exists():
        environ.Env.read_env(dotenv)


def fill_in(home: Home) -> None:
    """Set what is not set: demo mode unless a SECRET_KEY says that this is meant seriously, address, folders."""
    os.environ.setdefault("DEMO", "0" if os.environ.get("SECRET_KEY") else "1")
    fill_in_address()
    os.environ.setdefault("STATIC_ROOT", str(home.root / "static"))
    os.environ.setdefault("MEDIA_ROOT", str(home.root / "media"))
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"


def fill_in_address() -> None:
    """What every process needs, wherever its servers are."""
    os.environ.setdefault("HOST", "127.0.0.1")
    os.environ.setdefault("PORT", "8000")
    os.environ.setdefault("SITE_URL", f"http://127.0.0.1:{port('PORT')}")
    # Celery would run Django's checks in every worker; they belong to `make check`.
    os.environ["CELERY_SKIP_CHECKS"] = "1"
    os.environ["DJANGO_SETTINGS_MODULE"] = "helpdesk.settings"


def port(name: str) -> int:
    """A port from the environment."""
    try:
        number = int(os.environ[name])
    except ValueError:
        number = 0
    if not 0 < number < 65536:
        raise Trouble(f"{name} must be a number from 1 to 65535, not {os.environ[name]!r}.")
    return number


def claim_ports() -> None:
    """Say so now if the web port is taken; choose a free one for push."""
    host = os.environ["HOST"]
    taken = _why_not(host, port("PORT"))
    if taken:
        raise Trouble(taken)
    if os.environ.get("PUSH_PORT"):
        taken = _why_not(host, port("PUSH_PORT"))
        if taken:
            raise Trouble(taken)
        _tell_pages()
        return
    first = port("PORT") + 1
    for number in range(first, min(first + _PUSH_PORTS_TRIED, 65536)):
        if not _why_not(host, number):
            os.environ["PUSH_PORT"] = str(number)
            _tell_pages()
            return
    raise Trouble(f"No free port for live push near {first}: set PUSH_PORT to a free one.")


def _tell_pages() -> None:
    """Pages listen at the push port directly; behind a proxy (https) the operator leads `/events/` there."""
    site = urlsplit(os.environ["SITE_URL"])
    if site.scheme == "http":
        host = f"[{site.hostname}]" if ":" in str(site.hostname) else site.hostname
        os.environ.setdefault("PUSH_URL", f"http://{host}:{os.environ['PUSH_PORT']}/events/")


def _why_not(host: str, number: int) -> str:
    """Why we cannot listen there; empty if we can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, number))
            return ""
    except PermissionError:
        return f"Port {number} needs root: choose one above 1023, e.g. `PORT=8000 make up`."
    except socket.gaierror:
        return f"HOST={host} is no address of this machine."
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return (
                f"Port {number} is in use by another program: stop that one, "
                f"or choose another port, e.g. `PORT={number + 10 if number < 65000 else 8010} make up`."
            )
        return f"Cannot listen on {host}:{number}: {error.strerror}."


def local_address() -> tuple[str, int, str]:
    """Host and port to reach the web server from here, and the Host header that it accepts."""
    host = os.environ["HOST"]
    reach = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # nosec B104
    return reach, port("PORT"), urlsplit(os.environ["SITE_URL"]).netloc
