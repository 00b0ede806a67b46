"""The door for monitoring: who proves itself gets in, word for word; everybody else is refused alike."""

import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from django.test import Client

from accounts.tests.factories import make_administrator, make_agent
from intake.alerts import api
from intake.alerts.models import Alert, AlertPost, AlertSource
from intake.alerts.receiving import MOST_BYTES
from intake.alerts.samples import sample_of
from intake.alerts.sources import SIGNED_WITHIN, issue_key
from intake.alerts.taking_in import take_in_due
from intake.tests.monitoring import alert, make_source, message
from outbox import clock
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
BODY = json.dumps(message(alert()))


@pytest.fixture
def source():
    return make_source()


def knock(source, body=BODY, *, key=None, client=None, code=None, **headers):
    given = {"HTTP_AUTHORIZATION": f"Bearer {key}"} if key else {}
    address = f"/api/v1/alerts/{code or source.code}/"
    return (client or Client()).post(address, body, content_type="application/json", **given, **headers)


def test_a_message_with_the_key_is_kept_and_taken_in(source):
    answer = knock(source, key=source.key)
    assert answer.status_code == 202
    assert AlertPost.objects.get(pk=answer.json()["id"]).body == BODY
    assert not Ticket.objects.exists()  # the sender does not wait for it
    take_in_due()
    assert Ticket.objects.count() == 1


@pytest.mark.parametrize("key", ["", "hd_" + "x" * 43, "%", "*", " ", "\u00e4", "null"])
def test_without_the_key_nothing_is_kept(source, key):
    assert knock(source, key=key).status_code == 403
    assert not AlertPost.objects.exists()


def test_refusals_do_not_tell_whether_there_is_such_a_source(source):
    wrong, unknown = knock(source, key="hd_x").json(), knock(source, key="hd_x", code="nobody").json()
    assert {**wrong, "instance": ""} == {**unknown, "instance": ""}


def test_a_key_ends_with_the_next_one_and_with_the_source(source):
    old = source.key
    new = issue_key(source=source, actor=make_administrator(), now=clock.now())
    assert knock(source, key=old).status_code == 403
    assert knock(source, key=new).status_code == 202
    AlertSource.objects.update(is_active=False)
    assert knock(source, key=new).status_code == 403


def test_the_key_is_kept_as_a_hash_and_is_good_for_its_source_alone(source):
    other = make_source("grafana")
    assert source.key not in json.dumps(list(AlertSource.objects.values()), default=str)
    assert len(source.key) >= 43  # 256 bits
    assert knock(source, key=other.key).status_code == 403


def test_people_and_their_sessions_open_nothing_here(source):
    client = Client()
    client.force_login(make_administrator())
    assert knock(source, client=client).status_code == 403


def _signature(key, body, stamp=None):
    signed = (f"{stamp}:" if stamp else "") + body
    return hmac.new(key.encode(), signed.encode(), hashlib.sha256).hexdigest()


def test_a_signature_of_the_very_bytes_opens():
    source = make_source("grafana", proof="hmac")
    good = _signature(source.key, BODY)
    assert knock(source, HTTP_X_GRAFANA_ALERTING_SIGNATURE=good).status_code == 202
    assert knock(source, HTTP_X_HUB_SIGNATURE_256=f"sha256={good}").status_code == 202
    assert knock(source, BODY + " ", HTTP_X_GRAFANA_ALERTING_SIGNATURE=good).status_code == 403
    assert knock(source, HTTP_X_GRAFANA_ALERTING_SIGNATURE="").status_code == 403
    assert knock(source, key=source.key).status_code == 403  # the key itself is never sent
    assert source.key not in source.sealed_key


def test_a_signed_time_is_good_for_minutes():
    """Grafana signs «time:body» when a header for the time is named: a copy is worth nothing soon."""
    source, now = make_source("grafana", proof="hmac"), clock.now()
    for moved, status in [(timedelta(0), 202), (SIGNED_WITHIN * 2, 403), (-SIGNED_WITHIN * 2, 403)]:
        stamp = str(int((now + moved).timestamp()))
        headers = {
            "HTTP_X_GRAFANA_ALERTING_TIMESTAMP": stamp,
            "HTTP_X_GRAFANA_ALERTING_SIGNATURE": _signature(source.key, BODY, stamp),
        }
        assert knock(source, **headers).status_code == status
    moved_stamp = {**headers, "HTTP_X_GRAFANA_ALERTING_TIMESTAMP": str(int(now.timestamp()))}
    assert knock(source, **moved_stamp).status_code == 403
    assert knock(source, **{**headers, "HTTP_X_GRAFANA_ALERTING_TIMESTAMP": "soon"}).status_code == 403


def test_what_is_too_large_is_refused_before_it_is_read(source):
    answer = knock(source, "x" * (MOST_BYTES + 1), key=source.key)
    assert answer.status_code == 413
    assert not AlertPost.objects.exists()
    assert knock(source, "x" * MOST_BYTES, key=source.key).status_code == 202


def test_a_flood_is_slowed_down_and_so_are_guesses(source, monkeypatch):
    monkeypatch.setattr("intake.alerts.receiving.POSTS_A_MINUTE", 3)
    answers = [knock(source, key=source.key).status_code for _turn in range(5)]
    assert answers.count(202) <= 3 * 2  # a minute may have turned
    assert 429 in answers or answers.count(202) > 3
    monkeypatch.setattr(api, "GUESSES_A_MINUTE", 3)
    guesses = [knock(source, key="hd_wrong") for _turn in range(8)]
    assert guesses[-1].status_code == 429
    assert int(guesses[-1].headers["Retry-After"]) > 0


def test_bytes_that_are_no_text_are_kept_as_far_as_rows_can(source):
    answer = Client().post(
        f"/api/v1/alerts/{source.code}/",
        b"\xff\x00{",
        content_type="text/plain",
        HTTP_AUTHORIZATION=f"Bearer {source.key}",
    )
    assert answer.status_code == 202
    take_in_due()
    assert AlertPost.objects.get().state == "failed"


# --- Pages -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def boss(client):
    client.force_login(make_administrator(language="en"))
    return client


def test_a_source_is_made_in_the_administration_and_gets_what_it_needs(boss):
    least = {
        "name": "Prometheus", "code": "prom", "kind": "alertmanager", "proof": "token", "impact": "few",
        "urgency": "impaired", "language": "en", "storm_above": 5, "storm_minutes": 10, "is_active": "on",
        "grades-TOTAL_FORMS": 0, "grades-INITIAL_FORMS": 0,
    }  # fmt: skip
    answer = boss.post("/admin/intake/alertsource/add/", least)
    source = AlertSource.objects.get()
    assert answer.headers["Location"] == f"/desk/setup/alerts/{source.pk}/"
    assert source.person is not None
    assert set(source.grades.values_list("word", flat=True)) >= {"critical", "warning"}
    assert "nothing is let in" in boss.get(f"/desk/setup/alerts/{source.pk}/").content.decode()
    assert knock(source, key="").status_code == 403
    page = boss.post(f"/desk/setup/alerts/{source.pk}/key/").content.decode()
    secret = page.split('value="hd_')[1].split('"')[0]
    assert knock(source, key=f"hd_{secret}").status_code == 202
    for address in (f"/desk/setup/alerts/{source.pk}/", "/desk/setup/alerts/", "/desk/audit/"):
        text = boss.get(address).content.decode()
        assert secret not in text
    source.refresh_from_db()
    assert source.key_hash not in boss.get("/desk/audit/").content.decode()


def test_the_preview_says_what_a_sample_would_make_and_makes_nothing(boss):
    source = make_source("generic")
    drawn = {"subject": "{a.b}!", "severity": "a.s", "state": "a.z", "fingerprint": "a.b"}
    sample = json.dumps({"a": {"b": "Pump stands", "s": "critical", "z": "ok"}})
    page = boss.post(f"/desk/setup/alerts/{source.pk}/preview/", {"sample": sample, **drawn}).content.decode()
    assert "Pump stands!" in page
    assert "octagon" in page or ">S<" in page or "sev-S" in page
    assert "a.b" in page
    assert not Ticket.objects.exists()
    assert not Alert.objects.exists()
    page = boss.post(f"/desk/setup/alerts/{source.pk}/preview/", {"sample": "{", **drawn}).content.decode()
    assert "no JSON" in page


def test_without_scripts_a_button_shows_what_a_sample_would_make(boss):
    for kind, sample in (("generic", '{"what": "Pump stands"}'), ("zabbix", sample_of("zabbix"))):
        source = make_source(kind)
        said = {"sample": sample, "subject": "{what}!", "look": "1"}
        page = boss.post(f"/desk/setup/alerts/{source.pk}/mapping/", said)
        assert page.status_code == 200
        assert ("Pump stands!" if kind == "generic" else "High CPU load") in page.content.decode()
        source.refresh_from_db()
        assert source.mapping == {}


def test_a_mapping_is_kept_and_used(boss):
    source = make_source("generic")
    answer = boss.post(f"/desk/setup/alerts/{source.pk}/mapping/", {"sample": "{}", "subject": "what"})
    assert answer.status_code == 302
    knock(source, json.dumps({"what": "Mapped"}), key=source.key)
    take_in_due()
    assert Ticket.objects.get().subject == "Mapped"


@pytest.mark.parametrize("kind", ["alertmanager", "grafana", "zabbix", "generic"])
def test_the_sample_of_every_kind_can_be_read(boss, kind):
    source = make_source(kind)
    page = boss.get(f"/desk/setup/alerts/{source.pk}/mapping/").content.decode()
    assert "It would be 1 alert" in page


def test_what_was_not_understood_is_listed_and_tried_again_after_the_mapping_was_mended(boss):
    source = make_source("generic", mapping={"items": "nothing.here", "subject": "x"})
    knock(source, "{", key=source.key)
    take_in_due()
    page = boss.get(f"/desk/setup/alerts/{source.pk}/").content.decode()
    assert "no JSON" in page
    post = AlertPost.objects.get()
    assert boss.get(f"/desk/setup/alerts/received/{post.pk}/").status_code == 200
    AlertPost.objects.update(body='{"x": "Now it is JSON"}')
    source.mapping = {"subject": "x"}
    source.save()
    knock(source, '{"x": "Waits for the worker"}', key=source.key)
    page = boss.post(f"/desk/setup/alerts/received/{post.pk}/retry/", follow=True).content.decode()
    assert "It was taken in." in page
    assert Ticket.objects.get().subject == "Now it is JSON"  # a page does not do the work of the worker


def test_a_ticket_shows_its_alerts_to_who_sees_it(client):
    source = make_source()
    knock(source, key=source.key)
    take_in_due()
    ticket = Ticket.objects.get()
    client.force_login(make_agent(source.team))
    page = client.get(f"/desk/tickets/{ticket.number}/").content.decode()
    assert f"/desk/tickets/{ticket.number}/alerts/" in page
    assert "DiskFull on db-1" in client.get(f"/desk/tickets/{ticket.number}/alerts/").content.decode()
    client.force_login(make_agent(make_source("zabbix").team))
    assert client.get(f"/desk/tickets/{ticket.number}/alerts/").status_code == 404
