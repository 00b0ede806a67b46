"""Who gave way to another transaction tries again, a bounded number of times."""

import psycopg2.errors
import pytest
from django.db import OperationalError, transaction

from outbox.contention import survives_deadlock


class _Service:
    """Fails as told, once for each error; then it is done."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.runs = 0
        self.__qualname__ = "service"

    def __call__(self) -> str:
        self.runs += 1
        if self.errors:
            error = self.errors.pop(0)
            raise OperationalError from error
        return "done"


class _Deadlock(psycopg2.errors.DeadlockDetected):
    pgcode = "40P01"


class _LockTimeout(psycopg2.errors.LockNotAvailable):
    pgcode = "55P03"


def test_two_deadlocks_are_survived():
    service = _Service(_Deadlock(), _Deadlock())
    assert survives_deadlock(service)() == "done"
    assert service.runs == 3


def test_the_third_deadlock_is_raised():
    service = _Service(_Deadlock(), _Deadlock(), _Deadlock())
    with pytest.raises(OperationalError):
        survives_deadlock(service)()
    assert service.runs == 3


def test_who_waited_too_long_does_not_wait_again():
    service = _Service(_LockTimeout())
    with pytest.raises(OperationalError):
        survives_deadlock(service)()
    assert service.runs == 1


@pytest.mark.django_db(transaction=True)
def test_nothing_is_tried_again_in_a_transaction_of_the_caller():
    service = _Service(_Deadlock())
    with pytest.raises(OperationalError), transaction.atomic():
        survives_deadlock(service)()
    assert service.runs == 1
