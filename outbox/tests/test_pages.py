"""The bell, the demo mailbox and the dead letters: who may, what they show, what they change."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from django.urls import reverse

from accounts.models import Membership, Role
from outbox import clock, delivery, registry, retention, selectors, services, upkeep
from outbox.models import Delivery, Intent, MailboxMessage, RateWindow
from outbox.registry import Recipient

pytestmark = pytest.mark.django_db


def _person(role: str):
    user = get_user_model().objects.create_user(f"{role}@outbox.example", "p", name=role.title(), language="en")
    Membership.objects.create(user=user, role=Role.objects.get(code=role))
    return user


@pytest.fixture
def mailbox(settings):
    """The demo's own backend, which Django's test runner replaces."""
    settings.EMAIL_BACKEND = "outbox.mailbox.MailboxBackend"


@pytest.fixture
def admin(client):
    user = _person("administrator")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return user


def _test_notice(user, now=None):
    with transaction.atomic():
        services.enqueue(kind="outbox.test", payload={"user": user.pk}, stream="t", now=now or clock.now())
    delivery.run()


def test_a_test_mail_reaches_mailbox_and_bell_in_the_readers_language(client, admin, mailbox):
    assert client.post(reverse("outbox:send-test")).status_code == 302
    delivery.run()
    mail = MailboxMessage.objects.get()
    assert (mail.to, mail.subject) == (admin.email, "Test mail of the helpdesk")
    assert "Administrator" in mail.text
    page = client.get(reverse("outbox:mailbox")).content.decode()
    assert mail.subject in page
    assert "Your test message arrived." in client.get(reverse("outbox:notices")).content.decode()


@pytest.mark.parametrize("role", ["customer", "agent", "lead", "manager"])
def test_others_find_no_mailbox_and_no_dead_letters(role, client):
    client.force_login(_person(role), backend="django.contrib.auth.backends.ModelBackend")
    for method, name in (
        ("get", "mailbox"),
        ("get", "mail"),
        ("get", "mail-html"),
        ("get", "dead"),
        ("post", "resend"),
        ("post", "resolve-again"),
        ("post", "send-test"),
    ):
        arguments = [] if name in {"mailbox", "dead", "send-test"} else [1]
        assert getattr(client, method)(reverse(f"outbox:{name}", args=arguments)).status_code == 404, name


def test_a_stored_mail_is_shown_in_a_sandbox_that_runs_nothing(client, admin, mailbox):
    _test_notice(admin)
    mail = MailboxMessage.objects.get()
    page = client.get(reverse("outbox:mail", args=[mail.pk])).content.decode()
    frame = re.search(r"<iframe[^>]*>", page).group()
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in frame
    assert reverse("outbox:mail-html", args=[mail.pk]) in frame
    html = client.get(reverse("outbox:mail-html", args=[mail.pk]))
    policy = html["Content-Security-Policy"]
    assert "sandbox" in policy and "default-src 'none'" in policy
    assert "script" not in policy and "allow-same-origin" not in policy
    assert html["X-Frame-Options"] == "SAMEORIGIN"


def test_outside_demo_mode_there_is_no_mailbox(client, admin, settings):
    settings.DEMO = False
    mailbox = reverse("outbox:mailbox")
    assert client.get(mailbox).status_code == 404
    for page in ("setup", "outbox:dead"):  # and nothing leads there
        shown = client.get(reverse(page)).content.decode()
        assert f'href="{mailbox}"' not in shown
        assert f'href="{reverse("outbox:dead")}"' in shown


def test_the_mailbox_searches_by_address_and_turns_pages_without_gap(client, admin):
    rows = [
        MailboxMessage(
            message_id=f"<{n}@x>", to=f"p{n % 2}@x.example", subject=f"s{n}", text="t", received_at=clock.now()
        )
        for n in range(130)
    ]
    MailboxMessage.objects.bulk_create(rows)
    url, seen = reverse("outbox:mailbox") + "?q=p1@x", []
    while url:
        page = client.get(url).content.decode()
        seen += re.findall(r">(s\d+)</a>", page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        url = following and reverse("outbox:mailbox") + following.group(1).replace("&amp;", "&")
    assert seen == [f"s{n}" for n in range(129, 0, -2)]


@pytest.mark.parametrize("query", ["?before=x", "?before=99999999999999999999", "?q=%00", "?q=%25%27", "?before=-1"])
def test_odd_questions_to_the_mailbox_do_no_harm(query, client, admin):
    assert client.get(reverse("outbox:mailbox") + query).status_code == 200


def test_a_dead_letter_is_seen_with_its_reason_and_sent_again(client, admin, tell, time, backend, settings):
    tell(poison=1, subject="first")
    for _ in range(6):
        delivery.run(read_clock=time)
        time.pass_(hours=1)
    row = Delivery.objects.get()
    page = client.get(reverse("outbox:dead")).content.decode()
    assert row.state == "dead" and "cannot be told" in page
    Intent.objects.update(payload={"to": ["a@example.com"], "subject": "mended"})
    assert client.post(reverse("outbox:resend", args=[row.pk])).status_code == 302
    assert "already" in client.post(reverse("outbox:resend", args=[row.pk]), follow=True).content.decode()
    time.now = clock.now()
    delivery.run(read_clock=time)
    row.refresh_from_db()
    assert row.state == "accepted"


def test_an_intent_given_up_is_resolved_again(client, admin, tell, time):
    intent = tell(kind="unknown.kind")
    delivery.run(read_clock=time)
    assert "unknown.kind" in client.get(reverse("outbox:dead")).content.decode()
    assert client.post(reverse("outbox:resolve-again", args=[intent.pk])).status_code == 302
    intent.refresh_from_db()
    assert intent.state == "pending"


def test_a_get_never_sends_again(client, admin):
    for name in ("resend", "resolve-again"):
        assert client.get(reverse(f"outbox:{name}", args=[1])).status_code == 405
    assert client.get(reverse("outbox:notices-seen")).status_code == 405


def test_the_bell_counts_only_ones_own_unseen_lines(client, admin):
    other = _person("agent")
    _test_notice(admin)
    _test_notice(other)
    assert selectors.unseen_notices(admin) == 1
    client.post(reverse("outbox:notices-seen"))
    assert (selectors.unseen_notices(admin), selectors.unseen_notices(other)) == (0, 1)


def test_the_bell_does_not_tell_what_may_no_longer_be_seen(admin, monkeypatch):
    _test_notice(admin)
    monkeypatch.setattr(type(registry.get("outbox.test")), "visible", lambda self, intents, user: set())
    assert selectors.notices(admin, now=clock.now()) == []
    assert selectors.unseen_notices(admin) == 0


def test_a_grouped_notice_is_one_line_in_the_bell(admin, tell, time, monkeypatch):
    grouped = registry.get("sample.grouped")
    monkeypatch.setattr(type(grouped), "channels", ("page",))
    monkeypatch.setattr(type(grouped), "recipients", lambda self, intent, now: [Recipient.of(admin)])
    for n in range(5):
        tell(kind="sample.grouped", stream=f"s:{n}", subject="many")
    delivery.run(read_clock=time)
    assert [line.text for line in selectors.notices(admin, now=time())] == ["many (5)"]


def test_pruning_forgets_what_is_old_and_settled_and_never_what_was_not_sent(tell, time, backend):
    tell(subject="sent")
    delivery.run(read_clock=time)
    tell(subject="dead")
    tell(kind="unknown.kind")
    backend.script["dead"] = RuntimeError("no")
    for _ in range(6):
        delivery.run(read_clock=time)
        time.pass_(hours=1)
    backend.script["open"] = ConnectionRefusedError()
    tell(subject="queued", stream="s:q")
    delivery.run(read_clock=time)
    tell(subject="pending")
    now = time()
    MailboxMessage.objects.create(message_id="<1@x>", to="a", subject="s", text="t", received_at=now)
    RateWindow.objects.create(key="k", window_started_at=now, count=1)
    assert set(retention.prune(now=now + timedelta(days=1)).values()) == {0}
    assert retention.prune(now=now + timedelta(days=400)) == {
        "windows": 1,
        "intents": 1,
        "digests": 0,
        "mails": 1,
        "calls": 0,
        "answers": 0,
    }
    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["dead", "queued"]
    assert sorted(Intent.objects.values_list("state", flat=True)) == ["dead", "pending", "resolved", "resolved"]
    assert upkeep.resend(delivery_id=Delivery.objects.get(state="dead").pk, now=now)
