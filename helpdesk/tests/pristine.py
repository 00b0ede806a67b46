"""The database as the migrations left it, for tests that really commit.

Django empties every table after such a test. That meets our append-only triggers and throws away the default rows
(roles, policies, calendars), which later tests rely on; so the triggers are lifted and the rows are put back.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pgtrigger
from django.core.management import CommandError
from django.db import OperationalError, connection, transaction
from django.test import TransactionTestCase

from outbox.contention import gave_way

_MOST_REQUESTS = 5  # that a page may still have on their way when its test is over


@contextmanager
def restored_after_each_test() -> Iterator[None]:
    """For a whole session: remember all rows now, bring them back after each test that commits."""
    rows = _remember()
    original = TransactionTestCase._fixture_teardown

    def teardown(self: TransactionTestCase) -> None:
        with pgtrigger.ignore(), _patience():
            _empty(self, original)
            _bring_back(rows)

    TransactionTestCase._fixture_teardown = teardown
    try:
        yield
    finally:
        TransactionTestCase._fixture_teardown = original


def _empty(test: TransactionTestCase, emptying: Callable[[TransactionTestCase], None]) -> None:
    """Empty every table, again when an open page's last request and this wait for each other and this gives way."""
    for _attempt in range(_MOST_REQUESTS):
        try:
            emptying(test)
            return
        except CommandError as error:
            if not (isinstance(error.__cause__, OperationalError) and gave_way(error.__cause__)):
                raise
    emptying(test)


@contextmanager
def _patience() -> Iterator[None]:
    """Wait for the last statements of processes that the test killed, however long they take."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = 0")
        yield
        cursor.execute("RESET lock_timeout")


def _remember() -> dict[str, str]:
    """What each table that is not empty holds, as PostgreSQL's own COPY text."""
    rows = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table == "django_migrations":  # Django leaves it alone too
                continue
            text = io.StringIO()
            cursor.copy_expert(f'COPY "{table}" TO STDOUT', text)
            if text.getvalue():
                rows[table] = text.getvalue()
    return rows


def _bring_back(rows: dict[str, str]) -> None:
    # Foreign keys are checked at commit, so the order of tables does not matter. Emptying a database also writes
    # content types and permissions anew, with new numbers: the remembered ones take their place.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM auth_permission")
        cursor.execute("DELETE FROM django_content_type")
        for table, text in rows.items():
            cursor.copy_expert(f'COPY "{table}" FROM STDIN', io.StringIO(text))
