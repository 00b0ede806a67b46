"""Equal messages at the same time, by real transactions."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client

from intake.alerts.models import Alert, AlertPost
from intake.alerts.taking_in import take_in_due
from intake.tests.monitoring import alert, make_source, message
from tickets.models import Ticket

pytestmark = pytest.mark.django_db(transaction=True)


def test_fifty_equal_messages_in_parallel_are_one_ticket():
    source = make_source()
    body = json.dumps(message(alert()))

    def send_and_take_in(_number):
        try:
            answer = Client().post(
                f"/api/v1/alerts/{source.code}/",
                body,
                content_type="application/json",
                HTTP_AUTHORIZATION=f"Bearer {source.key}",
            )
            take_in_due()
            return answer.status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=8) as pool:
        assert list(pool.map(send_and_take_in, range(50))) == [202] * 50
    take_in_due()
    assert AlertPost.objects.filter(state="done").count() == 50
    assert Ticket.objects.count() == 1
    assert Alert.objects.get().count == 50
