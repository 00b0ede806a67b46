"""A notice of no domain, a backend that fails as told, and a clock that the test moves."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection, transaction
from django.test.utils import override_settings

from outbox import registry, services
from outbox.quiet import QuietHours
from outbox.registry import Notice, Recipient

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


#: What `PlainNotice` finds settled, by the number in the payload; tests add to it.
SETTLED: set[int] = set()


class PlainNotice(Notice):
    """Payload: ``{"to": [addresses], "subject": ...}``; the words come from templates written by the fixture."""

    kind = "sample.plain"
    channels = ("mail",)

    def recipients(self, intent, now):
        if "explode" in intent.payload:
            raise RuntimeError(intent.payload["explode"])
        language, quiet = intent.payload.get("language", "en"), None
        if hours := intent.payload.get("quiet"):
            quiet = QuietHours(time.fromisoformat(hours[0]), time.fromisoformat(hours[1]), ZoneInfo("UTC"))
        return [Recipient(f"mail:{to}", None, to, language, quiet=quiet) for to in intent.payload["to"]]

    def wakes(self, intent):
        return intent.payload.get("wakes", False)

    def settled(self, intents):
        return {intent.pk for intent in intents if intent.payload.get("n") in SETTLED}

    def context(self, intents, delivery, now):
        if any("poison" in intent.payload for intent in intents):
            raise RuntimeError("cannot be told")
        last = intents[-1].payload
        return {"subject": last.get("subject", "hello"), "numbers": [i.payload.get("n") for i in intents], **last}


class GroupedNotice(PlainNotice):
    kind = "sample.grouped"
    group = True


class LimitedNotice(PlainNotice):
    kind = "sample.limited"
    limit = (3, 3600)


class UrgentNotice(PlainNotice):
    kind = "sample.urgent"
    must_reach = True

    def fallback_recipients(self, intent, now):
        return [Recipient(f"mail:{to}", None, to, "en") for to in intent.payload.get("fallback", [])]


NOTICES = [PlainNotice(), GroupedNotice(), LimitedNotice(), UrgentNotice()]


@pytest.fixture(autouse=True)
def sample_notices(tmp_path, settings) -> Iterator[None]:
    """Register the notices and write their templates, for the time of one test."""
    for notice in NOTICES:
        folder = tmp_path / registry.template_folder(notice.kind)
        folder.mkdir(parents=True)
        (folder / "subject.txt").write_text("{{ subject }}")
        (folder / "text.txt").write_text("numbers: {{ numbers }} R&D {{ note }}")
        (folder / "html.html").write_text("<p>{{ numbers }} {{ note }}</p>")
        (folder / "page.txt").write_text("{{ subject }} ({{ count }})")
        registry.register(notice)
    templates = [{**settings.TEMPLATES[0], "DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}]
    with override_settings(TEMPLATES=templates):
        yield
    SETTLED.clear()
    for notice in NOTICES:
        registry._NOTICES.pop(notice.kind)


class Fault(Exception):
    """What the test makes the transport raise."""


class ScriptedBackend(EmailBackend):
    """Puts mails into `django.core.mail.outbox`; raises what ``script`` says for a subject or for opening."""

    script: dict = {}
    opened = 0
    seen_transactions: list = []

    def open(self):
        if error := ScriptedBackend.script.get("open"):
            raise error
        if getattr(self, "is_open", False):
            return False
        self.is_open = True
        ScriptedBackend.opened += 1
        return True

    def close(self):
        self.is_open = False

    def send_messages(self, messages):
        ScriptedBackend.seen_transactions.append(connection.in_atomic_block)
        for message in messages:
            error = ScriptedBackend.script.get(message.subject)
            if error is not None and not isinstance(error, AfterSending):
                raise error
            super().send_messages([message])
            if error is not None:
                raise error.error
        return len(messages)


class AfterSending(Exception):
    """The server has the mail; what follows fails."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


class Time:
    """The instant that the delivery reads."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **units: float) -> None:
        self.now += timedelta(**units)


@pytest.fixture(name="time")
def time_of_delivery() -> Time:
    return Time()


@pytest.fixture
def backend(settings) -> type[ScriptedBackend]:
    settings.EMAIL_BACKEND = "outbox.tests.conftest.ScriptedBackend"
    ScriptedBackend.script, ScriptedBackend.opened, ScriptedBackend.seen_transactions = {}, 0, []
    mail.outbox = []
    return ScriptedBackend


@pytest.fixture
def tell(time):
    """Write one intent in a transaction of its own."""

    def write(kind="sample.plain", stream="s:1", to=("a@example.com",), now=None, dedupe_key=None, **payload):
        with transaction.atomic():
            return services.enqueue(
                kind=kind,
                payload={"to": list(to), **payload},
                stream=stream,
                now=now or time(),
                dedupe_key=dedupe_key,
            )

    return write
