"""Articles for tests, written by the services like real ones."""

from accounts.models import User
from accounts.tests.factories import UserFactory, give_role
from knowledge import services
from knowledge.models import Article
from outbox import clock


def person(role: str = "") -> User:
    """A person with ``role``, or with none."""
    user = UserFactory()
    return give_role(user, role) if role else user


def draft(actor: User | None = None, **fields) -> Article:
    """A draft; what is not given is filled in."""
    given = {"title": "Login fails", "problem": "Nobody can log in.", "solution": "Restart it.", "language": "en"}
    return services.draft_article(actor=actor or person("agent"), now=clock.now(), **{**given, **fields})


def published(actor: User | None = None, **fields) -> Article:
    """A published article."""
    article = draft(actor, **fields)
    return services.publish_article(article=article, actor=person("lead"), now=clock.now())
