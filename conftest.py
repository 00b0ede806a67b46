"""What every test shares: servers, settings, a clean Redis, the browser, the shared data.

The database and Redis are those of DATABASE_URL and REDIS_URL; where these are unset, embedded servers are started
here (once, by the process that hands out the work) before Django reads its settings.
What a machine lacks is skipped and named loudly in the closing lines, or fails with
HELPDESK_REQUIRE=browser,data,mail,smtp.
"""

import asyncio
import gc
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))

_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
_MISSING = "MISSING: "
_LACKS = {
    "browser": "no chromium found: the browser journeys did NOT run (apt-get install -y chromium fonts-noto-cjk)",
    "mail": "no dovecot found: the mail server tests did NOT run (apt-get install -y dovecot-imapd dovecot-lmtpd)",
    "smtp": "no postfix found, or not root: the tests with a real SMTP server did NOT run (apt-get install -y postfix)",
    "data": "HELPDESK_TEST_DATA is not set: tests that read the shared data did NOT run (set it to that folder)",
}
_servers = None


def _prepare() -> None:
    """Start what is not given, then let Django read its settings."""
    global _servers
    os.environ.setdefault("DEMO", "1")
    os.environ.setdefault("TEST_CLOCK", "1")
    os.environ["SENTRY_DSN"] = ""  # errors that tests provoke are nobody's news; also wins over a `.env`
    if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
        from helpdesk.embedded.testing import start_for_tests

        _servers = start_for_tests(ROOT)
        os.environ["HELPDESK_TEST_CLUSTER"] = "ours"  # read by the processes that this one hands work to
    # One prefix per run and worker, so that runs that share a Redis do not see each other's keys.
    run = os.environ.setdefault("HELPDESK_TEST_RUN", f"{os.getpid()}")
    os.environ["REDIS_PREFIX"] = f"test-{run}-{_WORKER}"
    os.environ["DJANGO_SETTINGS_MODULE"] = "helpdesk.settings"

    import django
    from django.conf import settings

    # A process that is handed work inherits the name of the settings and has read them by now, with another prefix.
    settings.CACHES["default"]["KEY_PREFIX"] = os.environ["REDIS_PREFIX"]
    settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"] = os.environ["REDIS_PREFIX"] + ":celery:"
    # Fingerprinted names need `collectstatic` first; the proof of `make up` covers those.
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    # Quick hashing: Argon2 itself is slow on purpose. Tests of password storage override this.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]
    from helpdesk.launcher.catalogues import compile_catalogues

    compile_catalogues(ROOT / "locale")  # before Django reads them, which it does once
    django.setup()
    # A third of a run went into looking through modules that stay anyway.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


_prepare()

# How long an example takes says more about the machine than about the code.
hypothesis_settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("house")
# `ci` is the same walk on every machine, so that no gate fails by chance; `long` is another one each time, and prints
# how to walk it again (`make properties`).
hypothesis_settings.register_profile("ci", hypothesis_settings.get_profile("house"), derandomize=True)
hypothesis_settings.register_profile("long", hypothesis_settings.get_profile("house"), print_blob=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers that this process started."""
    if _servers is not None:
        _servers.stop()


def _chromium() -> str | None:
    """The browser that journeys drive: CHROMIUM, else Debian's."""
    given = os.environ.get("CHROMIUM")
    if given:
        return given if Path(given).exists() else None
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def _missing(what: str) -> None:
    """Skip, to be told at the end; or fail where HELPDESK_REQUIRE names it."""
    required = {item.strip() for item in os.environ.get("HELPDESK_REQUIRE", "").split(",")}
    if what in required:
        pytest.fail(f"HELPDESK_REQUIRE names {what!r}, but {_LACKS[what]}", pytrace=False)
    pytest.skip(_MISSING + _LACKS[what])


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of shared test data (HELPDESK_TEST_DATA)."""
    given = os.environ.get("HELPDESK_TEST_DATA", "")
    if not given or not Path(given).is_dir():
        _missing("data")
    return Path(given).resolve()


@pytest.fixture(scope="session")
def _template_database():
    """What test databases are copied from, None where the server is not ours."""
    if "HELPDESK_TEST_CLUSTER" not in os.environ:
        return None
    from helpdesk.tests.template_database import Template

    return Template(ROOT)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings, _template_database) -> None:
    """Called before the test database is made."""
    if _template_database:
        _template_database.begin()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker, _template_database) -> Iterator[None]:
    """The default rows of a fresh install outlive tests that commit."""
    from helpdesk.tests.pristine import restored_after_each_test

    with django_db_blocker.unblock():
        if _template_database:
            _template_database.finish()
        restoring = restored_after_each_test()
        restoring.__enter__()
    yield
    restoring.__exit__(None, None, None)


def _a_loop_runs_here() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Journeys need a chromium; Playwright's loop, which stays in this thread after them, must not alarm Django."""
    journey = item.get_closest_marker("browser")
    if journey and _chromium() is None:
        _missing("browser")
    if item.get_closest_marker("mailserver"):
        from intake.tests.mail_server import is_installed

        if not is_installed():
            _missing("mail")
    if item.get_closest_marker("smtpserver"):
        from intake.tests import smtp_server

        if not smtp_server.is_installed():
            _missing("smtp")
    if journey or _a_loop_runs_here():
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    else:
        os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict) -> dict:
    """Debian's chromium; as root (a container, CI) it cannot use its own sandbox."""
    arguments = [*browser_type_launch_args.get("args", []), "--disable-dev-shm-usage"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    return {**browser_type_launch_args, "executable_path": _chromium(), "args": arguments}


@pytest.fixture(autouse=True)
def _no_language_left() -> Iterator[None]:
    """The language that a request of an earlier test chose is none of the next one's."""
    from django.utils import translation

    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def _clean_redis(request: pytest.FixtureRequest) -> Iterator[None]:
    """No counter, cached value or queued message outlives its test."""
    yield
    from django.conf import settings

    if not settings.configured:
        return
    import redis

    try:
        client = _redis()
        keys = list(client.scan_iter(match=f"{os.environ['REDIS_PREFIX']}*", count=1000))
        if keys:
            client.delete(*keys)
    except redis.RedisError:
        pass  # a test that takes Redis away leaves nothing to clean


def _redis():
    """One connection for the clean-up, kept for the session."""
    import redis

    if not hasattr(_redis, "client"):
        _redis.client = redis.Redis.from_url(os.environ["REDIS_URL"], socket_connect_timeout=2)
    return _redis.client


def pytest_terminal_summary(terminalreporter) -> None:
    """Say loudly what this machine could not test."""
    reasons: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if _MISSING in reason:
            text = reason.split(_MISSING, 1)[1]
            reasons[text] = reasons.get(text, 0) + 1
    for text, count in reasons.items():
        terminalreporter.write_sep("!", f"{count} NOT TESTED", red=True, bold=True)
        terminalreporter.write_line(f"!!! {count} tests skipped: {text}", red=True, bold=True)
