"""Many tickets at once: the service of one for each, refusals by number, undo where nobody touched the ticket since."""

import threading
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from accounts.tests.factories import TeamFactory, UserFactory, give_role, make_agent, make_customer, make_lead
from outbox import clock
from tickets.models import BulkEdit, Ticket, TicketEvent
from tickets.services import bulk, conversation, moves, properties
from tickets.tests.factories import make_ticket
from tickets.tests.test_queue_page import signed_in

pytestmark = pytest.mark.django_db
QUEUE = "/desk/"


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team, capacity=200)


@pytest.fixture
def lead(team):
    return make_lead(team)


def tickets_of(team, count, **fields):
    return [make_ticket(team=team, now=clock.now(), **fields) for _n in range(count)]


def edit(action, rows, actor, **values):
    return bulk.bulk_edit(tickets=rows, actor=actor, action=action, values=values)


def fresh(rows):
    return [Ticket.objects.get(pk=row.pk) for row in rows]


def codes(ticket):
    return list(TicketEvent.objects.filter(ticket=ticket).order_by("id").values_list("code", flat=True))


def test_each_ticket_changes_by_its_own_service_and_undo_is_a_change_of_its_own(agent, team):
    rows, colleague = tickets_of(team, 3, assignee=agent), make_agent(team)
    done = edit("assign", rows, agent, assignee=colleague, team=None)
    assert [entry["number"] for entry in done.changes] == [row.number for row in rows]
    assert {row.assignee for row in fresh(rows)} == {colleague}
    assert bulk.undo(edit=done, actor=agent).restored == [row.number for row in rows]
    assert {row.assignee for row in fresh(rows)} == {agent}
    assert codes(rows[0])[-3:] == ["ticket.assigned", "ticket.assigned", "ticket.bulk_undone"]


def test_one_that_refuses_is_told_by_number_and_the_others_go_on(agent, team):
    rows = tickets_of(team, 3, assignee=agent)
    moves.resolve_ticket(ticket=rows[1], actor=agent, cause="c", solution="s", verification="customer")
    done = edit("status", rows, agent, status="on_hold", reason="the vendor")
    assert [entry["number"] for entry in done.changes] == [rows[0].number, rows[2].number]
    assert [refusal["number"] for refusal in done.refusals] == [rows[1].number]
    assert done.refusals[0]["reason"]
    assert BulkEdit.objects.get(pk=done.pk).changes == done.changes
    assert [row.status for row in fresh(rows)] == ["on_hold", "resolved", "on_hold"]


def test_what_was_so_already_is_no_change(agent, team):
    colleague = make_agent(team)
    rows = tickets_of(team, 1, assignee=colleague)
    before = fresh(rows)[0].revision
    done = edit("assign", rows, agent, assignee=colleague, team=None)
    assert not done.changes
    assert done.refusals[0]["number"] == rows[0].number
    assert fresh(rows)[0].revision == before, "nothing is left of it"


def test_undo_leaves_alone_what_somebody_changed_meanwhile(agent, team, lead):
    rows, colleague = tickets_of(team, 2, assignee=agent), make_agent(team)
    done = edit("assign", rows, agent, assignee=colleague, team=None)
    conversation.add_note(ticket=rows[0], actor=lead, body="I looked at it.")
    undone = bulk.undo(edit=done, actor=agent)
    assert undone.restored == [rows[1].number]
    assert undone.left == [rows[0].number]
    assert [row.assignee for row in fresh(rows)] == [colleague, agent]


@pytest.mark.parametrize("held", [True, False])
def test_undo_brings_back_another_team_and_exactly_who_had_it(agent, team, held):
    rows, other = tickets_of(team, 1, assignee=agent), TeamFactory()
    make_agent(other)
    Ticket.objects.update(team=None, assignee=agent if held else None)  # from a team it goes by a hand-over
    done = edit("assign", rows, agent, assignee=None, team=other)
    assert fresh(rows)[0].team == other
    assert fresh(rows)[0].assignee is not None
    bulk.undo(edit=done, actor=agent)
    back = fresh(rows)[0]
    assert (back.team, back.assignee) == (None, agent if held else None)


def test_a_ticket_of_another_team_is_not_moved_without_a_note(agent, team):
    rows, other = tickets_of(team, 1, assignee=agent), TeamFactory()
    done = edit("assign", rows, agent, assignee=None, team=other)
    assert [one["number"] for one in done.refusals] == [rows[0].number] and fresh(rows)[0].team == team


@pytest.mark.parametrize("source", ["new", "pending", "on_hold"])
def test_undo_of_a_move_goes_back_where_the_ticket_stood(agent, team, source):
    rows = tickets_of(team, 1, assignee=agent)
    if source == "pending":
        conversation.reply(ticket=rows[0], actor=agent, body="Which version?", status="pending")
    if source == "on_hold":
        moves.set_status(ticket=rows[0], actor=agent, status="on_hold", reason="the vendor")
    done = edit("status", fresh(rows), agent, status="open")
    assert fresh(rows)[0].status == "open"
    bulk.undo(edit=done, actor=agent)
    back = fresh(rows)[0]
    assert (back.status, back.hold_reason) == (source, "the vendor" if source == "on_hold" else "")


def test_undo_of_a_grade_tells_the_customer_in_their_language(agent, team):
    rows = tickets_of(team, 1, assignee=agent)
    Ticket.objects.update(language="en")
    done = edit("regrade", fresh(rows), agent, severity="A", reason="Many wait.")
    bulk.undo(edit=done, actor=agent)
    assert fresh(rows)[0].severity == "B"
    assert rows[0].messages.order_by("-id")[0].body.startswith("The severity was changed by mistake")


def test_tags_come_and_go_beside_the_others(agent, team):
    rows = tickets_of(team, 2, assignee=agent)
    properties.set_properties(ticket=rows[0], actor=agent, tags=["old", "kept"])
    done = edit("tags", rows, agent, add=["fresh"], remove=["OLD"])
    assert {tag.name for tag in rows[0].tags.all()} == {"kept", "fresh"}
    assert {tag.name for tag in rows[1].tags.all()} == {"fresh"}
    bulk.undo(edit=done, actor=agent)
    assert {tag.name for tag in rows[0].tags.all()} == {"kept", "old"}
    assert not rows[1].tags.exists()


def test_undo_is_for_its_actor_once_and_for_a_while(agent, team, lead):
    rows, now = tickets_of(team, 1, assignee=agent), clock.now()
    done = edit("status", rows, agent, status="open")
    with pytest.raises(PermissionDenied):
        bulk.undo(edit=done, actor=lead)
    with override("en"), pytest.raises(ValidationError, match="too long ago"):
        bulk.undo(edit=done, actor=agent, now=now + bulk.UNDO_FOR + timedelta(minutes=1))
    bulk.undo(edit=done, actor=agent)
    with override("en"), pytest.raises(ValidationError, match="already"):
        bulk.undo(edit=BulkEdit.objects.get(pk=done.pk), actor=agent)


def test_rights_hold_for_each_ticket(team):
    expert, rows = give_role(UserFactory(), "rnd"), tickets_of(team, 1)
    done = edit("status", rows, expert, status="open")
    assert not done.changes
    assert fresh(rows)[0].status == "new"


def test_a_hundred_at_most_and_one_at_least(agent, team):
    row = tickets_of(team, 1)[0]
    for rows in ([], [row] * (bulk.MOST + 1)):
        with pytest.raises(ValidationError):
            edit("status", rows, agent, status="open")
    assert not BulkEdit.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_undo_and_a_colleague_at_once_never_lose_the_colleagues_change():
    """Both stand at the ticket's lock; whoever is second sees what the first did."""
    team = TeamFactory()
    agent, colleague, third = make_agent(team), make_agent(team), make_agent(team)
    rows = tickets_of(team, 2, assignee=agent)
    done = edit("assign", rows, agent, assignee=colleague, team=None)
    gate, errors, results = threading.Barrier(2), [], []

    def run(work):
        try:
            gate.wait(10)
            results.append(work())
        except Exception as error:  # noqa: BLE001 - told to the main thread, which fails
            errors.append(error)
        finally:
            connections.close_all()

    def by_colleague():
        return edit("assign", rows, colleague, assignee=third, team=None)

    def take_back():
        return bulk.undo(edit=done, actor=agent)

    threads = [threading.Thread(target=run, args=[work]) for work in (by_colleague, take_back)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not errors
    assert {row.assignee for row in fresh(rows)} == {third}, "the colleague's word is the last one in any order"
    undone = next(result for result in results if isinstance(result, bulk.Undone))
    assert len(undone.restored) + len(undone.left) == 2


@pytest.mark.django_db(transaction=True)
def test_undo_twice_at_once_restores_each_ticket_once():
    team = TeamFactory()
    agent, colleague = make_agent(team), make_agent(team)
    rows = tickets_of(team, 2, assignee=agent)
    done = edit("assign", rows, agent, assignee=colleague, team=None)
    gate, restored, errors = threading.Barrier(2), [], []

    def take_back():
        try:
            row = BulkEdit.objects.get(pk=done.pk)
            gate.wait(10)
            restored.extend(bulk.undo(edit=row, actor=agent).restored)
        except Exception as error:  # noqa: BLE001 - told to the main thread, which fails
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=take_back) for _n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not errors
    assert sorted(restored) == sorted(row.number for row in rows)
    assert [codes(row).count("ticket.bulk_undone") for row in rows] == [1, 1]


# The pages


def test_without_a_script_the_choice_becomes_a_page_and_the_queue_offers_undo(agent, team):
    rows, client = tickets_of(team, 2, assignee=agent), signed_in(agent)
    page = client.get(QUEUE).content.decode()
    assert page.count("data-pick ") == 2
    chosen = {"t": [row.number for row in rows], "back": "/desk/?view=mine"}
    form = client.get("/desk/bulk/status/", chosen)
    assert rows[1].number in form.content.decode()
    answer = client.post("/desk/bulk/status/", chosen | {"status": "open"})
    assert answer["Location"] == "/desk/?view=mine"
    done = BulkEdit.objects.get()
    undo = reverse("workspace:bulk-undo", args=[done.pk])
    assert undo in client.get(QUEUE).content.decode()
    assert client.post(undo, {"back": "//evil.example/"})["Location"] == QUEUE
    assert [row.status for row in fresh(rows)] == ["new", "new"]
    assert undo not in client.get(QUEUE).content.decode()


def test_with_a_script_the_rows_come_back_as_they_stand(agent, team):
    rows, other, client = tickets_of(team, 2, assignee=agent), TeamFactory(), signed_in(agent)
    make_agent(other)
    Ticket.objects.update(team=None)
    said = {"t": [row.number for row in rows], "to": f"t{other.pk}"}
    answer = client.post("/desk/bulk/assign/", said, HTTP_HX_REQUEST="true")
    page = answer.content.decode()
    assert f'id="t{rows[0].pk}" hx-swap-oob="delete"' in page, "out of sight: the row goes"
    assert "bulk:done" in answer["HX-Trigger"]
    undone = client.post(reverse("workspace:bulk-undo", args=[BulkEdit.objects.get().pk]), HTTP_HX_REQUEST="true")
    assert undone.content.decode().count("data-row") == 2
    assert {row.team for row in fresh(rows)} == {None}


def test_the_dialog_asks_for_what_the_move_needs(agent, team):
    row, client = tickets_of(team, 1, assignee=agent)[0], signed_in(agent)
    for action, said in (
        ("status", {"status": "on_hold"}),
        ("status", {"status": "pending"}),
        ("regrade", {"severity": "A"}),
        ("tags", {}),
        ("assign", {}),
    ):
        assert client.post(f"/desk/bulk/{action}/", {"t": row.number} | said).status_code == 422
    assert not BulkEdit.objects.exists()


def test_what_one_does_not_see_is_not_there(agent, team):
    foreign, client = tickets_of(TeamFactory(), 1)[0], signed_in(agent)
    assert not client.get("/desk/bulk/status/", {"t": foreign.number}).context["form"].tickets
    assert client.post("/desk/bulk/status/", {"t": foreign.number, "status": "open"}).status_code == 422
    assert client.get("/desk/bulk/nonsense/").status_code == 404
    assert signed_in(make_customer()).get("/desk/bulk/status/").status_code == 404


def test_the_list_of_people_says_load_and_duty_in_a_constant_number_of_queries(agent, team):
    rows, client = tickets_of(team, 3, assignee=agent), signed_in(agent)

    def queries():
        with CaptureQueriesContext(connection) as seen:
            answer = client.get("/desk/bulk/assign/", {"t": [row.number for row in rows]}, HTTP_HX_REQUEST="true")
        assert answer.status_code == 200
        return answer.content.decode(), len(seen)

    page, before = queries()
    assert "3 / 200" in page
    for _n in range(3):
        make_agent(team)
    make_agent(team, on_duty=False)
    page, after = queries()
    assert page.count("lead-person lead-away") == 1
    assert before == after


# The API


def send(client, path, **body):
    return client.post(f"/api/v1/tickets/bulk/{path}", body, content_type="application/json")


def test_a_program_changes_many_and_takes_them_back(agent, team):
    rows, client = tickets_of(team, 2, assignee=agent), signed_in(agent)
    asked = [*(row.number for row in rows), "T999999"]
    answer = send(client, "", tickets=asked, status={"status": "open"}).json()
    assert answer["changed"] == asked[:2]
    assert [refusal["number"] for refusal in answer["refused"]] == ["T999999"]
    again = send(client, "", tickets=asked[:2], status={"status": "open"}).json()
    assert again["changed"] == [], "sent again it does no harm"
    undone = send(client, f"{answer['id']}/undo/").json()
    assert undone == {"restored": asked[:2], "left": []}
    assert send(signed_in(make_lead(team)), f"{answer['id']}/undo/").status_code == 404


def test_a_program_names_exactly_one_change(agent, team):
    row, client = tickets_of(team, 1)[0], signed_in(agent)
    for body in ({}, {"status": {"status": "open"}, "tags": {"add": ["x"]}}, {"nonsense": {}}, {"regrade": {}}):
        assert send(client, "", tickets=[row.number], **body).status_code == 400
    too_many = [f"T{n}" for n in range(bulk.MOST + 1)]
    assert send(client, "", tickets=too_many, status={"status": "open"}).status_code == 400
    assert send(signed_in(make_customer()), "", tickets=[row.number]).status_code == 403
