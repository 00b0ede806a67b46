"""The same key gets the same answer, within a month."""

from datetime import timedelta

import pytest

from accounts.tests.factories import UserFactory
from outbox import retention
from outbox.models import KeptAnswer
from outbox.once import KeyReused, once
from outbox.tests.conftest import NOW

pytestmark = pytest.mark.django_db


def _run(user, key="k", fingerprint="f", answer="first"):
    return once(user_id=user.pk, key=key, fingerprint=fingerprint, now=NOW, make=lambda: (201, answer))


def test_work_is_done_once_for_a_key_of_one_person():
    user = UserFactory()
    assert _run(user) == (201, "first", False)
    assert _run(user, answer="second") == (201, "first", True)
    assert _run(UserFactory(), answer="third") == (201, "third", False)
    with pytest.raises(KeyReused):
        _run(user, fingerprint="other words")


def test_work_that_failed_keeps_nothing():
    user = UserFactory()

    def fail():
        raise RuntimeError

    with pytest.raises(RuntimeError):
        once(user_id=user.pk, key="k", fingerprint="f", now=NOW, make=fail)
    assert _run(user) == (201, "first", False)


def test_a_key_is_forgotten_after_a_month_and_not_before():
    user = UserFactory()
    _run(user)
    assert retention.prune(now=NOW + timedelta(days=29))["answers"] == 0
    assert retention.prune(now=NOW + timedelta(days=31))["answers"] == 1
    assert not KeptAnswer.objects.exists()
