"""The checklist: items with owners, their order, templates, who is told, what resolving says of it."""

import threading

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connections

from accounts.tests.factories import TeamFactory, make_agent, make_manager
from catalog.models import Category
from outbox import clock
from outbox.models import Delivery
from outbox.resolving import resolve_due
from tickets.models import ChecklistTemplate, Ticket, TicketEvent
from tickets.services import checklist
from tickets.tests.factories import make_ticket
from tickets.tests.test_queue_page import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team)


@pytest.fixture
def ticket(team, agent):
    return make_ticket(team=team, assignee=agent, now=clock.now())


def address(ticket, action="") -> str:
    return f"/desk/tickets/{ticket.number}/{action}{'/' if action else ''}"


def texts(ticket) -> list[str]:
    return [item.text for item in ticket.checklist.all()]


def add(ticket, actor, *words, **more):
    return checklist.add_items(ticket=ticket, actor=actor, texts=words, **more)


def test_items_are_added_ticked_moved_and_taken_away_on_the_page(ticket, agent):
    client = signed_in(agent)
    for text in ("Ask for the log", "Read it"):
        client.post(address(ticket, "checklist-add"), {"text": text, "inline": "1"})
    first, second = ticket.checklist.all()
    html = client.get(address(ticket)).content.decode()
    assert html.count("0 of 2") == 2  # in the head and on the list
    press = address(ticket, "checklist-item")
    client.post(press, {"item": second.pk, "do": "up"})
    assert texts(ticket) == ["Read it", "Ask for the log"]
    client.post(press, {"item": first.pk, "do": "done"})
    assert "1 of 2" in client.get(address(ticket)).content.decode()
    first.refresh_from_db()
    assert first.done_by == agent
    client.post(press, {"item": first.pk, "do": "undone"})
    client.post(press, {"item": second.pk, "do": "remove"})
    assert texts(ticket) == ["Ask for the log"]
    codes = TicketEvent.objects.filter(ticket=ticket, code__startswith="ticket.checklist").order_by("pk")
    assert [row.code.rpartition(".")[2] for row in codes] == ["added", "added", "done", "undone", "removed"]
    assert client.post(press, {"item": second.pk, "do": "done"}).status_code == 422


def test_an_owner_is_one_who_may_work_it_and_is_told(ticket, agent, team):
    colleague, outsider = make_agent(team), make_agent(TeamFactory())
    (item,) = add(ticket, agent, "Read it")
    client = signed_in(agent)
    form = client.get(address(ticket, "checklist-owner"), {"item": item.pk}).content.decode()
    assert colleague.name in form
    assert outsider.name not in form
    client.post(address(ticket, "checklist-owner"), {"item": item.pk, "owner": colleague.pk})
    resolve_due(now=clock.now())
    assert Delivery.objects.get(intent__kind="ticket.checklist_item", channel="page").user == colleague
    with pytest.raises(ValidationError):
        checklist.set_owner(item=item, actor=agent, owner=outsider)
    with pytest.raises(PermissionDenied):
        checklist.set_done(item=item, actor=make_manager(), done=True)


def test_a_template_of_the_category_is_put_on_in_one_press(ticket, agent):
    category = Category.objects.create(code="sync", name="同步", name_en="Sync")
    ChecklistTemplate.objects.create(
        name="同步检查", name_en="Sync check", items=["Ask for the log", "Read it"], category=category
    )
    ChecklistTemplate.objects.create(name="别的", name_en="Other", items=["x"], is_active=False)
    client = signed_in(agent)
    assert "Sync check" not in client.get(address(ticket)).content.decode()
    Ticket.objects.filter(pk=ticket.pk).update(category=category)
    assert "Sync check" in client.get(address(ticket)).content.decode()
    put = {"template": ChecklistTemplate.objects.get(category=category).pk}
    client.post(address(ticket, "checklist-template"), put)
    assert texts(ticket) == ["Ask for the log", "Read it"]
    assert client.post(address(ticket, "checklist-template"), put).status_code == 422  # all of it is there


@pytest.mark.django_db(transaction=True)
def test_two_who_put_the_same_list_on_at_once_put_it_on_once(ticket, agent, team):
    template = ChecklistTemplate.objects.create(name="同步检查", items=["Ask for the log", "Read it "])
    gate, refused, errors = threading.Barrier(2), [], []

    def put_on(person):
        try:
            gate.wait(10)
            checklist.apply_template(ticket=ticket, actor=person, template=template)
        except ValidationError as refusal:
            refused.append(refusal.code)
        except Exception as error:  # noqa: BLE001 - told to the main thread, which fails
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=put_on, args=[person]) for person in (agent, make_agent(team))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not errors
    assert refused == ["present"]
    assert texts(ticket) == ["Ask for the log", "Read it"]


def test_resolving_with_open_items_warns_and_works(ticket, agent):
    add(ticket, agent, "Read it")
    client = signed_in(agent)
    assert "1 item of the checklist is not done." in client.get(address(ticket, "resolve")).content.decode()
    found = {"cause": "c", "solution": "s", "verification": "customer"}
    client.post(address(ticket, "resolve"), found)
    ticket.refresh_from_db()
    assert ticket.status == "resolved"
    assert client.post(address(ticket, "checklist-add"), {"text": "x"}).status_code == 404


def test_a_list_has_an_end(ticket, agent):
    add(ticket, agent, *(f"item {n}" for n in range(checklist.MOST_ITEMS)))
    with pytest.raises(ValidationError):
        add(ticket, agent, "one more")
