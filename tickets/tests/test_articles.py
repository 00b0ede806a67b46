"""From a resolved ticket to a draft article."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.tests.factories import TeamFactory, make_agent, make_customer
from catalog.models import Tag
from knowledge.models import Article
from knowledge.tests.factories import draft, published
from tickets.models import ArticleLink, Resolution, Ticket
from tickets.services.articles import draft_article_from_ticket, link_article
from tickets.tests.factories import MONDAY, make_ticket

pytestmark = pytest.mark.django_db
LATER = MONDAY + timedelta(minutes=10)


@pytest.fixture
def scene():
    team = TeamFactory()
    agent = make_agent(team)
    ticket = make_ticket(
        team=team,
        requester=make_customer(name="王小明", email="xiaoming@corp.example"),
        assignee=agent,
        subject="登录失败",
        description="我是王小明，电话13812345678，邮箱 xiaoming@corp.example，登录报 ERR-1042",
    )
    ticket.tags.add(Tag.objects.create(name="登录"))
    return agent, ticket


def resolve(ticket: Ticket, agent, **fields) -> Resolution:
    """A resolution row, as the service of resolving writes it."""
    given = {"cause": "会话过期，见 ops@corp.example", "solution": "清除缓存", "verification": "test"}
    return Resolution.objects.create(
        ticket=ticket, cycle=ticket.cycle, resolved_by=agent, resolved_at=LATER, close_due_at=LATER + timedelta(days=3),
        **{**given, **fields},
    )  # fmt: skip


def test_the_draft_carries_the_case_without_personal_data(scene):
    agent, ticket = scene
    resolve(ticket, agent)
    article = draft_article_from_ticket(ticket=ticket, actor=agent, now=LATER)
    assert (article.state, article.author, article.title) == ("draft", agent, "登录失败")
    assert "ERR-1042" in article.problem and "清除缓存" in article.solution
    whole = article.problem + article.cause + article.solution
    for word in ("王小明", "13812345678", "xiaoming@corp.example", "ops@corp.example"):
        assert word not in whole
    assert (article.category, article.module, article.language) == (ticket.category, ticket.module, ticket.language)
    assert [tag.name for tag in article.tags.all()] == ["登录"]
    assert list(ticket.events.filter(code="ticket.article.drafted").values_list("data", flat=True)) == [
        {"article": article.pk}
    ]


def test_a_second_call_returns_the_first_draft(scene):
    agent, ticket = scene
    resolve(ticket, agent)
    first = draft_article_from_ticket(ticket=ticket, actor=agent, now=LATER)
    assert draft_article_from_ticket(ticket=ticket, actor=agent, now=LATER) == first
    assert (Article.objects.count(), ticket.events.filter(code="ticket.article.drafted").count()) == (1, 1)


def test_without_a_resolution_there_is_nothing_to_write(scene):
    agent, ticket = scene
    with pytest.raises(ValidationError):
        draft_article_from_ticket(ticket=ticket, actor=agent, now=LATER)
    assert not Article.objects.exists()


def test_strangers_to_the_ticket_are_refused(scene):
    agent, ticket = scene
    resolve(ticket, agent)
    for stranger in (make_agent(TeamFactory()), ticket.requester):
        with pytest.raises(PermissionDenied):
            draft_article_from_ticket(ticket=ticket, actor=stranger, now=LATER)
        with pytest.raises(PermissionDenied):
            link_article(ticket=ticket, article=published(), actor=stranger, now=LATER)


def test_a_used_article_is_noted_once(scene):
    agent, ticket = scene
    article = published()
    for _i in range(2):
        link_article(ticket=ticket, article=article, actor=agent, now=LATER)
    assert ArticleLink.objects.filter(kind="used").count() == 1
    assert ticket.events.filter(code="ticket.article.used").count() == 1
    with pytest.raises(PermissionDenied):
        link_article(ticket=ticket, article=draft(), actor=agent, now=LATER)
