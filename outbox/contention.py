"""Deadlocks: PostgreSQL rolls one of two transactions back so that the other ends. The one rolled back is done anew."""

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection

logger = logging.getLogger(__name__)

_ATTEMPTS = 3
#: SQLSTATE of a transaction that was rolled back for the sake of another: serialization_failure, deadlock_detected.
_FOR_ANOTHER = {"40001", "40P01"}

_P = ParamSpec("_P")
_R = TypeVar("_R")


def survives_deadlock(service: Callable[_P, _R]) -> Callable[_P, _R]:
    """Run a service again, at most twice, when its transaction was rolled back for the sake of another.

    For services that are one transaction and do nothing outside it that may not be done again. Within a transaction
    of the caller nothing is tried again, because all of that is rolled back: the outermost one has to be marked.
    """

    @functools.wraps(service)
    def wrapper(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        for attempt in range(1, _ATTEMPTS):
            try:
                return service(*args, **kwargs)
            except OperationalError as error:
                if connection.in_atomic_block or not gave_way(error):
                    raise
                logger.warning("%s gave way to another transaction, attempt %s", service.__qualname__, attempt)
        return service(*args, **kwargs)

    return wrapper


def gave_way(error: OperationalError) -> bool:
    """Whether PostgreSQL rolled this transaction back for the sake of another, so that it may be done anew."""
    return getattr(error.__cause__, "pgcode", None) in _FOR_ANOTHER
