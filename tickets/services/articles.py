"""From a resolved ticket to a draft article in one step (mission.md 7.2), and articles used in answers."""

import re
from datetime import datetime

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from knowledge.models import Article
from knowledge.redaction import redact
from knowledge.services import draft_article
from outbox.contention import survives_deadlock
from tickets.choices import MessageKind
from tickets.models import ArticleLink, Resolution, Ticket
from tickets.services.events import record
from tickets.services.locking import Change, changing


@survives_deadlock
def draft_article_from_ticket(*, ticket: Ticket, actor: User, now: datetime) -> Article:
    """The draft that the last resolution of ``ticket`` became; a second call returns the first one's draft.

    The customer's words go in without personal data; what they say is still read by a reviewer before anybody else.

    Raises:
        PermissionDenied: when ``actor`` may not work on the ticket or not write articles.
        ValidationError: when the ticket was never resolved.
    """
    _demand_access(ticket, actor)
    if not actor.may("article.write"):
        raise PermissionDenied
    with changing(ticket.pk, now=now) as change:
        born = ArticleLink.objects.filter(ticket=change.ticket, kind=ArticleLink.Kind.BORN).select_related("article")
        if link := born.first():
            return link.article
        resolution = change.ticket.resolutions.order_by("-cycle").first()
        if resolution is None:
            raise ValidationError(_("Resolve the ticket first: its cause and solution become the article."))
        article = _draft(change.ticket, resolution, actor=actor, now=now)
        ArticleLink.objects.create(ticket=change.ticket, article=article, kind=ArticleLink.Kind.BORN, created_at=now)
        record(ticket=change.ticket, code="ticket.article.drafted", actor=actor, now=now, article=article.pk)
    return article


@survives_deadlock
def link_article(*, ticket: Ticket, article: Article, actor: User, now: datetime) -> ArticleLink:
    """Note that ``article`` was used to answer ``ticket``; noting it twice changes nothing.

    Raises:
        PermissionDenied: when ``actor`` may not work on the ticket or does not see the article.
    """
    _demand_access(ticket, actor)
    if not Article.objects.visible_to(actor).filter(pk=article.pk).exists():
        raise PermissionDenied
    with changing(ticket.pk, now=now) as change:
        return _use(change, article, actor=actor)


def note_articles(change: Change, text: str, *, actor: User) -> None:
    """Note the articles whose links stand in ``text`` as used; those that ``actor`` does not see are none."""
    start, end = _address("SLUG").split("SLUG")
    slugs = set(re.findall(f"{re.escape(start)}([-\\w]{{1,200}}){re.escape(end)}", text)) if start in text else set()
    if not slugs:
        return
    for article in Article.objects.visible_to(actor).filter(slug__in=slugs).order_by("pk"):
        _use(change, article, actor=actor)


def _use(change: Change, article: Article, *, actor: User) -> ArticleLink:
    link, created = ArticleLink.objects.get_or_create(
        ticket=change.ticket, article=article, kind=ArticleLink.Kind.USED, defaults={"created_at": change.now}
    )
    if created:
        record(ticket=change.ticket, code="ticket.article.used", actor=actor, now=change.now, article=article.pk)
    return link


def article_link(article: Article) -> str:
    """A link to ``article`` as it goes into a reply; brackets in its title would end the link."""
    title = article.title.replace("[", "(").replace("]", ")")
    return f"[{title}]({article_address(article)})"


def article_address(article: Article) -> str:
    """Where everybody who may read ``article`` finds it."""
    return _address(article.slug)


def _address(slug: str) -> str:
    return settings.SITE_URL + reverse("knowledge:article", args=[slug])


def _demand_access(ticket: Ticket, actor: User) -> None:
    if not Ticket.objects.workable_by(actor).filter(pk=ticket.pk).exists():
        raise PermissionDenied


def _draft(ticket: Ticket, resolution: Resolution, *, actor: User, now: datetime) -> Article:
    names = [ticket.requester.name]
    first = ticket.messages.filter(kind=MessageKind.CUSTOMER).order_by("id").first()
    said = redact(first.body, names) if first else ""
    title = redact(ticket.subject, names)
    return draft_article(
        actor=actor,
        now=now,
        title=title[:200],
        problem=f"{title}\n\n{said}".strip() if said.strip() != title else title,
        cause=redact(resolution.cause, names),
        solution=redact(resolution.solution, names),
        language=ticket.language,
        category=ticket.category,
        module=ticket.module,
        fault_type=ticket.fault_type,
        versions=[ticket.version] if ticket.version else [],
        tags=list(ticket.tags.all()),
    )
