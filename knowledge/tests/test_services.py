"""Writing, review, publication and votes."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from knowledge import services
from knowledge.models import Article
from knowledge.services.writing import latest_number
from knowledge.tests.factories import draft, person, published
from knowledge.transitions import MOVES, IllegalMove, moves_of
from outbox import clock

pytestmark = pytest.mark.django_db


def test_every_save_is_a_version_and_none_is_ever_changed():
    agent = person("agent")
    article = draft(agent)
    services.edit_article(article=article, actor=agent, now=clock.now(), base=1, solution="Restart twice.", note="more")
    rows = list(article.history.order_by("number").values_list("number", "solution", "note", "edited_by"))
    assert rows == [(1, "Restart it.", "", agent.pk), (2, "Restart twice.", "more", agent.pk)]
    article.refresh_from_db()
    assert (article.version, article.solution) == (2, "Restart twice.")


def test_a_stale_save_is_refused_and_writes_nothing():
    agent = person("agent")
    article = draft(agent)
    services.edit_article(article=article, actor=agent, now=clock.now(), base=1, solution="Mine.")
    with pytest.raises(services.StaleArticle):
        services.edit_article(article=article, actor=agent, now=clock.now(), base=1, solution="Yours.")
    article.refresh_from_db()
    assert (article.solution, latest_number(article)) == ("Mine.", 2)


def test_the_way_to_publication_and_back():
    agent, lead = person("agent"), person("lead")
    article = draft(agent)
    services.submit_for_review(article=article, actor=agent, now=clock.now())
    sent_back = services.send_back(article=article, actor=lead, now=clock.now(), reason="Which version?")
    assert (sent_back.state, sent_back.review_note, sent_back.reviewer) == ("draft", "Which version?", lead)
    services.submit_for_review(article=article, actor=agent, now=clock.now())
    shown = services.publish_article(article=article, actor=lead, now=clock.now())
    assert (shown.state, shown.review_note, shown.reviewer) == ("published", "", lead)
    first_published_at = shown.published_at
    services.archive_article(article=article, actor=lead, now=clock.now())
    services.restore_article(article=article, actor=lead, now=clock.now())
    again = services.publish_article(article=article, actor=lead, now=clock.now())
    assert again.published_at == first_published_at


def test_sending_back_needs_a_reason():
    article = draft()
    services.submit_for_review(article=article, actor=article.author, now=clock.now())
    with pytest.raises(ValidationError):
        services.send_back(article=article, actor=person("lead"), now=clock.now(), reason="  ")


@pytest.mark.parametrize("move", ["submit", "publish", "send_back", "archive", "restore"])
@pytest.mark.parametrize("state", list(Article.State.values))
def test_only_moves_of_the_table_are_possible(state, move):
    lead = person("lead")
    article = draft(lead)
    if state == "published":
        services.publish_article(article=article, actor=lead, now=clock.now())
    else:
        Article.objects.filter(pk=article.pk).update(state=state)
    calls = {
        "submit": services.submit_for_review,
        "publish": services.publish_article,
        "archive": services.archive_article,
        "restore": services.restore_article,
        "send_back": lambda **given: services.send_back(**given, reason="why"),
    }
    legal = (state, move) in MOVES and not (state == "published" and move in ("publish", "send_back"))
    if legal:
        assert calls[move](article=article, actor=lead, now=clock.now()).state == MOVES[state, move][0]
    else:
        with pytest.raises(IllegalMove):
            calls[move](article=article, actor=lead, now=clock.now())
        article.refresh_from_db()
        assert article.state == state


@pytest.mark.parametrize("role", ["", "customer", "manager"])
def test_who_does_not_write_may_not_write(role):
    with pytest.raises(PermissionDenied):
        draft(person(role))


def test_an_agent_may_not_publish_nor_touch_what_is_not_visible():
    agent, other = person("agent"), person("agent")
    article = draft(agent)
    with pytest.raises(PermissionDenied):
        services.publish_article(article=article, actor=agent, now=clock.now())
    with pytest.raises(PermissionDenied):
        services.edit_article(article=article, actor=other, now=clock.now(), base=1, title="Hijacked")
    with pytest.raises(PermissionDenied):
        services.submit_for_review(article=article, actor=other, now=clock.now())


def test_a_change_by_an_agent_waits_while_readers_see_the_former_text():
    agent, lead = person("agent"), person("lead")
    article = published(agent, tags=["login"])
    services.edit_article(
        article=article, actor=agent, now=clock.now(), base=1, solution="Better.", visibility="internal", tags=[]
    )
    article.refresh_from_db()
    assert (article.state, article.solution, article.version, article.proposed) == ("published", "Restart it.", 1, 2)
    assert (article.visibility, article.tags.count()) == ("public", 1), "labels are not part of a proposal"
    assert article in Article.objects.waiting_for_review()
    services.publish_article(article=article, actor=lead, now=clock.now(), base=2)
    article.refresh_from_db()
    assert (article.solution, article.version, article.proposed) == ("Better.", 2, None)


def test_a_proposal_that_is_sent_back_leaves_the_text_and_the_history():
    agent, lead = person("agent"), person("lead")
    article = published(agent)
    services.edit_article(article=article, actor=agent, now=clock.now(), base=1, solution="Worse.")
    services.send_back(article=article, actor=lead, now=clock.now(), reason="No.")
    article.refresh_from_db()
    assert (article.state, article.solution, article.proposed) == ("published", "Restart it.", None)
    services.edit_article(article=article, actor=agent, now=clock.now(), base=2, solution="Good.")
    article.refresh_from_db()
    assert article.proposed == 3


def test_an_editor_who_may_publish_changes_a_published_article_at_once():
    lead = person("lead")
    article = published()
    services.edit_article(article=article, actor=lead, now=clock.now(), base=1, solution="Now.")
    article.refresh_from_db()
    assert (article.state, article.solution, article.version, article.proposed) == ("published", "Now.", 2, None)


def test_publishing_refuses_a_version_that_was_not_reviewed():
    agent = person("agent")
    article = draft(agent)
    services.submit_for_review(article=article, actor=agent, now=clock.now())
    services.edit_article(article=article, actor=agent, now=clock.now(), base=1, solution="Sneaked in.")
    with pytest.raises(services.StaleArticle):
        services.publish_article(article=article, actor=person("lead"), now=clock.now(), base=1)


@pytest.mark.parametrize("field", ["title", "problem", "solution"])
def test_required_texts(field):
    with pytest.raises(ValidationError):
        draft(**{field: "  \x00 "})


def test_tags_are_found_whatever_their_case():
    first, second = draft(tags=["Login"]), draft(tags=["login", "SSO"])
    assert first.tags.get() in second.tags.all()


def test_a_visitor_has_one_vote_a_day_for_an_article():
    article, now = published(), clock.now()
    votes = [services.rate_article(article=article, helpful=True, visitor="a", now=now) for _i in range(3)]
    services.rate_article(article=article, helpful=False, visitor="b", now=now)
    article.refresh_from_db()
    assert votes == [True, False, False]
    assert (article.helpful_count, article.unhelpful_count) == (1, 1)


def test_moves_that_are_offered_are_those_that_may_be_made():
    article = draft()
    assert moves_of(article=article, permissions=frozenset({"article.write"})) == ["submit"]
    assert moves_of(article=article, permissions=frozenset()) == []
