"""Invitation links: single use, three days, and only as they were mailed."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client

from accounts import services
from accounts.links import INVITATION_LIFE, invitation_token
from accounts.models import Role, User
from accounts.notices import Invitation
from accounts.tests.factories import TeamFactory, make_administrator, make_agent, make_lead, make_manager
from outbox import clock
from outbox.models import Delivery, Intent

pytestmark = pytest.mark.django_db
PASSWORD = "a long sentence is good"


@pytest.fixture
def invited():
    return invite()


def invite(email="new@example.org"):
    return services.invite_user(
        actor=make_administrator(),
        email=email,
        name="New",
        role=Role.objects.get(code="agent"),
        team=TeamFactory(),
        language="en",
        now=clock.now(),
    )


def accept(client, token, **more):
    return client.post(f"/invitation/{token}/", {"name": "New", "password": PASSWORD, **more})


def test_the_mailed_link_sets_the_password_once(client, invited):
    intent = Intent.objects.get(kind="account.invitation")
    notice = Invitation()
    assert [r.address for r in notice.recipients(intent, clock.now())] == ["new@example.org"]
    link = notice.context([intent], Delivery(user=invited), clock.now())["link"]
    assert link.startswith("http://127.0.0.1:8000/invitation/")
    token = link.rstrip("/").rpartition("/")[2]
    assert token not in str(list(Intent.objects.values()))
    before = User.objects.values().get(pk=invited.pk)
    assert client.get(f"/invitation/{token}/").status_code == 200
    assert User.objects.values().get(pk=invited.pk) == before  # a mail scanner's GET changes nothing
    assert accept(client, token).status_code == 302
    person = User.objects.get(pk=invited.pk)
    assert person.check_password(PASSWORD)
    assert person.role_codes >= {"agent"}
    assert accept(Client(), token).status_code == 404
    assert Client().get(f"/invitation/{token}/").status_code == 404
    assert notice.recipients(intent, clock.now()) == []  # a repeated delivery mails nothing more


@pytest.mark.parametrize("token", ["%20", "%", "*", "x", "1-1-" + "0" * 64, "-", "..%2f..", "%00", "0" * 5000])
def test_anything_else_is_not_found(client, invited, token):
    assert client.get(f"/invitation/{token}/").status_code == 404
    assert accept(client, token).status_code == 404
    assert not User.objects.get(pk=invited.pk).has_usable_password()


def test_an_empty_token_is_not_found(client, invited):
    for path in ("/invitation/", "/invitation//"):
        assert client.get(path).status_code == 404
        assert client.post(path, {"password": PASSWORD, "name": "x"}).status_code == 404


def test_expired_changed_and_somebody_elses(client, invited):
    now = clock.now()
    old = invitation_token(user=invited, now=now - INVITATION_LIFE - timedelta(minutes=1))
    fresh = invitation_token(user=invited, now=now - INVITATION_LIFE + timedelta(minutes=1))
    future = invitation_token(user=invited, now=now + timedelta(hours=1))
    other = invite("other@example.org")
    moved = fresh.replace(fresh.split("-")[0], invitation_token(user=other, now=now).split("-")[0], 1)
    for token in (old, future, moved, fresh[:-1] + ("0" if fresh[-1] != "0" else "1")):
        assert client.get(f"/invitation/{token}/").status_code == 404
    assert client.get(f"/invitation/{fresh}/").status_code == 200


def test_inviting_again_voids_the_first_link(client, invited):
    first = invitation_token(user=invited, now=clock.now())
    again = invite()
    assert again.pk == invited.pk
    assert client.get(f"/invitation/{first}/").status_code == 404
    assert client.get(f"/invitation/{invitation_token(user=again, now=clock.now())}/").status_code == 200


def test_deactivation_voids_the_link(client, invited):
    token = invitation_token(user=invited, now=clock.now())
    services.deactivate_user(actor=make_administrator(), user=invited, now=clock.now())
    assert client.get(f"/invitation/{token}/").status_code == 404


@pytest.mark.parametrize("password", ["short", "password123", "new@example.org"])
def test_weak_passwords_are_sent_back(client, invited, password):
    token = invitation_token(user=invited, now=clock.now())
    answer = accept(client, token, password=password)
    assert answer.status_code == 422
    assert answer.context["form"].errors["password"]
    assert client.get(f"/invitation/{token}/").status_code == 200


def test_sixty_four_and_more_characters_are_welcome(client, invited):
    token = invitation_token(user=invited, now=clock.now())
    assert accept(client, token, password="长密码 " * 40).status_code == 302


@pytest.mark.parametrize("make", [make_agent, make_lead])
def test_only_administrators_invite(make):
    with pytest.raises(PermissionDenied):
        services.invite_user(
            actor=make(TeamFactory()), email="x@example.org", name="x", role=Role.objects.first(), now=clock.now()
        )
    with pytest.raises(PermissionDenied):
        services.invite_user(
            actor=make_manager(), email="x@example.org", name="x", role=Role.objects.first(), now=clock.now()
        )
    assert not User.objects.filter(email="x@example.org").exists()


def test_who_signs_in_already_is_not_invited(invited):
    invited.set_password(PASSWORD)
    invited.save()
    with pytest.raises(ValidationError):
        invite()


def test_the_page_invites(client):
    admin = make_administrator()
    client.force_login(admin)
    role = Role.objects.get(code="agent")
    data = {"email": "Page@Example.org", "name": "Page", "role": role.pk, "team": TeamFactory().pk, "language": "en"}
    assert client.post("/desk/setup/invite/", data).status_code == 302
    assert User.objects.get(email="page@example.org").role_codes == {"agent", "customer"}
