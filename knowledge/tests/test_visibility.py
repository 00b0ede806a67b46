"""Who sees which article: the cells are written by hand."""

import pytest
from django.contrib.auth.models import AnonymousUser

from knowledge.models import Article
from knowledge.selectors import matching_articles, related_articles, search_articles, state_counts
from knowledge.tests.factories import draft, person, published

pytestmark = pytest.mark.django_db

KINDS = ["public", "internal", "draft", "in_review", "archived", "own_draft"]
ALLOWED = {
    "anonymous": {"public"},
    "": {"public"},
    "customer": {"public"},
    "agent": {"public", "internal", "own_draft"},
    "product": {"public", "internal", "own_draft"},
    "rnd": {"public", "internal", "own_draft"},
    "manager": {"public", "internal"},
    "lead": set(KINDS),
    "administrator": set(KINDS),
}


@pytest.mark.parametrize("role", ALLOWED)
def test_matrix(role):
    user = AnonymousUser() if role == "anonymous" else person(role)
    articles = {
        "public": published(),
        "internal": published(visibility="internal"),
        "draft": draft(),
        "in_review": draft(),
        "archived": draft(),
    }
    for state in ("in_review", "archived"):
        Article.objects.filter(pk=articles[state].pk).update(state=state)
    if "own_draft" in ALLOWED[role]:
        articles["own_draft"] = draft(user)
    seen = set(Article.objects.visible_to(user).values_list("pk", flat=True))
    assert {name for name, article in articles.items() if article.pk in seen} == ALLOWED[role]
    readable = ALLOWED[role] & {"public", "internal"}
    searched = {article.pk for article in search_articles(user=user, text="login fails")}
    assert searched == {articles[name].pk for name in readable}
    offered = {article.pk for article in matching_articles(text="login fails", user=user)}
    assert offered == searched
    related = {article.pk for article in related_articles(article=articles["public"], user=user)}
    assert related == searched - {articles["public"].pk}


def test_an_inactive_person_is_nobody():
    lead = person("lead")
    article = draft(lead)
    lead.is_active = False
    assert article not in Article.objects.visible_to(lead)


def test_counts_are_of_what_one_sees():
    draft()
    published()
    mine = person("agent")
    draft(mine)
    assert state_counts(user=mine)["draft"] == 1
    assert state_counts(user=person("lead"))["draft"] == 2
