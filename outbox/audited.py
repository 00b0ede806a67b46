"""Mark models whose every change is kept with what was there before. On the ground floor: every room has such rows."""

from collections.abc import Callable

import pghistory
import pgtrigger
from django.db import models


def audited(*, unless: str = "") -> Callable[[type[models.Model]], type[models.Model]]:
    """Decorate a configuration model: triggers keep a row of each insert, update and delete, append-only.

    Rows in which the relation ``unless`` is set are somebody's own, and leave no trace.

    An update keeps the row as it *was*; what it became is the next kept row, or the live one. So «from → to» is
    complete for rows too that were there before anybody looked, as the defaults of a fresh install are.
    """
    was: pgtrigger.Condition | None = None
    is_now: pgtrigger.Condition | None = None
    changed: pgtrigger.Condition = pgtrigger.AnyChange()
    if unless:
        was, is_now = (pgtrigger.Condition(f"{row}.{unless}_id IS NULL") for row in ("OLD", "NEW"))
        changed = pgtrigger.Condition(f"OLD.* IS DISTINCT FROM NEW.* AND OLD.{unless}_id IS NULL")
    return pghistory.track(
        pghistory.InsertEvent("insert", condition=is_now),
        pghistory.UpdateEvent("update", row=pghistory.Old, condition=changed),
        pghistory.DeleteEvent("delete", condition=was),
        append_only=True,
    )
