"""People: how they become known, who changes roles, duty and absences."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection

from accounts import services
from accounts.models import Absence, ApiToken, Membership, Role, User
from accounts.selectors import present
from accounts.services.people import stand_in
from accounts.tests.factories import (
    OrganizationFactory,
    TeamFactory,
    make_administrator,
    make_agent,
    make_customer,
    make_lead,
    make_manager,
)
from outbox import clock


def known(email="li@example.com", name="李雷", language="zh-hans"):
    return services.find_or_create_requester(email=email, name=name, language=language, now=clock.now())


@pytest.mark.django_db
class TestRequesters:
    def test_a_new_address_becomes_a_customer_who_cannot_sign_in(self):
        organization = OrganizationFactory(domain="Example.com")
        person = known(" Li@Example.COM ")
        assert (person.email, person.name, person.language) == ("li@example.com", "李雷", "zh-hans")
        assert person.role_codes == {"customer"}
        assert not person.has_usable_password()
        assert person.organization == organization
        assert not person.sees_organization  # naming a domain shows nobody's tickets

    def test_a_known_person_is_not_changed_by_a_form(self):
        first = known()
        again = known("LI@example.com", "Somebody Else", "en")
        assert again.pk == first.pk
        stored = User.objects.get(pk=first.pk)
        assert (stored.name, stored.language) == ("李雷", "zh-hans")

    def test_staff_who_submit_keep_their_roles(self):
        agent = make_agent(TeamFactory())
        assert known(agent.email).pk == agent.pk
        assert agent.memberships.count() == 1

    def test_nobody_claims_the_address_of_who_is_known_by_a_number_or_an_id(self):
        person = stand_in(key="phone-13800001111", name="Li Na", language="en")
        for email in (person.email.upper(), "phone-13800002222@stand-in.invalid"):
            with pytest.raises(ValidationError) as refused:
                known(email)
            assert "email" in refused.value.message_dict
        assert User.objects.filter(email__startswith="phone-").get() == person

    @pytest.mark.parametrize("email", ["", "x", "a@b@c.de", "a@x.de\r\nBcc: y@z.de", "a b@c.de"])
    def test_what_is_no_address_is_refused(self, email):
        with pytest.raises(ValidationError):
            known(email)

    @pytest.mark.parametrize(
        ("typed", "kept"),
        [("A\r\nBcc: x@y.z", "A Bcc: x@y.z"), ("\u202egnp.exe", "gnp.exe"), ("  ", "li"), ("名" * 300, "名" * 120)],
    )
    def test_names_are_one_clean_line(self, typed, kept):
        assert known(name=typed).name == kept

    def test_an_unknown_language_is_the_house_language(self):
        assert known(language="xx").language == "zh-hans"


@pytest.mark.django_db(transaction=True)
def test_parallel_forms_of_one_address_make_one_person():
    barrier = Barrier(8)

    def submit(number):
        try:
            barrier.wait()
            return known("Li@example.com" if number % 2 else "li@EXAMPLE.com").pk
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(submit, range(8)))
    assert len(ids) == 1
    assert User.objects.filter(email__iexact="li@example.com").count() == 1
    assert Membership.objects.filter(user_id=ids.pop()).count() == 1


@pytest.mark.django_db
class TestRoles:
    def test_nobody_but_an_administrator_changes_roles(self):
        team = TeamFactory()
        agent = make_agent(team)
        administrator = Role.objects.get(code="administrator")
        for actor in (agent, make_lead(team), make_manager(), make_customer()):
            with pytest.raises(PermissionDenied):
                services.grant_role(actor=actor, user=actor, role=administrator, team=None, now=clock.now())
            with pytest.raises(PermissionDenied):
                services.revoke_role(actor=actor, membership=agent.memberships.get(), now=clock.now())
            with pytest.raises(PermissionDenied):
                services.change_role_permissions(
                    actor=actor, role=Role.objects.get(code="agent"), permissions=["admin.configure"], now=clock.now()
                )
            with pytest.raises(PermissionDenied):
                services.deactivate_user(actor=actor, user=agent, now=clock.now())
        assert not Membership.objects.filter(role=administrator).exists()

    def test_somebody_is_left_to_set_the_system_up(self):
        only = make_administrator()
        with pytest.raises(ValidationError):
            services.revoke_role(actor=only, membership=only.memberships.get(), now=clock.now())
        with pytest.raises(ValidationError):
            services.change_role_permissions(
                actor=only, role=Role.objects.get(code="administrator"), permissions=[], now=clock.now()
            )
        with pytest.raises(ValidationError):
            services.deactivate_user(actor=only, user=only, now=clock.now())
        assert User.objects.get(pk=only.pk).may("admin.configure")
        second = make_administrator()
        services.revoke_role(actor=only, membership=second.memberships.get(), now=clock.now())

    def test_deactivation_ends_tokens(self):
        agent = make_agent(TeamFactory())
        services.issue_token(
            actor=agent, user=agent, name="x", scopes=["tickets:read"], expires_at=None, now=clock.now()
        )
        services.deactivate_user(actor=make_administrator(), user=agent, now=clock.now())
        assert not ApiToken.objects.filter(revoked_at__isnull=True).exists()


@pytest.mark.django_db
class TestDuty:
    def test_oneself_ones_lead_and_an_administrator_decide(self):
        team = TeamFactory()
        agent = make_agent(team)
        for actor in (agent, make_lead(team), make_administrator()):
            services.set_duty(actor=actor, user=agent, on_duty=False, now=clock.now())
        for actor in (make_lead(TeamFactory()), make_agent(team), make_customer()):
            with pytest.raises(PermissionDenied):
                services.set_duty(actor=actor, user=agent, on_duty=True, now=clock.now())
        assert not User.objects.get(pk=agent.pk).on_duty

    def test_an_absence_hides_from_assignment_until_called_off(self):
        agent, now = make_agent(TeamFactory()), clock.now()
        everybody = User.objects.filter(pk=agent.pk)
        absence = services.add_absence(
            actor=agent, user=agent, starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=1), now=now
        )
        assert not present(users=everybody, now=now).exists()
        services.remove_absence(actor=agent, absence=absence, now=now)
        assert present(users=everybody, now=now).exists()
        assert Absence.objects.get(pk=absence.pk).ends_at == now  # what was stays on record
        coming = services.add_absence(
            actor=agent, user=agent, starts_at=now + timedelta(days=1), ends_at=now + timedelta(days=2), now=now
        )
        services.remove_absence(actor=agent, absence=coming, now=now)
        assert not Absence.objects.filter(pk=coming.pk).exists()

    @pytest.mark.parametrize(("start", "end"), [(2, 1), (1, 1), (-2, -1)])
    def test_nonsense_is_refused(self, start, end):
        agent, now = make_agent(TeamFactory()), clock.now()
        with pytest.raises(ValidationError):
            services.add_absence(
                actor=agent,
                user=agent,
                starts_at=now + timedelta(hours=start),
                ends_at=now + timedelta(hours=end),
                now=now,
            )

    def test_the_profile_switches_and_enters(self, client):
        agent = make_agent(TeamFactory(), time_zone="Asia/Shanghai")
        client.force_login(agent)
        client.post("/profile/duty/", {"on_duty": "0"})
        assert not User.objects.get(pk=agent.pk).on_duty
        answer = client.post(
            "/profile/absences/", {"starts_at": "2090-01-01T09:00", "ends_at": "2090-01-02T09:00", "note": "休假"}
        )
        assert answer.status_code == 302
        absence = agent.absences.get()
        assert absence.starts_at.isoformat() == "2090-01-01T01:00:00+00:00"  # read in the person's zone
        client.force_login(make_agent(TeamFactory()))
        assert client.post(f"/profile/absences/{absence.pk}/remove/").status_code == 404
        client.force_login(make_customer())
        assert client.post("/profile/duty/", {"on_duty": "1"}).status_code == 404
