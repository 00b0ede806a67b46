"""What somebody wants to hear, and how: asked when an intent is resolved, before any message is made.

Colleagues choose for every kind whether they read of it in a mail at once, in the morning's digest or not by mail, and
whether it stands in the page. Customers choose between everything and answers and decisions. Some things are no matter
of taste (`Notice.must_hear`), and what somebody has to hear of (`Notice.must_reach`) keeps its line in the page.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from outbox import chat, registry
from outbox.mail_models import DigestLine, MailHabit, Preference
from outbox.models import Delivery, Intent
from outbox.registry import Notice, Recipient

Mail = Preference.Mail
MAIL, PAGE = Delivery.Channel.MAIL, Delivery.Channel.PAGE
#: The kind under which the digest itself is left by its link.
DIGEST = "outbox.digest"
_LINE_STAYS = gettext_lazy("Somebody has to hear of it: the line in the page stays.")


@dataclass(frozen=True)
class Choice:
    """What one person chose for one kind."""

    mail: str = Mail.NOW
    page: bool = True


@dataclass(frozen=True)
class Row:
    """One line of the matrix, with what cannot be chosen and why."""

    notice: Notice
    choice: Choice

    @property
    def kind(self) -> str:
        return self.notice.kind

    @property
    def label(self) -> str | Promise:
        return self.notice.label

    @property
    def has_mail(self) -> bool:
        return MAIL in self.notice.channels

    @property
    def mail_locked(self) -> bool:
        return not self.has_mail or bool(self.notice.must_hear)

    @property
    def page_locked(self) -> bool:
        return self.notice.must_reach or bool(self.notice.must_hear) or PAGE not in self.notice.channels

    @property
    def reason(self) -> str | Promise:
        return self.notice.must_hear or (_LINE_STAYS if self.notice.must_reach else "")


@dataclass
class _Person:
    habit: MailHabit
    kinds: dict[str, Choice] = field(default_factory=dict)


class Choices:
    """What the people of one round chose, each read once."""

    def __init__(self) -> None:
        self._people: dict[int, _Person] = {}

    def narrow(self, notice: Notice, intent: Intent, people: Sequence[Recipient]) -> tuple[list[Recipient], list[int]]:
        """``people`` with the channels that they want, and the ids of those who read of it in their digest."""
        if not notice.audience or notice.must_hear:
            return list(people), []
        self._read({person.user_id for person in people if person.user_id})
        narrowed, later = [], []
        for person in people:
            kept, into_digest = self._one(notice, intent, person)
            narrowed.append(kept)
            if into_digest and person.user_id:
                later.append(person.user_id)
        return narrowed, later

    def _one(self, notice: Notice, intent: Intent, person: Recipient) -> tuple[Recipient, bool]:
        if person.user_id is None:
            return person, False
        chosen = self._people[person.user_id]
        choice = chosen.kinds.get(notice.kind)
        if notice.audience == "customers":
            left = choice is not None and choice.mail == Mail.OFF
            if notice.essential(intent) or (chosen.habit.hears == MailHabit.Hears.ALL and not left):
                return person, False
            return _without(person, MAIL, *chat.channels()), False
        kept = person
        if choice and not choice.page and not notice.must_reach:
            kept = _without(kept, PAGE)
        way = _way_of_mail(notice, intent, choice, chosen.habit)
        return (kept if way == Mail.NOW else _without(kept, MAIL)), way == Mail.DIGEST

    def _read(self, user_ids: set[int]) -> None:
        fresh = user_ids - self._people.keys()
        if not fresh:
            return
        habits = MailHabit.objects.in_bulk(fresh)
        for user_id in fresh:
            self._people[user_id] = _Person(habits.get(user_id) or MailHabit(user_id=user_id))
        for row in Preference.objects.filter(user__in=fresh):
            self._people[row.user_id].kinds[row.kind] = Choice(row.mail, row.page)


def _way_of_mail(notice: Notice, intent: Intent, choice: Choice | None, habit: MailHabit) -> str:
    """How the mail goes: at once, in the digest or not at all. What wakes a sleeper waits for no morning."""
    wanted = choice.mail if choice else Mail.DIGEST if habit.digest == MailHabit.Digest.ALL else Mail.NOW
    if wanted != Mail.DIGEST or MAIL not in notice.channels:
        return wanted if wanted != Mail.DIGEST else Mail.OFF
    if notice.wakes(intent):
        return Mail.NOW
    return Mail.OFF if habit.digest == MailHabit.Digest.NEVER else Mail.DIGEST


def _without(person: Recipient, *channels: str) -> Recipient:
    return replace(person, channels=tuple(one for one in person.channels if one not in channels))


def write_lines(lines: Iterable[tuple[int, Intent]], *, now: datetime) -> None:
    """Keep for the next digest what its reader did not want at once."""
    rows = [DigestLine(user_id=user_id, intent=intent, created_at=now) for user_id, intent in lines]
    DigestLine.objects.bulk_create(rows, batch_size=1000, ignore_conflicts=True)


def habit_of(user: Any) -> MailHabit:
    """What holds for all kinds together; an unsaved row with the defaults for who chose nothing."""
    return MailHabit.objects.filter(pk=user.pk).first() or MailHabit(user_id=user.pk)


def matrix(user: Any) -> list[Row]:
    """Every kind that a colleague may hear of, in the order of its names, with what ``user`` chose."""
    habit = habit_of(user)
    usual = Mail.DIGEST if habit.digest == MailHabit.Digest.ALL else Mail.NOW
    chosen = {row.kind: Choice(row.mail, row.page) for row in Preference.objects.filter(user=user.pk)}
    notices = [registry.get(kind) for kind in registry.kinds()]
    rows = [
        Row(notice, Choice() if notice.must_hear else chosen.get(notice.kind, Choice(usual)))
        for notice in notices
        if notice.audience == "staff" and notice.label
    ]
    return sorted(rows, key=lambda row: (not row.has_mail, not row.notice.must_hear, row.kind))


def optional_for_customers(user: Any) -> list[Row]:
    """What a customer may leave by itself, such as the survey."""
    chosen = {row.kind: Choice(row.mail, row.page) for row in Preference.objects.filter(user=user.pk)}
    notices = [registry.get(kind) for kind in registry.kinds()]
    return [
        Row(notice, chosen.get(notice.kind, Choice()))
        for notice in notices
        if notice.audience == "customers" and notice.bulk and notice.label
    ]


def save_choices(
    *,
    actor: Any,
    now: datetime,
    hears: str | None = None,
    digest: str | None = None,
    digest_at: time | None = None,
    kinds: Mapping[str, Choice] | None = None,
) -> None:
    """Keep what ``actor`` wants to hear; what is not named stays as it was.

    Raises:
        ValidationError: an unknown choice or kind, or one that cannot be switched off.
    """
    habit = habit_of(actor)
    given = {"hears": hears, "digest": digest, "digest_at": digest_at}
    for name, value in given.items():
        if value is not None:
            setattr(habit, name, value)
    habit.clean_fields(exclude=["user"])
    rows = [_row(actor, kind, choice) for kind, choice in (kinds or {}).items()]
    with transaction.atomic():
        habit.save()
        Preference.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["user", "kind"], update_fields=["mail", "page"]
        )
        if habit.digest == MailHabit.Digest.NEVER:
            DigestLine.objects.filter(user=actor.pk, digest=None).delete()


def _row(actor: Any, kind: str, choice: Choice) -> Preference:
    try:
        row = Row(registry.get(kind), choice)
    except registry.UnknownKind:
        row = None
    if row is None or not _is_choosable(row.notice):
        raise ValidationError({"kinds": _("There is no such kind: %(kind)s.") % {"kind": kind[:60]}})
    if choice.mail not in Mail.values:
        raise ValidationError({"kinds": _("There is no such way: %(way)s.") % {"way": str(choice.mail)[:20]}})
    if (row.has_mail and row.mail_locked and choice.mail != Mail.NOW) or (row.page_locked and not choice.page):
        raise ValidationError({"kinds": f"{row.label}: {row.reason}"})
    return Preference(user_id=actor.pk, kind=kind, mail=choice.mail, page=choice.page)


def _is_choosable(notice: Notice) -> bool:
    """Customers choose as a whole, and may leave by itself only what can be left with one click."""
    return bool(notice.label) and (notice.audience == "staff" or (notice.audience == "customers" and notice.bulk))


def hears_by_mail(*, user: Any, notice: Notice) -> bool:
    """Whether mails of a kind that is left by its link still come."""
    if notice.kind == DIGEST:
        return habit_of(user).digest != MailHabit.Digest.NEVER
    return not Preference.objects.filter(user=user.pk, kind=notice.kind, mail=Mail.OFF).exists()


def set_by_link(*, user: Any, notice: Notice, wanted: bool, now: datetime) -> None:
    """Leave a kind, or come back to it; what was chosen otherwise stays."""
    if notice.kind == DIGEST:
        save_choices(actor=user, digest=MailHabit.Digest.CHOSEN if wanted else MailHabit.Digest.NEVER, now=now)
        return
    Preference.objects.update_or_create(
        user_id=user.pk, kind=notice.kind, defaults={"mail": Mail.NOW if wanted else Mail.OFF}
    )
