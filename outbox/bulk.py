"""Many rows by one statement, where building them by the ORM takes longer than the database does.

For sweeps, which may find thousands of rows due at once (`bench/deadlines.py` has the figures). Whoever writes one row
uses its model. The values travel as one JSON text, which PostgreSQL reads by the types of the table itself.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, models
from django.utils.duration import duration_iso_string


def insert_rows(
    model: type[models.Model], rows: Sequence[Mapping[str, Any]], *, ignore_conflicts: bool = False
) -> list[int]:
    """Insert ``rows``, each with a value for the same columns of ``model``; returns their new ids in that order.

    No default of the model applies: name every column that the database demands. With ``ignore_conflicts``, a row that
    breaks a unique constraint is left out, and so is its id.
    """
    if not rows:
        return []
    quoted = connection.ops.quote_name
    table, columns = quoted(model._meta.db_table), ", ".join(quoted(column) for column in rows[0])
    statement = f"""
        INSERT INTO {table} ({columns})
        SELECT {columns} FROM json_populate_recordset(NULL::{table}, %s)
        {"ON CONFLICT DO NOTHING" if ignore_conflicts else ""} RETURNING {quoted(str(model._meta.pk.column))}
    """  # nosec B608 - names of our own tables and columns
    with connection.cursor() as cursor:
        cursor.execute(statement, [json.dumps(rows, default=_as_text)])
        return [row[0] for row in cursor.fetchall()]


def _as_text(value: object) -> str:
    """What JSON cannot say, as PostgreSQL reads it, to the microsecond."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return duration_iso_string(value)
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{value!r} has no column type")
