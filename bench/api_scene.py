"""Tokens for `api.py` and a category for each team, in the database of the environment: prints both as JSON."""

import json
import sys

import django

django.setup()

from accounts.models import Team, User  # noqa: E402
from accounts.services.tokens import issue_token  # noqa: E402
from catalog.models import Category  # noqa: E402
from outbox import clock  # noqa: E402


def main(count: int) -> None:
    agents = User.objects.filter(memberships__role__code="agent", is_active=True).distinct()[:count]
    assert len(agents) == count, "generate_load makes more agents than that"
    tokens = []
    for agent in agents:
        said = {"name": "bench", "scopes": ["tickets:read", "tickets:write"], "expires_at": None}
        tokens.append(issue_token(actor=agent, user=agent, now=clock.now(), **said)[1])
    codes = []
    for team in Team.objects.filter(memberships__isnull=False).distinct():
        codes.append(Category.objects.create(code=f"bench-{team.pk}", name=f"bench {team.pk}", team=team).code)
    sys.stdout.write(json.dumps({"tokens": tokens, "categories": codes}))


main(int(sys.argv[1]))
