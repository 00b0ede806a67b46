"""Saved views: kept, used, shared, replaced, deleted; what somebody else shares can be used and not changed."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import override

from accounts.models import Role, Team
from accounts.services import deactivate_user
from accounts.tests.factories import (
    OrganizationFactory,
    TeamFactory,
    make_administrator,
    make_agent,
    make_customer,
    make_lead,
)
from catalog.models import Module, Product, Tag, Version
from outbox import clock
from tickets.columns import AT_FIRST, COLUMNS
from tickets.desk import State
from tickets.models import SavedView, Ticket
from tickets.selectors.saved_views import teams_to_share_with
from tickets.services import saved_views as services
from tickets.tests.test_queue_page import QUEUE, fresh, numbers, signed_in

pytestmark = pytest.mark.django_db
SAVE = "/desk/views/save/"


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team, capacity=200)


def kept(owner, name="S only", team=None, **said) -> SavedView:
    """A saved view, made by the service."""
    state = State("due", {"severity": "S"}, "severity") if not said else State(**{"view": "due", "sort": "due", **said})
    return services.save_view(actor=owner, name=name, state=state, columns=AT_FIRST, team=team, now=clock.now())


def tab(response, name: str) -> dict | None:
    return next((tab for tab in response.context["tabs"] if tab["label"] == name), None)


def test_what_the_address_says_is_kept_and_stands_beside_the_others_with_its_count(agent, team):
    urgent = fresh(team, severity="S")
    fresh(team, severity="B")
    client = signed_in(agent)
    answer = client.post(f"{SAVE}?view=due&severity=S&sort=-updated", {"name": "  Only   S "})
    view = SavedView.objects.get()
    assert (view.name, view.view, view.filters, view.sort) == ("Only S", "due", {"severity": "S"}, "-updated")
    assert answer["Location"] == State.of(view).address
    page = client.get(answer["Location"])
    assert numbers(page) == [urgent.number]
    assert tab(page, "Only S")["count"] == 1
    assert tab(page, "Only S")["current"]
    assert page.context["is_changed"] is False
    assert tab(client.get(QUEUE), "Only S")["count"] == 1


def test_what_one_customer_submitted_is_kept_as_well(agent, team):
    customer = make_customer(OrganizationFactory())
    hers = fresh(team, requester=customer)
    fresh(team)
    answer = signed_in(agent).post(f"{SAVE}?view=all&requester={customer.pk}", {"name": "Hers"})
    assert SavedView.objects.get().filters == {"requester": str(customer.pk)}
    assert numbers(signed_in(agent).get(answer["Location"])) == [hers.number]


def test_a_changed_state_replaces_the_kept_one(agent, team):
    view, client = kept(agent), signed_in(agent)
    state = f"view=due&severity=A&sort=due&saved={view.pk}"
    page = client.get(f"{QUEUE}?{state}")
    assert page.context["is_changed"]
    client.post(f"/desk/views/{view.pk}/replace/?{state}")
    view.refresh_from_db()
    assert (view.filters, view.sort) == ({"severity": "A"}, "due")
    assert client.get(f"{QUEUE}?{state}").context["is_changed"] is False


def test_a_view_is_renamed_moved_and_deleted(agent):
    first, second, third = (kept(agent, name=name) for name in ("one", "two", "three"))
    client = signed_in(agent)
    client.post(f"/desk/views/{third.pk}/", {"name": "now first", "position": 1})
    assert list(SavedView.objects.values_list("name", flat=True)) == ["now first", "one", "two"]
    client.post(f"/desk/views/{first.pk}/delete/")
    assert set(SavedView.objects.all()) == {second, third}
    assert client.get(State.of(first).address).status_code == 200  # the address holds all that the view said


@pytest.mark.parametrize("name", ["", "   ", "s ONLY", "x" * 41])
def test_a_name_is_given_once_and_is_short(agent, name):
    kept(agent)
    response = signed_in(agent).post(f"{SAVE}?severity=B", {"name": name})
    assert response.status_code == 422
    assert response.context["form"].errors["name"]
    assert SavedView.objects.count() == 1


def test_nobody_keeps_more_than_some(agent):
    for n in range(services.MOST_OWN):
        kept(agent, name=f"view {n}")
    with override("en"), pytest.raises(ValidationError, match="Delete one first"):
        kept(agent, name="one more")


def test_the_database_demands_one_name_one_place_and_some_column(agent):
    row = {"owner": agent, "name": "a", "view": "due", "sort": "due", "columns": ["subject"], "created_at": clock.now()}
    SavedView.objects.create(**row, position=1)
    for wrong in (
        {"name": "A", "position": 2},
        {"name": "b", "position": 1},
        {"name": "c", "position": 3, "columns": []},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            SavedView.objects.create(**row | wrong)
            transaction.get_connection().check_constraints()


# ---- sharing --------------------------------------------------------------------------------------------------------


def test_what_a_lead_shares_stands_in_the_queues_of_the_team_alone(agent, team):
    lead, stranger = make_lead(team), make_agent(TeamFactory())
    urgent = fresh(team, severity="S")
    response = signed_in(lead).post(f"{SAVE}?severity=S", {"name": "Ours", "team": team.pk})
    assert response.status_code == 302
    view = SavedView.objects.get()
    page = signed_in(agent).get(State.of(view).address)
    assert tab(page, "Ours")["count"] == 1
    assert str(lead) in tab(page, "Ours")["note"]
    assert numbers(page) == [urgent.number]
    assert tab(signed_in(stranger).get(QUEUE), "Ours") is None


def test_a_shared_view_is_used_and_not_changed(agent, team):
    view, client = kept(make_lead(team), team=team), signed_in(agent)
    address = f"/desk/views/{view.pk}/"
    assert client.get(address).status_code == 404
    assert client.post(address, {"name": "mine now"}).status_code == 404
    assert client.post(f"{address}replace/?severity=B").status_code == 404
    assert client.post(f"{address}delete/").status_code == 404
    assert client.post(f"/desk/columns/?saved={view.pk}", {"column": ["due"]}).status_code == 404
    page = client.get(State.of(view).address)
    assert page.context["is_own"] is False
    assert address not in page.content.decode()
    now = clock.now()
    for change in (
        lambda: services.change_view(actor=agent, view=view, name="x", team=None, now=now),
        lambda: services.replace_view(actor=agent, view=view, state=State("due"), columns=AT_FIRST, now=now),
        lambda: services.delete_view(actor=agent, view=view, now=now),
        lambda: services.keep_columns(actor=agent, view=view, columns=["due"], now=now),
    ):
        with pytest.raises(PermissionDenied):
            change()
    unchanged = SavedView.objects.get()
    assert (unchanged.name, unchanged.filters, unchanged.columns) == (view.name, view.filters, view.columns)


def test_only_who_has_the_right_shares_and_only_with_teams_of_theirs(agent, team):
    lead, other = make_lead(team), TeamFactory()
    assert "team" not in signed_in(agent).get(SAVE).context["form"].fields
    assert list(signed_in(lead).get(SAVE).context["form"].fields["team"].queryset) == [team]
    assert signed_in(lead).post(f"{SAVE}?severity=S", {"name": "x", "team": other.pk}).status_code == 422
    for who, where in ((agent, team), (lead, other)):
        with pytest.raises(PermissionDenied):
            kept(who, team=where)
    # A role that holds everywhere carries the right for every team.
    assert set(teams_to_share_with(user=make_administrator())) == set(Team.objects.all())


def test_a_view_stays_shared_when_its_owner_loses_the_right(team):
    lead = make_lead(team)
    view = kept(lead, team=team)
    Role.objects.filter(code="lead").update(permissions=["workspace.enter", "ticket.view_team"])
    client = signed_in(lead)
    assert client.post(f"/desk/views/{view.pk}/", {"name": "still ours", "team": team.pk}).status_code == 302
    view.refresh_from_db()
    assert (view.name, view.team) == ("still ours", team)
    client.post(f"/desk/views/{view.pk}/", {"name": "mine"})
    view.refresh_from_db()
    assert view.team is None


def test_views_of_somebody_who_left_are_gone(agent, team):
    lead = make_lead(team)
    kept(lead, name="Ours", team=team)
    client = signed_in(agent)
    assert tab(client.get(QUEUE), "Ours")
    deactivate_user(actor=make_administrator(), user=lead, now=clock.now())
    assert tab(client.get(QUEUE), "Ours") is None


# ---- filters --------------------------------------------------------------------------------------------------------


@pytest.fixture
def described(team):
    """A ticket with all that can be filtered by, and a plain one."""
    product = Product.objects.create(code="hub", name="数据枢纽", name_en="DataHub")
    module = Module.objects.create(product=product, code="sync", name="同步", name_en="Sync")
    version = Version.objects.create(product=product, name="5.2")
    ticket = fresh(team, requester=make_customer(OrganizationFactory()))
    Ticket.objects.filter(pk=ticket.pk).update(module=module, version=version)
    ticket.tags.add(Tag.objects.create(name="热点", name_en="hot"), Tag.objects.create(name="夜班", name_en="night"))
    ticket.refresh_from_db()
    fresh(team)
    return ticket


def test_tag_module_version_and_organization_narrow(agent, described):
    client = signed_in(agent)
    for name, value in (
        ("tag", described.tags.first().pk),
        ("module", described.module_id),
        ("version", described.version_id),
        ("organization", described.organization_id),
    ):
        page = client.get(QUEUE, {name: value})
        assert numbers(page) == [described.number], name
        ((chip, without),) = page.context["chips"]
        assert (chip.name, chip.dead) == (name, False)
        assert f"{name}=" not in without
        assert chip.value in page.content.decode()
    assert "DataHub 5.2" in client.get(QUEUE).content.decode()


def test_the_next_deadline_narrows(agent, team):
    from datetime import timedelta

    from django.utils import timezone

    now = clock.now()
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    hours = {"late": -1, "soon": 1, "tomorrow": (midnight - now) / timedelta(hours=1) + 5, "never": None}
    rows = {}
    for word, hour in hours.items():
        rows[word] = fresh(team)
        due = None if hour is None else now + timedelta(hours=hour)
        Ticket.objects.filter(pk=rows[word].pk).update(next_due_at=due)
    client = signed_in(agent)
    found = {due: numbers(client.get(QUEUE, {"due": due})) for due in ("overdue", "soon", "today", "none")}
    assert found["overdue"] == [rows["late"].number]
    assert found["soon"] == [rows["soon"].number]
    assert set(found["today"]) <= {rows["soon"].number}  # an hour before midnight «soon» is tomorrow
    assert found["none"] == [rows["never"].number]


def test_a_filter_whose_value_is_gone_is_told(agent, described):
    tag = described.tags.first()
    view = kept(agent, name="Hot", filters={"tag": str(tag.pk), "severity": "B"})
    client = signed_in(agent)
    assert tab(client.get(QUEUE), "Hot")["count"] == 1
    tag.delete()
    page = client.get(State.of(view).address)
    assert page.status_code == 400
    assert "no longer there" in page.content.decode()
    assert [(chip.name, chip.dead) for chip, _without in page.context["chips"]] == [("severity", False), ("tag", True)]
    assert tab(client.get(QUEUE), "Hot")["count"] is None  # nor does it say «0» elsewhere
    without = next(address for chip, address in page.context["chips"] if chip.dead)
    mended = client.get(without)
    assert mended.status_code == 200
    assert mended.context["is_changed"]


def test_a_view_whose_words_a_later_version_no_longer_knows_still_opens(agent):
    view = kept(agent)
    SavedView.objects.filter(pk=view.pk).update(view="old", sort="old", filters={"old": "1"}, columns=["old"])
    client = signed_in(agent)
    view.refresh_from_db()
    page = client.get(State.of(view).address)
    assert page.status_code == 200
    assert list(page.context["show"]) == list(AT_FIRST)


# ---- columns --------------------------------------------------------------------------------------------------------


def test_columns_are_kept_per_person_and_the_subject_always_stands(agent, team):
    fresh(team)
    client, colleague = signed_in(agent), signed_in(make_agent(team))
    answer = client.post("/desk/columns/?view=due&severity=B", {"column": ["tags", "number", "nonsense"]})
    assert "severity=B" in answer["Location"]
    assert list(client.get(QUEUE).context["show"]) == ["number", "subject", "tags"]
    assert list(client.get("/desk/search/?q=qwx").context["show"]) == ["number", "subject", "tags"]
    assert list(colleague.get(QUEUE).context["show"]) == list(AT_FIRST)
    client.post("/desk/columns/")
    assert list(client.get(QUEUE).context["show"]) == list(AT_FIRST)


def test_a_saved_view_has_columns_of_its_own(agent, team):
    view, client = kept(agent), signed_in(agent)
    client.post(f"/desk/columns/?saved={view.pk}", {"column": ["team"]})
    assert list(client.get(State.of(view).address).context["show"]) == ["subject", "team"]
    assert list(client.get(QUEUE).context["show"]) == list(AT_FIRST)


def test_every_column_has_a_head_and_a_cell(agent, described, django_assert_max_num_queries):
    import re

    client = signed_in(agent)
    client.post("/desk/columns/", {"column": list(COLUMNS)})
    with django_assert_max_num_queries(12):
        html = client.get(QUEUE).content.decode()
    row = html.partition(f'<tr id="t{described.pk}"')[2].partition("</tr>")[0]
    picks = 1  # the column in which rows are chosen
    assert len(re.findall("<td", row)) == len(COLUMNS) + picks
    assert len(re.findall('<th scope="col"', html)) == len(COLUMNS) + picks
    for shown in (described.organization.label, "Sync", "hot", "night"):
        assert shown in row


def test_the_queries_do_not_grow_with_the_saved_views(agent, team, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = signed_in(agent)
    kept(agent, name="first")
    client.get(QUEUE)
    with CaptureQueriesContext(connection) as few:
        client.get(QUEUE)
    lead = make_lead(team)
    for n in range(6):
        kept(agent, name=f"own {n}", filters={"q": "kafka"})
        kept(lead, name=f"shared {n}", team=team)
    with django_assert_num_queries(len(few)):
        client.get(QUEUE)
