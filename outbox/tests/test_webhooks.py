"""Webhooks: written with the event, signed, in order, tried again, given up visibly, switched off, sent again."""

import hashlib
import hmac
import json
from datetime import timedelta
from email.utils import format_datetime

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.urls import reverse

from accounts.tests.factories import TeamFactory, make_administrator, make_agent
from outbox import clock, delivery, retention, web
from outbox.models import Intent, WebhookCall, WebhookEndpoint, WebhookHealth
from outbox.sealing import Unreadable, unseal
from outbox.tests.conftest import NOW
from outbox.webhooks import announcing, sending, services, signing
from outbox.webhooks.announcing import Happening

pytestmark = pytest.mark.django_db


class Receiver:
    """Stands where the request would leave, and answers as the test says."""

    def __init__(self) -> None:
        self.answers: list = []
        self.seen: list[tuple[str, dict, bytes]] = []

    def post(self, url, *, body, headers, timeout):
        self.seen.append((url, headers, body))
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, web.Answer):
            return answer
        return web.Answer(answer, {}, b"thanks")

    @property
    def told(self) -> list[int]:
        return [json.loads(body)["n"] for _url, _headers, body in self.seen]


@pytest.fixture
def receiver(monkeypatch) -> Receiver:
    found = Receiver()
    monkeypatch.setattr(web, "post", found.post)
    monkeypatch.setattr(web, "check_address", lambda url: None)
    return found


@pytest.fixture
def boss():
    return make_administrator()


@pytest.fixture
def endpoint(boss, receiver):
    return _endpoint(boss)


def _endpoint(boss, **given):
    said = {"name": "Hook", "url": "https://hook.example/in", "hears": ["ticket.created"]} | given
    return services.save_endpoint(actor=boss, now=NOW, **said)[0]


def _happen(*numbers: int, stream: str = "ticket:T1", event: str = "ticket.created", team: int | None = None) -> int:
    rows = [Happening(event, stream, {"n": number}, team) for number in numbers]
    with transaction.atomic():
        return announcing.announce(events={event}, happenings=lambda: rows, now=NOW)


def _run(at=NOW):
    return sending.run(read_clock=lambda: at)


def test_a_call_is_signed_and_names_itself(endpoint, receiver, boss):
    secret = services.rotate_secret(actor=boss, endpoint=endpoint, now=NOW - timedelta(days=2))
    _happen(1)
    assert _run() == {"accepted": 1}
    url, headers, body = receiver.seen[0]
    call = WebhookCall.objects.get()
    assert url == "https://hook.example/in"
    assert (headers["X-Helpdesk-Id"], headers["X-Helpdesk-Attempt"]) == (str(call.key), "1")
    assert headers["X-Helpdesk-Event"] == "ticket.created"
    signed = f"{int(NOW.timestamp())}.".encode() + body
    expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    assert headers["X-Helpdesk-Signature"] == f"t={int(NOW.timestamp())},v1={expected}"
    assert json.loads(body) == {"id": str(call.key), "event": "ticket.created", "created_at": NOW.isoformat(), "n": 1}
    assert (call.state, call.status, call.answer, call.accepted_at) == ("accepted", 200, "thanks", NOW)


def test_two_secrets_are_valid_for_a_day(boss, receiver):
    endpoint, old = services.save_endpoint(
        actor=boss, name="Hook", url="https://hook.example/", hears=["ticket.created"], now=NOW
    )
    new = services.rotate_secret(actor=boss, endpoint=endpoint, now=NOW)
    endpoint.refresh_from_db()

    def accepted(at) -> set[str]:
        value = signing.signature(endpoint=endpoint, body=b"{}", now=at)
        signed = f"{int(at.timestamp())}.".encode() + b"{}"
        return {
            name
            for name, secret in (("old", old), ("new", new))
            if f"v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}" in value.split(",")
        }

    assert accepted(NOW + timedelta(hours=23)) == {"old", "new"}
    assert accepted(NOW + timedelta(hours=24)) == {"new"}
    assert old != new and old.startswith("whsec_") and len(old) > 40


def test_a_form_saved_while_the_secret_is_replaced_keeps_the_new_one(endpoint, boss):
    stale = WebhookEndpoint.objects.get(pk=endpoint.pk)
    secret = services.rotate_secret(actor=boss, endpoint=endpoint, now=NOW)
    services.save_endpoint(
        actor=boss, endpoint=stale, name="Other", url="https://hook.example/in", hears=["ticket.created"], now=NOW
    )
    row = WebhookEndpoint.objects.get(pk=endpoint.pk)
    assert (row.name, unseal(row.sealed_secret), row.sealed_previous) == ("Other", secret, endpoint.sealed_secret)


def test_a_replacement_that_is_sent_twice_happens_once(desk, endpoint):
    page = desk.get(reverse("outbox:webhook", args=[endpoint.pk]))
    address, sent = reverse("outbox:webhook-rotate", args=[endpoint.pk]), {"seen": page.context["seen"]}
    first = desk.post(address, sent)
    second = desk.post(address, sent, follow=True)
    row = WebhookEndpoint.objects.get(pk=endpoint.pk)
    assert row.sealed_previous == endpoint.sealed_secret, "what the receiver holds is still valid"
    assert unseal(row.sealed_secret) in first.content.decode()
    assert unseal(row.sealed_secret) not in second.content.decode()
    assert "replaced just now" in second.content.decode()


def test_the_installations_key_can_be_replaced_without_a_gap(endpoint, settings):
    before = unseal(endpoint.sealed_secret)
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another key of the house" * 2
    settings.SECRET_KEY_FALLBACKS = [old]
    assert signing._valid(endpoint, NOW) == [before]
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(Unreadable):
        signing.signature(endpoint=endpoint, body=b"", now=NOW)


def test_a_secret_that_nobody_can_read_fails_visibly_until_a_new_one_is_made(endpoint, receiver, boss, settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key of the house" * 2, []
    _happen(1)
    assert _run() == {"retry": 1}
    assert not receiver.seen and "SECRET_KEY" in WebhookCall.objects.get().last_error
    services.rotate_secret(actor=boss, endpoint=endpoint, now=NOW - timedelta(days=2))
    assert _run(NOW + timedelta(hours=1)) == {"accepted": 1}


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("600", 600),
        ("Mon, 01 Jun 2026 02:20:00 GMT", None),
        ("999999", 3600),
        ("5", 30),  # no sooner than without
        ("Fri, 31 Dec 1999 23:59:59 GMT", 30),
        ("soon", 30),
        ("-7", 30),
        ("", 30),
    ],
)
def test_a_receiver_that_asks_for_a_pause_gets_it(endpoint, receiver, status, said, seconds):
    if seconds is None:
        later = NOW + timedelta(minutes=20)
        said, seconds = format_datetime(later, usegmt=True), 1200
    receiver.answers = [web.Answer(status, {"retry-after": said}, b"")]
    _happen(1)
    _happen(2, stream="ticket:T2")
    assert _run() == {"retry": 1}
    call = WebhookCall.objects.earliest("pk")
    assert call.next_attempt_at == NOW + timedelta(seconds=seconds)
    assert WebhookHealth.objects.get().paused_until == NOW + timedelta(seconds=seconds)  # its other calls wait too
    assert _run(NOW + timedelta(seconds=seconds - 1)) == {}
    assert _run(NOW + timedelta(seconds=seconds)) == {"accepted": 2}


def test_another_failure_knows_no_such_wish(endpoint, receiver):
    receiver.answers = [web.Answer(500, {"retry-after": "600"}, b"")]
    _happen(1)
    _run()
    assert WebhookCall.objects.get().next_attempt_at == NOW + timedelta(seconds=30)


def test_an_address_is_asked_for_once_when_it_is_saved(client, boss, monkeypatch):
    asked = []
    monkeypatch.setattr(web, "resolve", lambda host, port: asked.append(host) or ["93.184.215.14"])
    client.force_login(boss)
    said = {"name": "Hook", "url": " https://hook.example/in ", "hears": ["ticket.created"]}
    assert client.post(reverse("outbox:webhooks"), said).status_code == 200
    assert (asked, WebhookEndpoint.objects.get().url) == (["hook.example"], "https://hook.example/in")
    monkeypatch.setattr(web, "resolve", lambda host, port: ["10.0.0.1"])
    refused = client.post(reverse("outbox:webhooks"), said | {"name": "Inside"})
    assert refused.status_code == 422 and "url" in refused.context["form"].errors


def test_no_secret_lies_in_the_database(boss, receiver):
    endpoint, secret = services.save_endpoint(
        actor=boss, name="Hook", url="https://hook.example/", hears=["ticket.created"], now=NOW
    )
    assert secret.removeprefix("whsec_") not in json.dumps(list(WebhookEndpoint.objects.values()), default=str)
    assert services.save_endpoint(
        actor=boss, name="H", url="https://hook.example/", hears=["ticket.created"], endpoint=endpoint, now=NOW
    ) == (endpoint, "")


def test_an_event_that_is_rolled_back_is_not_told(endpoint, receiver):
    with pytest.raises(RuntimeError, match="taken back"), transaction.atomic():
        _happen(1)
        raise RuntimeError("taken back")
    assert not WebhookCall.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_event_needs_its_transaction():
    with pytest.raises(RuntimeError, match="transaction"):
        announcing.announce(events={"ticket.created"}, happenings=list, now=NOW)


def test_who_does_not_listen_costs_one_question(django_assert_num_queries):
    def happenings():
        raise AssertionError("nobody listens")

    with transaction.atomic(), django_assert_num_queries(1):
        assert announcing.announce(events={"ticket.created"}, happenings=happenings, now=NOW) == 0


def test_only_chosen_events_and_the_chosen_team_are_told(boss, receiver):
    team, other = TeamFactory(), TeamFactory()
    of_team = _endpoint(boss, name="Team", team_id=team.pk)
    _endpoint(boss, name="Notes", hears=["message.internal"])
    off = _endpoint(boss, name="Off")
    WebhookEndpoint.objects.filter(pk=off.pk).update(is_active=False)
    assert _happen(1, team=team.pk) == 1
    assert _happen(2, team=other.pk) == 0
    assert _happen(3, team=None) == 0
    assert list(WebhookCall.objects.values_list("endpoint", "body__n")) == [(of_team.pk, 1)]


def test_calls_of_one_ticket_keep_their_order_through_failures(endpoint, receiver):
    _happen(1, 2)
    _happen(7, stream="ticket:T2")
    receiver.answers = [500]
    assert _run()["retry"] == 1
    assert receiver.told == [1]  # the other ticket waits too: the endpoint is not well
    assert _run(NOW + timedelta(seconds=29)) == {}
    assert _run(NOW + timedelta(seconds=31)) == {"accepted": 3}
    assert [number for number in receiver.told if number in (1, 2)] == [1, 1, 2]
    ids = [headers["X-Helpdesk-Id"] for _url, headers, body in receiver.seen if json.loads(body)["n"] == 1]
    assert ids[0] == ids[1]


def test_a_call_that_nobody_accepts_is_given_up_and_lets_the_next_pass(endpoint, receiver):
    _happen(1, 2)
    receiver.answers = [web.Unreachable("timeout")] * sending.MAX_ATTEMPTS
    at = NOW
    for _ in range(sending.MAX_ATTEMPTS):
        _run(at)
        at += timedelta(hours=1, minutes=1)
    first, second = WebhookCall.objects.order_by("pk")
    assert (first.state, first.attempts, first.last_error) == ("dead", sending.MAX_ATTEMPTS, "timeout")
    assert second.state == "accepted" or second.attempts == 0
    _run(at)
    second.refresh_from_db()
    assert second.state == "accepted"
    assert receiver.told == [1] * sending.MAX_ATTEMPTS + [2]


def test_an_address_that_may_not_be_called_is_given_up_at_once(endpoint, receiver):
    _happen(1)
    receiver.answers = [web.Refused("it leads into a private network.")]
    assert _run() == {"dead": 1}
    assert "private" in WebhookCall.objects.get().last_error


def test_a_redirect_is_no_success(endpoint, receiver):
    _happen(1)
    receiver.answers = [302]
    assert _run() == {"retry": 1}


def test_days_of_failures_switch_it_off_and_tell_the_administrator_once(endpoint, receiver, boss, mailoutbox):
    _happen(1)
    _happen(2, stream="ticket:T2")
    WebhookHealth.objects.create(endpoint=endpoint, failures=5, failing_since=NOW - timedelta(days=3))
    receiver.answers = [503]
    _run()
    endpoint.refresh_from_db()
    assert not endpoint.is_active
    assert _run(NOW + timedelta(days=1)) == {}  # nothing is sent any more
    assert Intent.objects.filter(kind="webhook.switched_off").count() == 1
    delivery.run(read_clock=lambda: NOW)
    assert [mail.to for mail in mailoutbox] == [[boss.email]]
    assert "Hook" in mailoutbox[0].subject

    services.save_endpoint(
        actor=boss, name="Hook", url=endpoint.url, hears=endpoint.hears, endpoint=endpoint, now=NOW, is_active=True
    )
    assert _run(NOW + timedelta(days=1)) == {"accepted": 2}
    assert WebhookHealth.objects.get().failing_since is None


def test_a_process_that_died_leaves_its_call_to_the_next(endpoint, receiver, monkeypatch):
    _happen(1)

    def die(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(web, "post", die)
    with pytest.raises(KeyboardInterrupt):
        _run()
    monkeypatch.setattr(web, "post", receiver.post)
    assert _run(NOW + timedelta(seconds=60)) == {}
    assert _run(NOW + timedelta(seconds=121)) == {"accepted": 1}
    assert receiver.seen[0][1]["X-Helpdesk-Attempt"] == "2"


def test_what_was_given_up_is_sent_again_under_the_same_id(endpoint, receiver, boss):
    _happen(1, 2)
    WebhookCall.objects.update(state="dead", attempts=12)
    keys = set(WebhookCall.objects.values_list("key", flat=True))
    assert services.replay(actor=boss, endpoint=endpoint, now=NOW) == 2
    assert _run() == {"accepted": 2}
    assert {headers["X-Helpdesk-Id"] for _url, headers, _body in receiver.seen} == {str(key) for key in keys}
    one = WebhookCall.objects.latest("pk")
    assert services.replay(actor=boss, endpoint=endpoint, call_id=one.pk, now=NOW) == 1
    assert _run() == {"accepted": 1}
    assert services.replay(actor=boss, endpoint=endpoint, now=NOW) == 0


def test_only_administrators_set_webhooks_up(endpoint, receiver):
    agent = make_agent(TeamFactory())
    for attempt in (
        lambda: _endpoint(agent),
        lambda: services.rotate_secret(actor=agent, endpoint=endpoint, now=NOW),
        lambda: services.send_test(actor=agent, endpoint=endpoint, now=NOW),
        lambda: services.replay(actor=agent, endpoint=endpoint, now=NOW),
        lambda: services.delete_endpoint(actor=agent, endpoint=endpoint),
    ):
        with pytest.raises(PermissionDenied):
            attempt()


def test_an_event_that_does_not_exist_cannot_be_chosen(boss, receiver):
    for hears in ([], ["ticket.created", "nonsense"], ["webhook.test"]):
        with pytest.raises(ValidationError):
            _endpoint(boss, hears=hears)


def test_old_calls_are_forgotten(endpoint, receiver):
    _happen(1)
    assert retention.prune(now=NOW + timedelta(days=29))["calls"] == 0
    assert retention.prune(now=NOW + timedelta(days=31))["calls"] == 1


@pytest.fixture
def desk(client, boss):
    client.force_login(boss, backend="django.contrib.auth.backends.ModelBackend")
    client.cookies["django_language"] = "en"
    return client


def test_the_secret_is_shown_once(desk, receiver):
    said = {"name": "Hook", "url": "https://hook.example/in", "hears": ["ticket.created"]}
    answer = desk.post(reverse("outbox:webhooks"), said)
    endpoint = WebhookEndpoint.objects.get()
    secret = unseal(endpoint.sealed_secret)
    assert answer.status_code == 200 and secret in answer.content.decode()
    page = desk.get(reverse("outbox:webhook", args=[endpoint.pk])).content.decode()
    assert "Hook" in page and "whsec_" not in page and endpoint.sealed_secret not in page
    rotated = desk.post(reverse("outbox:webhook-rotate", args=[endpoint.pk])).content.decode()
    endpoint.refresh_from_db()
    assert unseal(endpoint.sealed_secret) in rotated and secret not in rotated


def test_an_inner_address_is_refused_by_the_form(desk):
    said = {"name": "Hook", "url": "http://169.254.169.254/", "hears": ["ticket.created"]}
    answer = desk.post(reverse("outbox:webhooks"), said)
    assert answer.status_code == 422
    assert "not public" in answer.content.decode()
    assert not WebhookEndpoint.objects.exists()


def test_the_page_of_a_call_shows_body_and_answer_and_sends_again(desk, endpoint, receiver):
    _happen(41)
    _run()
    call = WebhookCall.objects.get()
    page = desk.get(reverse("outbox:webhook-call", args=[call.pk])).content.decode()
    assert "&quot;n&quot;: 41" in page and "thanks" in page and str(call.key) in page
    assert desk.post(reverse("outbox:webhook-call-replay", args=[call.pk])).status_code == 302
    _run(clock.now())  # the page asks the clock itself
    assert receiver.told == [41, 41]
    listed = desk.get(reverse("outbox:webhook", args=[endpoint.pk]), {"state": "dead"}).content.decode()
    assert "No calls here" in listed


def test_a_call_that_two_people_send_again_leaves_once(desk, endpoint, receiver):
    _happen(1)
    _run()
    address = reverse("outbox:webhook-call-replay", args=[WebhookCall.objects.get().pk])
    assert "It will be sent again." in desk.post(address, follow=True).content.decode()
    assert "already" in desk.post(address, follow=True).content.decode()
    _run(clock.now())
    assert receiver.told == [1, 1]


def test_a_form_with_errors_changes_nothing(desk, endpoint, receiver):
    answer = desk.post(reverse("outbox:webhook", args=[endpoint.pk]), {"name": "", "url": endpoint.url})
    assert answer.status_code == 422 and "Hook" in answer.content.decode()
    answer = desk.post(
        reverse("outbox:webhook", args=[endpoint.pk]),
        {"name": "Other", "url": endpoint.url, "hears": ["clock.breached"]},
    )
    endpoint.refresh_from_db()
    assert (answer.status_code, endpoint.name, endpoint.hears) == (302, "Other", ["clock.breached"])
    assert not endpoint.is_active  # the box was not ticked
