"""People with tokens for `api.py`, in the database of the environment: prints the tokens as JSON."""

import json
import sys

import django

django.setup()

from accounts.models import Membership, User  # noqa: E402
from accounts.services.tokens import issue_token  # noqa: E402
from outbox import clock  # noqa: E402


def main(count: int) -> None:
    agents = User.objects.filter(memberships__role__code="agent", is_active=True).distinct()[:count]
    assert len(agents) == count, "generate_load makes more agents than that"
    assert Membership.objects.exists()
    tokens = []
    for agent in agents:
        said = {"name": "bench", "scopes": ["tickets:read", "tickets:write"], "expires_at": None}
        tokens.append(issue_token(actor=agent, user=agent, now=clock.now(), **said)[1])
    sys.stdout.write(json.dumps(tokens))


main(int(sys.argv[1]))
