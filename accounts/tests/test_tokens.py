"""API tokens: who they stand for, what they may do, when they end."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts import services
from accounts.models import ApiToken, User
from accounts.tests.factories import TeamFactory, give_role, make_administrator, make_agent, make_customer
from outbox import clock

pytestmark = pytest.mark.django_db


def issue(user, scopes=("tickets:read",), **extra):
    now = clock.now()
    return services.issue_token(
        actor=user, user=user, name="CI", scopes=list(scopes), expires_at=extra.get("expires_at"), now=now
    )


def me(client, secret, scheme="Bearer"):
    return client.get("/api/v1/me/", headers={"Authorization": f"{scheme} {secret}"})


@pytest.fixture
def agent():
    return make_agent(TeamFactory())


def test_the_secret_opens_the_api_and_is_stored_hashed(client, agent):
    token, secret = issue(agent)
    for scheme in ("Bearer", "token"):
        answer = me(client, secret, scheme)
        assert answer.status_code == 200
        assert answer.json()["email"] == agent.email
    assert len(secret) >= 46
    stored = ApiToken.objects.values().get(pk=token.pk)
    assert secret not in str(stored)
    assert stored["prefix"] == secret[:11]


def test_wrong_expired_revoked_and_deactivated_are_refused_alike(client, agent):
    now = clock.now()
    expired, expired_secret = issue(agent, expires_at=now + timedelta(days=1))
    ApiToken.objects.filter(pk=expired.pk).update(expires_at=now)
    revoked, revoked_secret = issue(agent)
    services.revoke_token(actor=agent, token=revoked, now=now)
    gone = make_agent(TeamFactory())
    _token, gone_secret = issue(gone)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    bodies = set()
    for secret in ("", "hd_wrong", expired_secret, revoked_secret, gone_secret, gone_secret + " x"):
        answer = me(client, secret)
        assert answer.status_code == 401
        assert answer["Content-Type"] == "application/problem+json"
        assert answer["WWW-Authenticate"] == 'Bearer realm="api"'
        bodies.add(answer.content)
    assert len(bodies) == 1


def test_scopes_are_those_of_token_and_person_together(client, agent):
    _token, secret = issue(agent, ["articles:read"])
    assert client.get("/api/v1/users/", headers={"Authorization": f"Bearer {secret}"}).status_code == 403
    _token, secret = issue(agent, ["tickets:read", "articles:write"])
    assert me(client, secret).json()["scopes"] == ["articles:write", "tickets:read"]
    agent.memberships.all().delete()  # the person lost the role: so did the token
    assert me(client, secret).json()["scopes"] == []
    assert client.get("/api/v1/users/", headers={"Authorization": f"Bearer {secret}"}).status_code == 403


def test_nobody_issues_beyond_their_own_scopes_nor_for_others(agent):
    with pytest.raises(ValidationError):
        issue(agent, ["admin"])
    with pytest.raises(ValidationError):
        issue(agent, [])
    with pytest.raises(PermissionDenied):
        services.issue_token(
            actor=make_administrator(), user=agent, name="x", scopes=["tickets:read"], expires_at=None, now=clock.now()
        )
    assert not ApiToken.objects.exists()


def test_others_cannot_revoke_an_administrator_can(agent):
    token, _secret = issue(agent)
    with pytest.raises(PermissionDenied):
        services.revoke_token(actor=make_customer(), token=token, now=clock.now())
    first = clock.now()
    services.revoke_token(actor=make_administrator(), token=token, now=first)
    services.revoke_token(actor=agent, token=token, now=first + timedelta(hours=1))
    token.refresh_from_db()
    assert token.revoked_at == first


def test_last_use_is_written_at_most_once_a_minute(client, agent):
    token, secret = issue(agent)
    me(client, secret)
    token.refresh_from_db()
    first = token.last_used_at
    assert first is not None
    me(client, secret)
    token.refresh_from_db()
    assert token.last_used_at == first
    ApiToken.objects.filter(pk=token.pk).update(last_used_at=first - timedelta(minutes=1))
    me(client, secret)
    token.refresh_from_db()
    assert token.last_used_at >= first


def test_the_profile_shows_the_secret_once(client, agent):
    client.force_login(agent)
    answer = client.post("/profile/tokens/", {"token_name": "Backup", "scopes": ["tickets:read"], "days": "30"})
    token = ApiToken.objects.get()
    assert answer.status_code == 200
    assert answer.context["secret"].startswith(token.prefix)
    assert answer.context["secret"] in answer.content.decode()
    assert answer.context["secret"] not in client.get("/profile/").content.decode()
    assert token.expires_at - token.created_at == timedelta(days=30)
    other = make_customer()
    client.force_login(other)
    assert client.post(f"/profile/tokens/{token.pk}/revoke/").status_code == 404
    client.force_login(agent)
    assert client.post(f"/profile/tokens/{token.pk}/revoke/").status_code == 302
    token.refresh_from_db()
    assert token.revoked_at is not None


def test_a_session_has_the_scopes_of_its_person_and_needs_csrf(agent):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(give_role(agent, "lead"))
    assert "reports:read" in client.get("/api/v1/me/").json()["scopes"]
    assert client.post("/api/v1/tickets/", {}, content_type="application/json").status_code == 403


def test_limits_are_told_and_kept(client, agent, monkeypatch):
    from helpdesk.api import RequestLimit

    monkeypatch.setitem(RequestLimit.per_minute, "token", 2)
    _token, secret = issue(agent)
    answers = [me(client, secret) for _ in range(4)]
    assert [a.status_code for a in answers].count(429) >= 1  # a window may turn in between
    refused = next(a for a in answers if a.status_code == 429)
    assert refused["Content-Type"] == "application/problem+json"
    assert 1 <= int(refused["Retry-After"]) <= 61
    assert answers[0]["X-RateLimit-Limit"] == "2"
    assert answers[0]["X-RateLimit-Remaining"] == "1"


@pytest.mark.parametrize("header", ["X-Remote-User", "Remote-User", "X-Forwarded-User"])
def test_headers_of_proxies_sign_nobody_in(client, agent, header):
    assert client.get("/api/v1/me/", headers={header: agent.email}).status_code == 401
