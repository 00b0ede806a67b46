"""The one source of «now»: the clock of the database, so that every process agrees whatever its own clock says.

Read it once, after the lock is taken, and pass it down. With ``TEST_CLOCK`` (demo mode only) one row shifts
it for every process, so that a browser test can move time under real workers.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import DateTimeField
from django.db.models.expressions import RawSQL

_NOW = "SELECT clock_timestamp()"
_SHIFTED_NOW = "SELECT clock_timestamp() + COALESCE((SELECT shift FROM outbox_clockshift LIMIT 1), interval '0')"


def now() -> datetime:
    """The present instant of the database, aware, UTC."""
    with connection.cursor() as cursor:
        cursor.execute(_SHIFTED_NOW if settings.TEST_CLOCK else _NOW)
        return cursor.fetchone()[0]


def in_query() -> RawSQL:
    """The same instant as an expression, for a page that only compares with it and need not ask first."""
    return RawSQL(_SHIFTED_NOW if settings.TEST_CLOCK else _NOW, [], output_field=DateTimeField())  # nosec B611


def shift(by: timedelta) -> None:
    """Move the test clock to ``by`` ahead of the database's own (not added to what was there).

    Raises:
        RuntimeError: outside TEST_CLOCK mode.
    """
    if not settings.TEST_CLOCK:
        raise RuntimeError("the test clock is off")
    from outbox.models import ClockShift

    ClockShift.objects.update_or_create(pk=1, defaults={"shift": by})
