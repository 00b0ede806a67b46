"""Tests that commit leave a fresh install behind."""

import pytest

from accounts.models import Role
from accounts.permissions import DEFAULT_ROLES


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_the_default_rows_are_there_again_after_a_test_that_committed(turn):
    assert Role.objects.count() == len(DEFAULT_ROLES)
    Role.objects.all().delete()
