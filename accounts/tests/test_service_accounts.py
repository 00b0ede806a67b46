"""Service accounts: what their tokens open, that nothing else opens for them, and who hears of the end."""

from datetime import timedelta

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.contrib.auth import authenticate
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts import selectors, services
from accounts.links import invitation_token
from accounts.models import ApiToken, Role, User
from accounts.notices import tell_account
from accounts.services.tokens import announce_ends
from accounts.tests.factories import (
    TeamFactory,
    make_administrator,
    make_agent,
    make_customer,
    make_lead,
    make_service,
)
from outbox import clock
from outbox.models import Intent
from outbox.registry import get
from sla.models import Clock
from tickets.models import AccessLink, Ticket, TicketEvent
from tickets.services.conversation import customer_message, reply
from tickets.services.links import mint_status_link
from tickets.services.unmerging import undo_merge
from tickets.tests.factories import make_ticket
from tickets.tests.test_next_response import promise

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def boss():
    return make_administrator()


@pytest.fixture
def account(team, boss):
    return make_service(team, owner=boss)


def issue(account, scopes=("tickets:read", "tickets:write"), days=365, **more):
    now = clock.now()
    return services.issue_service_token(
        actor=make_administrator(),
        account=account,
        name="CI",
        scopes=list(scopes),
        expires_at=now + timedelta(days=days),
        now=now,
        **more,
    )


def program(secret, address="192.0.2.7"):
    return Client(HTTP_AUTHORIZATION=f"Bearer {secret}", REMOTE_ADDR=address, HTTP_ACCEPT_LANGUAGE="en")


def me(secret, address="192.0.2.7"):
    return program(secret, address).get("/api/v1/me/")


def test_what_it_does_stands_in_the_history_under_its_name(account, team):
    ticket = make_ticket(team=team)
    token, secret = issue(account)
    answer = program(secret).post(
        f"/api/v1/tickets/{ticket.number}/messages/",
        {"body": "Order 7 was shipped.", "kind": "note"},
        content_type="application/json",
    )
    assert answer.status_code == 201, answer.content
    event = TicketEvent.objects.get(code="ticket.note")
    assert (event.actor, event.actor.name) == (account.user, "CRM bridge")
    assert secret not in str(ApiToken.objects.values().get(pk=token.pk))
    token.refresh_from_db()
    assert token.last_used_at is not None


def test_it_sees_what_its_roles_see_and_no_more(account, team):
    mine, other = make_ticket(team=team), make_ticket(team=team)
    Ticket.objects.filter(pk=other.pk).update(team=TeamFactory())
    _token, secret = issue(account)
    numbers = [row["number"] for row in program(secret).get("/api/v1/tickets/").json()["results"]]
    assert numbers == [mine.number]
    assert program(secret).get(f"/api/v1/tickets/{other.number}/").status_code == 404
    account.user.memberships.all().delete()
    assert program(secret).get("/api/v1/tickets/").status_code == 403


def test_a_program_s_answer_is_nobody_s_first_response_and_takes_no_ticket(account, team):
    ticket = make_ticket(team=team)
    Ticket.objects.filter(pk=ticket.pk).update(assignee=None)
    running = Clock.objects.filter(ticket=ticket, state="running").count()
    assert running
    _token, secret = issue(account)
    address = f"/api/v1/tickets/{ticket.number}/messages/"
    said = program(secret).post(address, {"body": "We received it."}, content_type="application/json")
    assert said.status_code == 201, said.content
    ticket.refresh_from_db()
    assert (ticket.first_response_at, ticket.assignee) == (None, None)
    assert Clock.objects.filter(ticket=ticket, state="running").count() == running


def test_a_merge_of_a_program_answers_neither_ticket(account, team):
    customer = make_customer()
    promise(team)  # an answer to each message within an hour
    one, other = (make_ticket(team=team, requester=customer) for _ in range(2))
    agent = make_agent(team)
    reply(ticket=one, actor=agent, body="We look at it.")
    asked = customer_message(ticket=one, author=customer, body="And?").created_at
    Ticket.objects.filter(pk=other.pk).update(assignee=None, waiting_since=None)
    assert Clock.objects.filter(ticket=one, state="running", metric="next_response").exists()
    _token, secret = issue(account)
    said = {"into": other.number, "words": "Both go on as one."}
    address = f"/api/v1/tickets/{one.number}/merge/"
    answer = program(secret).post(address, said, content_type="application/json")
    assert answer.status_code == 200, answer.content
    other.refresh_from_db()
    assert (other.first_response_at, other.assignee, other.waiting_since) == (None, None, asked)
    running = Clock.objects.filter(ticket=other, state="running").values_list("metric", flat=True)
    assert {"first_response", "next_response"} <= set(running)
    assert not Clock.objects.filter(ticket=one, state="running").exists()
    undo_merge(ticket=one, actor=agent, words="They go their own ways.")
    one.refresh_from_db()
    assert (
        one.waiting_since == asked
        and Clock.objects.filter(ticket=one, state="running", metric="next_response").exists()
    )


def test_a_role_that_sees_its_teams_takes_a_team(boss):
    account = services.save_service_account(actor=boss, name="B", purpose="Brings.", owner=boss, now=clock.now())
    agent, manager = Role.objects.get(code="agent"), Role.objects.get(code="manager")
    with pytest.raises(ValidationError) as refused:
        services.grant_service_role(actor=boss, account=account, role=agent, team=None, now=clock.now())
    assert "team" in refused.value.message_dict
    services.grant_service_role(actor=boss, account=account, role=manager, team=None, now=clock.now())
    assert account.user.memberships.get().role == manager


def test_expired_revoked_ended_and_from_elsewhere_are_refused_alike(account, boss):
    now = clock.now()
    expired, expired_secret = issue(account)
    ApiToken.objects.filter(pk=expired.pk).update(expires_at=now)
    revoked, revoked_secret = issue(account)
    services.revoke_token(actor=boss, token=revoked, now=now)
    _token, fenced = issue(account, networks=["10.20.0.0/16", "2001:db8::/32"])
    ended = make_service(TeamFactory(), owner=boss)
    _token, ended_secret = issue(ended)
    services.end_service_account(actor=boss, account=ended, now=now)
    # Even a token that a race left behind opens nothing.
    ApiToken.objects.filter(user=ended.user).update(revoked_at=None)
    answers = [me(secret) for secret in (expired_secret, revoked_secret, fenced, ended_secret, "hd_wrong")]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert ApiToken.objects.filter(last_used_at__isnull=False).count() == 0


@pytest.mark.parametrize("address", ["10.20.3.4", "::ffff:10.20.3.4", "2001:db8::7"])
def test_an_allowed_network_lets_in(account, address):
    _token, secret = issue(account, networks=["10.20.0.5/16", "2001:db8::/32"])
    assert me(secret, address).status_code == 200
    assert ApiToken.objects.get().networks == ["10.20.0.0/16", "2001:db8::/32"]


def test_a_network_of_ipv4_that_is_dressed_as_ipv6_is_what_it_is(account):
    _token, secret = issue(account, networks=["::ffff:10.20.0.0/112", "::/0"])
    assert ApiToken.objects.get().networks == ["10.20.0.0/16", "::/0"]
    assert me(secret, "10.20.3.4").status_code == 200
    assert me(secret, "10.21.3.4").status_code == 401


def test_scopes_are_cut_to_the_roles(account):
    with pytest.raises(ValidationError) as refused:
        issue(account, ["admin"])
    assert "scopes" in refused.value.message_dict
    _token, secret = issue(account, ["tickets:read"])
    answer = program(secret).post("/api/v1/tickets/", {}, content_type="application/json")
    assert answer.status_code == 403
    assert me(secret).json()["scopes"] == ["tickets:read"]


@pytest.mark.parametrize(
    ("more", "field"),
    [({"days": 731}, "expires_at"), ({"days": 0}, "expires_at"), ({"networks": ["10.0.0.0/99"]}, "networks")],
)
def test_a_token_that_cannot_be(account, more, field):
    with pytest.raises(ValidationError) as refused:
        issue(account, **more)
    assert field in refused.value.message_dict
    assert not ApiToken.objects.exists()


def test_no_way_of_signing_in(account, client, team):
    user = account.user
    assert authenticate(username=user.email, password="") is None
    assert not client.login(email=user.email, password="!")
    # A forged session is nobody's.
    client.force_login(user)
    assert client.get("/profile/")["Location"].startswith("/accounts/login/")
    fresh = Client()
    # A reset link.
    key = default_token_generator.make_token(user)
    address = reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(user), "key": key})
    assert fresh.get(address, follow=True).status_code == 404
    with transaction.atomic():
        tell_account(kind="account.password_reset", email=user.email, now=clock.now())
    assert get("account.password_reset").recipients(Intent.objects.get(), clock.now()) == []
    # An invitation.
    assert fresh.get(f"/invitation/{invitation_token(user=user, now=clock.now())}/").status_code == 404
    with pytest.raises(ValidationError):
        services.invite_user(
            actor=account.owner, email=user.email, name="x", role=Role.objects.get(code="agent"), now=clock.now()
        )
    # A private link.
    ticket = make_ticket(team=team)
    link = mint_status_link(ticket=ticket, user=user, now=clock.now())
    assert AccessLink.objects.exists()
    assert fresh.get(link).status_code == 404


@pytest.mark.parametrize(
    "change",
    [{"is_active": True}, {"is_staff": True}, {"is_superuser": True}, {"on_duty": True}, {"password": "pbkdf2_x"}],
)
def test_the_database_holds_it_back(account, change):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=account.user_id).update(**change)


def test_it_is_in_no_list_of_people(account, team, client, boss):
    agent, lead, user = make_agent(team), make_lead(team), account.user
    lists = {
        "colleagues": selectors.colleagues(),
        "members": selectors.members(team=team),
        "present": selectors.present(users=User.objects.all(), now=clock.now()),
        "visible": selectors.users_visible_to(user=boss),
        "role": selectors.with_role("agent"),
        "deputies": selectors.deputies_of(user=agent),
        "administrators": selectors.administrators(),
    }
    assert [name for name, rows in lists.items() if rows.filter(pk=user.pk).exists()] == []
    assert selectors.staff_with_names(text=f"@{user.name}") == []
    ticket = make_ticket(team=team)
    secret = services.issue_token(
        actor=lead, user=lead, name="x", scopes=["tickets:write"], expires_at=None, now=clock.now()
    )[1]
    answer = program(secret).post(
        f"/api/v1/tickets/{ticket.number}/assign/", {"assignee": user.pk}, content_type="application/json"
    )
    assert answer.status_code == 400 and "assignee" in answer.json()["errors"]
    client.force_login(boss)
    assert user.email not in client.get("/admin/accounts/user/").content.decode()
    assert client.get(f"/admin/accounts/user/{user.pk}/change/").status_code == 302


def test_it_is_no_customer_and_asks_for_nobody(account, boss):
    with pytest.raises(ValidationError):
        services.grant_service_role(
            actor=boss, account=account, role=Role.objects.get(code="customer"), team=None, now=clock.now()
        )
    with pytest.raises(ValidationError):
        services.find_or_create_requester(email=account.user.email, name="x", language="en", now=clock.now())


def test_it_goes_on_when_who_answers_for_it_leaves(team, boss):
    owner = make_agent(team)
    account = make_service(team, owner=boss)
    account = services.save_service_account(
        actor=boss, account=account, name="B", purpose="Brings.", owner=owner, now=clock.now()
    )
    _token, secret = issue(account)
    services.deactivate_user(actor=boss, user=owner, now=clock.now())
    assert me(secret).status_code == 200
    # The name of who left may stay until somebody chooses another.
    services.save_service_account(
        actor=boss, account=account, name="C", purpose="Brings.", owner=owner, now=clock.now()
    )
    with pytest.raises(ValidationError):
        services.save_service_account(
            actor=boss, account=account, name="C", purpose="Brings.", owner=make_customer(), now=clock.now()
        )


class TestTheEnd:
    """Two weeks before a token ends it is said, once."""

    def test_who_answers_for_it_hears(self, account):
        token, _secret = issue(account, days=30)
        begun = token.created_at
        assert announce_ends(now=begun + timedelta(days=15)) == 0
        assert announce_ends(now=begun + timedelta(days=17)) == 1
        assert announce_ends(now=begun + timedelta(days=18)) == 0
        intent = Intent.objects.get(kind="account.token_ends")
        notice = get(intent.kind)
        assert [one.user_id for one in notice.recipients(intent, clock.now())] == [account.owner_id]
        User.objects.filter(pk=account.owner_id).update(is_active=False)
        other = make_administrator()
        heard = {one.user_id for one in notice.recipients(intent, clock.now())}
        assert other.pk in heard and account.owner_id not in heard
        ApiToken.objects.update(revoked_at=clock.now())
        assert notice.recipients(intent, clock.now()) == []

    def test_a_person_hears_of_their_own(self, team):
        agent, now = make_agent(team), clock.now()
        ends = now + timedelta(days=90)
        services.issue_token(actor=agent, user=agent, name="a", scopes=["tickets:read"], expires_at=ends, now=now)
        services.issue_token(actor=agent, user=agent, name="b", scopes=["tickets:read"], expires_at=None, now=now)
        announce_ends(now=now + timedelta(days=80))
        intent = Intent.objects.get(kind="account.token_ends")
        (one,) = get(intent.kind).recipients(intent, now + timedelta(days=80))
        assert one.user_id == agent.pk

    def test_one_that_was_made_for_days_surprises_nobody(self, account):
        token, _secret = issue(account, days=7)
        assert announce_ends(now=token.created_at) == 1
        assert not Intent.objects.filter(kind="account.token_ends").exists()


class TestPages:
    def test_from_nothing_to_a_token_and_back(self, client, boss, team):
        client.force_login(boss)
        said = {"name": "Bridge", "purpose": "Brings orders.", "owner": boss.pk}
        page = client.post("/desk/setup/services/", said)["Location"]
        assert b"Without a role" in client.get(page, headers={"Accept-Language": "en"}).content
        role = Role.objects.get(code="agent")
        assert client.post(f"{page}roles/", {"role": role.pk, "team": team.pk}).status_code == 302
        form = {"token_name": "CI", "scopes": ["tickets:read"], "days": "30", "networks": "10.0.0.0/8\n192.0.2.7"}
        made = client.post(f"{page}tokens/", form)
        secret, token = made.context["secret"], ApiToken.objects.get()
        assert secret in made.content.decode() and "no-store" in made["Cache-Control"]
        assert secret not in client.get(page).content.decode()
        assert token.networks == ["10.0.0.0/8", "192.0.2.7/32"]
        assert me(secret).status_code == 200
        assert client.post(f"{page}tokens/", form | {"networks": "nowhere"}).status_code == 422
        assert client.post(f"/desk/setup/services/tokens/{token.pk}/revoke/").status_code == 302
        assert me(secret).status_code == 401
        assert client.post(f"{page}end/").status_code == 302
        assert client.post(f"{page}tokens/", form).status_code == 422
        assert client.post(f"{page}roles/", {"role": role.pk}).status_code == 422
        assert client.post(page, said).status_code == 422
        assert b"Bridge" in client.get("/desk/setup/services/").content

    def test_what_is_a_person_s_is_not_found_here(self, client, boss, account):
        now = clock.now()
        token, _secret = services.issue_token(
            actor=boss, user=boss, name="x", scopes=["tickets:read"], expires_at=None, now=now
        )
        client.force_login(boss)
        assert client.post(f"/desk/setup/services/tokens/{token.pk}/revoke/").status_code == 404
        assert client.post(f"/desk/setup/services/roles/{boss.memberships.get().pk}/remove/").status_code == 404
        assert client.post(f"/desk/setup/services/{boss.pk}/tokens/", {}).status_code == 404
        role = account.user.memberships.get()
        assert client.post(f"/desk/setup/services/roles/{role.pk}/remove/").status_code == 302
        assert not account.user.memberships.exists()

    def test_others_are_refused_by_the_services_too(self, account, team):
        lead, now = make_lead(team), clock.now()
        with pytest.raises(PermissionDenied):
            services.save_service_account(actor=lead, name="x", purpose="x", owner=lead, now=now)
        with pytest.raises(PermissionDenied):
            services.end_service_account(actor=lead, account=account, now=now)
        with pytest.raises(PermissionDenied):
            services.issue_service_token(
                actor=lead, account=account, name="x", scopes=["tickets:read"], expires_at=now, now=now
            )
        with pytest.raises(PermissionDenied):
            services.grant_service_role(
                actor=lead, account=account, role=Role.objects.get(code="agent"), team=None, now=now
            )
