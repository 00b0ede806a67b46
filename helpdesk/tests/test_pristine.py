"""Tests that commit leave a fresh install behind."""

import pytest
from django.core.management import CommandError
from django.db import OperationalError

from accounts.models import Role
from accounts.permissions import DEFAULT_ROLES
from helpdesk.tests.pristine import _empty


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_the_default_rows_are_there_again_after_a_test_that_committed(turn):
    assert Role.objects.count() == len(DEFAULT_ROLES)
    Role.objects.all().delete()


class RolledBack(Exception):
    """What the database driver raises."""

    def __init__(self, pgcode: str) -> None:
        self.pgcode = pgcode


class Emptying:
    """Fails as `flush` does, as often as it is told to."""

    def __init__(self, *pgcodes: str) -> None:
        self.pgcodes, self.done = list(pgcodes), False

    def __call__(self, _test: object) -> None:
        if self.pgcodes:
            error = OperationalError()
            error.__cause__ = RolledBack(self.pgcodes.pop(0))
            raise CommandError("Database could not be flushed.") from error
        self.done = True


def test_it_is_done_anew_when_the_last_request_of_an_open_page_came_between():
    emptying = Emptying("40P01", "40P01")
    _empty(None, emptying)
    assert emptying.done


def test_another_fault_is_told():
    with pytest.raises(CommandError):
        _empty(None, Emptying("42P01"))


def test_it_is_not_tried_for_ever():
    with pytest.raises(CommandError):
        _empty(None, Emptying(*["40P01"] * 50))
