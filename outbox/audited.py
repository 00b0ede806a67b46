"""Mark models whose every change is kept with what was there before. On the ground floor: every room has such rows."""

from collections.abc import Callable

import pghistory
from django.db import models


def audited() -> Callable[[type[models.Model]], type[models.Model]]:
    """Decorate a configuration model: triggers keep a row of each insert, update and delete, append-only.

    An update keeps the row as it *was*; what it became is the next kept row, or the live one. So «from → to» is
    complete for rows too that were there before anybody looked, as the defaults of a fresh install are.
    """
    return pghistory.track(
        pghistory.InsertEvent("insert"),
        pghistory.UpdateEvent("update", row=pghistory.Old),
        pghistory.DeleteEvent("delete"),
        append_only=True,
    )
