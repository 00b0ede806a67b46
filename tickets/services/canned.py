"""Writing canned answers: one's own by everybody who works here, shared ones by the administrator."""

from collections.abc import Iterable

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.models import Team, User
from tickets.canned import check_text
from tickets.models import CannedAnswer


@transaction.atomic
def save_canned(
    *,
    actor: User,
    name: str,
    shortcut: str,
    text_zh: str,
    text_en: str,
    name_en: str = "",
    status: str = "",
    tags: Iterable[str] = (),
    takes: bool = False,
    answer: CannedAnswer | None = None,
    shared: bool = False,
    team: Team | None = None,
) -> CannedAnswer:
    """Write a canned answer, or change ``answer``; what it does beside makes it a macro.

    Whose a new one is, is said once: one's own, or ``shared``.

    Raises:
        PermissionDenied: when ``actor`` may not change it, or may not share.
        ValidationError: for an unknown variable, a shortcut that is taken, or an answer without text.
    """
    if answer is None:
        answer = CannedAnswer(owner=None if shared else actor, team=team if shared else None)
        allowed = not shared or actor.may("admin.configure")
    else:
        allowed = CannedAnswer.objects.editable_by(actor).filter(pk=answer.pk).exists()
    if not allowed:
        raise PermissionDenied
    for field, value in {
        "name": name,
        "name_en": name_en,
        "shortcut": shortcut,
        "text_zh": text_zh,
        "text_en": text_en,
    }.items():
        setattr(answer, field, value.strip())
    answer.status, answer.takes = status, takes
    answer.tags = list(dict.fromkeys(tag for tag in (" ".join(one.split()) for one in tags) if tag))
    check_text(answer.text_zh)
    check_text(answer.text_en)
    answer.full_clean()
    answer.save()
    return answer


@transaction.atomic
def delete_canned(*, answer: CannedAnswer, actor: User) -> None:
    """Delete a canned answer; what was sent with it stays.

    Raises:
        PermissionDenied: when ``actor`` may not change it.
    """
    if not CannedAnswer.objects.editable_by(actor).filter(pk=answer.pk).delete()[0]:
        raise PermissionDenied
