"""Setting one's quiet hours: the page, who may, and that half an answer is refused."""

from datetime import time

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from accounts import services
from accounts.models import User
from accounts.tests.factories import TeamFactory, UserFactory, make_administrator, make_agent, make_customer, make_lead
from outbox import clock

pytestmark = pytest.mark.django_db
PAGE = "/profile/quiet-hours/"
NIGHT = {"quiet_from": time(22), "quiet_until": time(7, 30)}


@pytest.fixture
def agent():
    return make_agent(TeamFactory(), time_zone="Europe/Berlin")


def hours_of(person: User) -> tuple:
    person.refresh_from_db()
    return person.quiet_from, person.quiet_until


def test_one_sets_ones_own_and_takes_them_away(client, agent):
    client.force_login(agent)
    assert client.post(PAGE, {"quiet_from": "22:00", "quiet_until": "07:30"}).status_code == 302
    assert hours_of(agent) == (time(22), time(7, 30))
    page = client.get("/profile/").text
    assert 'value="22:00"' in page
    assert "Europe/Berlin" in page
    client.post(PAGE, {"quiet_from": "", "quiet_until": ""})
    assert hours_of(agent) == (None, None)


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"quiet_from": "22:00"}, "quiet_until"),
        ({"quiet_until": "07:00"}, "quiet_from"),
        ({"quiet_from": "22:00", "quiet_until": "22:00"}, "quiet_until"),
        ({"quiet_from": "late", "quiet_until": "07:00"}, "quiet_from"),
    ],
)
def test_errors_stand_beside_the_field(client, agent, sent, field):
    client.force_login(agent)
    answer = client.post(PAGE, sent)
    assert answer.status_code == 422
    assert list(answer.context["quiet_form"].errors) == [field]
    assert hours_of(agent) == (None, None)


@pytest.mark.parametrize(("language", "words"), [("en", "Severity S wakes you"), ("zh-hans", "Asia/Shanghai")])
def test_both_languages(client, language, words):
    client.force_login(make_agent(TeamFactory(), language=language))
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    assert words in client.get("/profile/").text


def test_customers_have_none(client):
    client.force_login(make_customer())
    assert client.post(PAGE, {"quiet_from": "22:00", "quiet_until": "07:00"}).status_code == 404
    assert "quiet_from" not in client.get("/profile/").text


def test_an_administrator_sets_anybodys_and_a_lead_only_their_own(agent):
    now = clock.now()
    lead = make_lead(agent.grants[0].team)
    with pytest.raises(PermissionDenied):
        services.set_quiet_hours(actor=lead, user=agent, now=now, **NIGHT)
    services.set_quiet_hours(actor=lead, user=lead, now=now, **NIGHT)
    services.set_quiet_hours(actor=make_administrator(), user=agent, now=now, **NIGHT)
    assert hours_of(agent) == hours_of(lead) == (time(22), time(7, 30))
    with pytest.raises(ValidationError):
        services.set_quiet_hours(actor=agent, user=agent, now=now, quiet_from=time(22), quiet_until=None)


def test_the_administration_has_them_and_its_form_says_what_is_wrong(client, agent):
    client.force_login(make_administrator())
    address = f"/admin/accounts/user/{agent.pk}/change/"
    form = client.get(address).context["adminform"].form
    data = {name: form[name].value() or "" for name in form.fields}
    for prefix in ("memberships", "skill_levels"):
        data |= {f"{prefix}-TOTAL_FORMS": 0, f"{prefix}-INITIAL_FORMS": 0}
    data |= {"is_active": "on", "on_duty": "on", "sees_organization": ""}
    answer = client.post(address, data | {"quiet_from": "22:00"})
    assert "Quiet hours need a beginning" in answer.text
    assert client.post(address, data | {"quiet_from": "22:00", "quiet_until": "06:00"}).status_code == 302
    assert hours_of(agent) == (time(22), time(6))


@pytest.mark.parametrize("half", [{"quiet_from": time(22)}, {"quiet_from": time(22), "quiet_until": time(22)}])
def test_the_database_knows_whole_ones_only(half):
    with pytest.raises(IntegrityError, match="user_quiet_hours_whole"), transaction.atomic():
        UserFactory(**half)
