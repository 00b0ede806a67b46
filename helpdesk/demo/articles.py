"""The demo articles, written and published by the services that people use."""

import random
from datetime import datetime, timedelta

from accounts.models import User
from catalog.models import Category, FaultType, Module, Tag, Version
from helpdesk.demo.accounts import read
from knowledge.models import Article
from knowledge.services import draft_article, publish_article, submit_for_review


def load_articles(*, now: datetime, dice: random.Random) -> dict[str, list[Article]]:
    """Write forty articles; returns them by the key of the stories that they answer. The last two wait for review."""
    tag_names = {row["code"]: row["name"]["zh-hans"] for row in read("catalog")["tags"]}
    authors = list(User.objects.filter(memberships__role__code="agent").order_by("pk"))
    reviewers = list(User.objects.filter(memberships__role__code="lead").order_by("pk"))
    found: dict[str, list[Article]] = {}
    rows = read("articles")
    for place, row in enumerate(rows):
        written = now - timedelta(days=dice.randint(20, 300), hours=dice.randint(0, 12))
        author = authors[place % len(authors)]
        module = Module.objects.filter(code=row["module"]).first()
        article = draft_article(
            actor=author,
            now=written,
            title=row["title"],
            problem=row["problem"],
            cause=row["cause"],
            solution=row["solution"],
            kind=row["kind"],
            visibility=row["visibility"],
            language=row["language"],
            category=Category.objects.get(code=row["category"]),
            module=module,
            fault_type=FaultType.objects.filter(code=row["fault_type"]).first(),
            versions=Version.objects.filter(product=module.product, name__in=row["versions"]) if module else [],
            tags=Tag.objects.filter(name__in=[tag_names[code] for code in row["tags"]]),
        )
        submit_for_review(article=article, actor=author, now=written + timedelta(hours=2))
        if place < len(rows) - 2:
            reviewer = reviewers[place % len(reviewers)]
            article.refresh_from_db()
            publish_article(article=article, actor=reviewer, now=written + timedelta(days=1))
            Article.objects.filter(pk=article.pk).update(
                helpful_count=dice.randint(0, 40), unhelpful_count=dice.randint(0, 4)
            )
        for story in row["stories"]:
            found.setdefault(story, []).append(article)
    return found
