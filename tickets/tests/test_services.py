"""What the services of tickets write, and to whom it is told, in the corners that no page reaches easily."""

import hashlib
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from rest_framework.test import APIClient

from accounts.models import Role
from accounts.services import people
from accounts.tests.factories import TeamFactory, make_administrator, make_agent, make_customer, make_lead
from outbox import clock, delivery
from outbox.models import Delivery, Intent
from outbox.resolving import resolve_due
from tickets.models import AccessLink, Ticket, TicketEvent
from tickets.selectors.escalations import desk
from tickets.services import assigning, conversation, grades, lead, links, moves, retention
from tickets.services.attachments import kept
from tickets.services.locking import StaleTicket
from tickets.tests.factories import MONDAY, handed_over, make_ticket
from tickets.transitions import IllegalMove

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
FOUND = {"cause": "Full disk", "solution": "Cleaned it", "verification": "customer"}


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team)


@pytest.fixture
def team_lead(team):
    return make_lead(team)


def unassigned(team, **fields) -> Ticket:
    ticket = make_ticket(team=team, **fields)
    Ticket.objects.filter(pk=ticket.pk).update(assignee=None)
    ticket.refresh_from_db()
    return ticket


def test_an_accepted_contest_is_never_told_as_declined(team, agent, team_lead):
    """The agent may give the wanted grade while the lead still reads."""
    ticket = make_ticket(team=team, severity="B")
    row = grades.contest(ticket=ticket, actor=ticket.requester, wanted="A", reason="Many are hit", now=MONDAY)
    grades.regrade(ticket=ticket, actor=agent, severity="A", reason="Right", now=MONDAY + MINUTE)
    grades.decide_contest(row=row, actor=team_lead, accept=True, answer="You are right", now=MONDAY + 2 * MINUTE)
    row.refresh_from_db()
    assert row.state == "accepted"
    assert not Intent.objects.filter(kind="ticket.contest_declined").exists()
    assert Intent.objects.filter(kind="ticket.regraded").count() == 1


def contested(team) -> Ticket:
    ticket = make_ticket(team=team, severity="B")
    grades.contest(ticket=ticket, actor=ticket.requester, wanted="A", reason="Many are hit", now=MONDAY)
    return ticket


def test_an_undecided_contest_ends_with_the_resolution(team, agent, team_lead):
    ticket = contested(team)
    row = ticket.contests.get()
    assert row in desk(user=team_lead, now=MONDAY + MINUTE).contests
    moves.resolve_ticket(ticket=ticket, actor=agent, **FOUND, now=MONDAY + MINUTE)
    row.refresh_from_db()
    assert (row.state, row.decided_at, row.decided_by, row.answer) == ("lapsed", MONDAY + MINUTE, None, "")
    event = TicketEvent.objects.get(ticket=ticket, code="ticket.severity.lapsed")
    assert (event.actor, event.data) == (None, {"wanted": "A"})
    with pytest.raises(ValidationError) as refused:
        grades.decide_contest(row=row, actor=team_lead, accept=True, answer="You are right")
    assert refused.value.code == "decided"
    # Opened again, the customer may ask again, and an old request does not come back.
    moves.refute_solution(ticket=ticket, actor=ticket.requester, now=MONDAY + 2 * MINUTE)
    assert desk(user=team_lead, now=MONDAY + 2 * MINUTE).contests == []
    again = grades.contest(ticket=ticket, actor=ticket.requester, wanted="A", reason="Still", now=MONDAY + 3 * MINUTE)
    assert desk(user=team_lead, now=MONDAY + 3 * MINUTE).contests == [again]


def test_a_decided_contest_keeps_its_verdict(team, agent, team_lead):
    ticket = contested(team)
    row = ticket.contests.get()
    grades.decide_contest(row=row, actor=team_lead, accept=False, answer="It stays", now=MONDAY + MINUTE)
    moves.resolve_ticket(ticket=ticket, actor=agent, **FOUND, now=MONDAY + 2 * MINUTE)
    row.refresh_from_db()
    assert row.state == "declined"
    assert not TicketEvent.objects.filter(code="ticket.severity.lapsed").exists()


def test_contests_left_open_by_older_versions(team, agent):
    ticket, running = contested(team), contested(team)
    moves.resolve_ticket(ticket=ticket, actor=agent, **FOUND, now=MONDAY + MINUTE)
    ticket.contests.update(state="open", decided_at=None)
    import_module("tickets.migrations.0009_contest_lapses").lapse(apps, None)
    assert list(ticket.contests.values_list("state", "decided_at")) == [("lapsed", MONDAY + MINUTE)]
    assert running.contests.get().state == "open"


def test_who_resolves_what_nobody_has_is_on_record_as_having_taken_it(team, agent):
    ticket = unassigned(team)
    moves.resolve_ticket(ticket=ticket, actor=agent, **FOUND, now=MONDAY + MINUTE)
    assert Ticket.objects.get(pk=ticket.pk).assignee == agent
    taken = TicketEvent.objects.get(ticket=ticket, code="ticket.taken")
    assert (taken.actor, taken.data["assignee"]) == (agent, agent.pk)


def test_a_move_to_another_team_says_who_has_the_ticket_now(team, agent):
    ticket = make_ticket(team=team)
    other = TeamFactory()
    colleague = make_agent(other)
    handed_over(ticket=ticket, actor=agent, team=other, now=MONDAY + MINUTE)
    assert Ticket.objects.get(pk=ticket.pk).assignee == colleague
    assert TicketEvent.objects.get(ticket=ticket, code="ticket.team").data["assignee"] == colleague.pk


def test_who_is_called_in_from_another_team_answers_without_becoming_the_assignee(team, agent):
    ticket = unassigned(team)
    guest = make_agent(TeamFactory())
    lead.call_in(ticket=ticket, people=[guest], actor=agent, now=MONDAY)
    conversation.reply(ticket=ticket, actor=guest, body="Look at the index", now=MONDAY + MINUTE)
    assert Ticket.objects.get(pk=ticket.pk).assignee is None
    with pytest.raises(ValidationError):
        assigning.take(ticket=ticket, actor=guest, now=MONDAY + 2 * MINUTE)


def test_the_lead_hears_of_a_ticket_that_was_put_back(team, agent, team_lead):
    ticket = make_ticket(team=team, assignee=agent)
    assigning.assign(ticket=ticket, actor=agent, now=MONDAY + MINUTE)
    resolve_due(now=MONDAY + MINUTE)
    told = Delivery.objects.filter(intent__kind="ticket.unassigned").values_list("user", flat=True)
    assert set(told) == {team_lead.pk}


@pytest.mark.parametrize("by_customer", [True, False])
def test_a_customers_program_reads_why_it_is_graded_so_and_not_how_full_people_are(team, agent, by_customer):
    customer = make_customer()
    actor = customer if by_customer else agent
    client = APIClient()
    client.force_authenticate(actor)
    sent = {"subject": "Login", "description": "fails", "requester": {"email": customer.email}}
    answer = client.post("/api/v1/tickets/", sent, format="json")
    assert answer.status_code == 201
    codes = {reason["code"].partition(".")[0] for reason in answer.json()["reasons"]}
    assert codes == {"grading", "routing"} | (set() if by_customer else {"assignment"})


def test_a_resolved_ticket_cannot_be_taken(team, agent):
    ticket = make_ticket(team=team)
    moves.resolve_ticket(ticket=ticket, actor=agent, **FOUND, now=MONDAY + MINUTE)
    Ticket.objects.filter(pk=ticket.pk).update(assignee=None)
    with pytest.raises(ValidationError):
        assigning.take(ticket=ticket, actor=agent, now=MONDAY + 2 * MINUTE)


@pytest.mark.parametrize("has_lead", [True, False])
def test_somebody_reads_the_customer_when_the_assignee_has_left(team, agent, has_lead, django_user_model):
    ticket = make_ticket(team=team, assignee=agent)
    expected = make_lead(team) if has_lead else django_user_model.objects.create_superuser("root@example.com", name="R")
    agent.is_active = False
    agent.save(update_fields=["is_active"])
    conversation.customer_message(ticket=ticket, author=ticket.requester, body="Hello?", now=MONDAY + MINUTE)
    resolve_due(now=MONDAY + MINUTE)
    told = Delivery.objects.filter(intent__kind="ticket.customer_message").values_list("user", flat=True)
    assert set(told) == {expected.pk}


def test_tickets_of_who_left_are_handed_on_once(team, agent):
    ticket, done = make_ticket(team=team, assignee=agent), make_ticket(team=team, assignee=agent)
    moves.resolve_ticket(ticket=done, actor=agent, **FOUND, now=MONDAY + MINUTE)
    people.deactivate_user(actor=make_administrator(), user=agent, now=MONDAY + MINUTE)
    colleague = make_agent(team)
    assert (assigning.hand_on_orphans(), assigning.hand_on_orphans()) == (1, 0)
    ticket.refresh_from_db()
    assert ticket.assignee == colleague
    assert ticket.routing[0] == {"code": "assignment.left", "who": agent.name}
    event = TicketEvent.objects.filter(ticket=ticket, code="ticket.assigned").latest("pk")
    assert (event.actor, event.data["source"], event.data["assignee"]) == (None, agent.pk, colleague.pk)
    assert Ticket.objects.get(pk=done.pk).assignee == agent, "who resolved it stays on record"


def test_tickets_of_who_left_wait_in_the_queue_when_nobody_is_free(team, agent, team_lead):
    ticket = make_ticket(team=team, assignee=agent)
    people.deactivate_user(actor=make_administrator(), user=agent, now=MONDAY)
    type(team_lead).objects.filter(pk=team_lead.pk).update(on_duty=False)
    assert assigning.hand_on_orphans() == 1
    assert Ticket.objects.get(pk=ticket.pk).assignee is None
    intent = Intent.objects.filter(kind="ticket.unassigned").latest("pk")
    resolve_due(now=intent.created_at)
    told = Delivery.objects.filter(intent=intent).values_list("user", flat=True)
    assert set(told) == {team_lead.pk}, "never nobody"


def test_nobody_gets_their_own_problem(team):
    """A colleague has a problem too, and is the only one there: it waits in the queue."""
    colleague = make_agent(team)
    ticket = make_ticket(team=team, requester=colleague)
    assert ticket.assignee is None
    with pytest.raises(ValidationError):
        assigning.assign(ticket=ticket, actor=make_lead(team), assignee=colleague, now=MONDAY + MINUTE)
    with pytest.raises(ValidationError):
        assigning.take(ticket=ticket, actor=colleague, now=MONDAY + MINUTE)


def test_a_note_about_the_requester_does_not_reach_them(team, agent):
    colleague = make_agent(TeamFactory(), name="Zhang Wei")
    ticket = make_ticket(team=team, requester=colleague)
    conversation.add_note(ticket=ticket, actor=agent, body="@Zhang Wei misconfigured it", now=MONDAY + MINUTE)
    assert not ticket.participants.exists()
    assert not Intent.objects.filter(kind="ticket.mentioned").exists()


def test_the_right_to_assign_can_be_taken_away(team, agent):
    ticket, colleague, role = make_ticket(team=team), make_agent(team), Role.objects.get(code="agent")
    role.permissions.remove("ticket.assign")
    role.save()
    fresh = type(agent).objects.get(pk=agent.pk)
    with pytest.raises(PermissionDenied):
        assigning.assign(ticket=ticket, actor=fresh, assignee=colleague, now=MONDAY + MINUTE)


@pytest.mark.parametrize("deed", ["take over", "reassign"])
def test_a_lead_who_acts_has_acknowledged(team, agent, team_lead, deed):
    ticket = make_ticket(team=team, assignee=agent, severity="S")
    later = MONDAY + 31 * MINUTE
    if deed == "take over":
        assigning.take_over(ticket=ticket, actor=team_lead, now=later)
    else:
        assigning.assign(ticket=ticket, actor=team_lead, assignee=make_agent(team), now=later)
    row = ticket.escalations.get()
    assert (row.acknowledged_by, row.acknowledged_at, row.climbs_at) == (team_lead, later, None)
    assert TicketEvent.objects.filter(ticket=ticket, code="ticket.escalation.acknowledged").count() == 1


def test_who_missed_it_is_asked_in_the_bell(team, agent, team_lead):
    ticket = make_ticket(team=team, assignee=agent, severity="S")
    assigning.take_over(ticket=ticket, actor=team_lead, now=MONDAY + 31 * MINUTE)
    resolve_due(now=MONDAY + 31 * MINUTE)
    asked = Delivery.objects.get(intent__kind="ticket.missed")
    assert (asked.user, asked.channel) == (agent, "page")
    assert ticket.escalations.get().missed_by == agent


def test_a_program_that_moves_a_ticket_out_of_its_sight_is_told_that_it_worked(team, agent):
    ticket, other = make_ticket(team=team), TeamFactory()
    receiver = make_agent(other)
    handed_over(ticket=ticket, actor=agent, team=other)
    client = APIClient()
    client.force_authenticate(receiver)
    answer = client.post(f"/api/v1/tickets/{ticket.number}/ask-back/", {"question": "Which host?"}, format="json")
    assert answer.status_code == 204
    assert Ticket.objects.get(pk=ticket.pk).team == team


def test_a_revoked_answer_link_opens_nothing(team, agent):
    ticket = make_ticket(team=team)
    moves.resolve_ticket(ticket=ticket, actor=agent, **FOUND, now=MONDAY)
    token = links.answer_link(ticket=ticket, cycle=1).rstrip("/").rpartition("/")[2]
    assert links.open_answer_link(token) == (ticket, 1)
    links.revoke_status_links(ticket=ticket, actor=agent, now=MONDAY + MINUTE)
    assert links.open_answer_link(token) is None


def test_a_mail_that_waited_is_not_sent_to_who_may_not_read_it_any_more(team, agent):
    now = clock.now()
    ticket = make_ticket(team=team, assignee=agent, now=now)
    conversation.customer_message(ticket=ticket, author=ticket.requester, body="Secret", now=now)
    resolve_due(now=now)
    queued = Delivery.objects.get(intent__kind="ticket.customer_message", channel="mail")
    assert queued.user == agent
    people.deactivate_user(actor=make_administrator(), user=agent, now=now)
    delivery.run()
    queued.refresh_from_db()
    assert queued.state == "suppressed"


def test_a_customers_program_meets_the_limits_of_the_portal(team, monkeypatch):
    monkeypatch.setattr("tickets.limits.SUBMISSIONS_AN_HOUR", 1)
    monkeypatch.setattr("tickets.limits.ACTIONS_AN_HOUR", 1)
    customer = make_customer()
    client = APIClient()
    client.force_authenticate(customer)
    body = {"subject": "Login", "description": "fails", "requester": {"email": customer.email}}
    answers = [client.post("/api/v1/tickets/", body, format="json") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 429]
    assert answers[1]["Retry-After"]
    address = f"/api/v1/tickets/{answers[0].json()['number']}/messages/"
    assert [client.post(address, {"body": "Hello"}, format="json").status_code for _ in range(2)] == [201, 429]


def test_a_refused_answer_leaves_no_file_behind(team, agent, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    ticket = make_ticket(team=team)
    log = SimpleUploadedFile("app.log", b"line one")
    with pytest.raises(StaleTicket):
        conversation.reply(ticket=ticket, actor=agent, body="See", files=[log], revision=99, now=MONDAY + MINUTE)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    message = conversation.reply(ticket=ticket, actor=agent, body="See", files=[log], now=MONDAY + MINUTE)
    kept = message.attachments.get()
    assert kept.file.read() == b"line one"
    assert kept.sha256 == hashlib.sha256(b"line one").hexdigest()


def test_what_a_program_writes_is_marked_as_written_by_a_program(team, agent):
    ticket = make_ticket(team=team, assignee=agent)
    client = APIClient()
    client.force_authenticate(agent)
    base = f"/api/v1/tickets/{ticket.number}"
    for kind in ("note", "public"):
        assert client.post(f"{base}/messages/", {"kind": kind, "body": "Look"}, format="json").status_code == 201
    assert client.post(f"{base}/resolve/", FOUND, format="json").status_code == 200
    assert client.post(f"{base}/reopen/", {"reason": "Too early"}, format="json").status_code == 200
    written = ticket.messages.exclude(kind="customer").values_list("kind", "channel")
    assert sorted(written) == [("note", "api"), ("note", "api"), ("public", "api"), ("public", "api")]


@pytest.mark.parametrize("status", ["new", "open", "pending", "on_hold"])
def test_only_what_ended_is_reopened(status, team, agent):
    """From «new» to «open» is a legal move, but no second round of promises."""
    ticket = make_ticket(team=team, assignee=agent)
    if status != "new":
        conversation.reply(
            ticket=ticket, actor=agent, body="?", status=status, hold_reason="a part", now=MONDAY + MINUTE
        )
    with pytest.raises(IllegalMove):
        moves.reopen_ticket(ticket=ticket, actor=agent, reason="Again", now=MONDAY + 2 * MINUTE)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.cycle) == (status, 1)
    assert not ticket.messages.filter(body="Again").exists()


def test_the_first_event_says_where_a_ticket_began(team):
    """The history alone has to give the present state, so the team stands in it even when nobody was free."""
    ticket = make_ticket(team=team)
    event = TicketEvent.objects.get(ticket=ticket, code="ticket.created")
    assert ticket.assignee is None
    assert (event.data["team"], event.data["category"]) == (team.pk, None)


def test_who_revoked_the_private_links_is_on_record(team, agent):
    ticket = make_ticket(team=team)
    links.mint_status_link(ticket=ticket, user=ticket.requester, now=MONDAY)
    assert links.revoke_status_links(ticket=ticket, actor=agent, now=MONDAY + MINUTE) == 1
    event = TicketEvent.objects.get(ticket=ticket, code="ticket.links_revoked")
    assert (event.actor, event.data) == (agent, {"count": 1})


def test_a_colleagues_answer_long_after_closing_stays_the_colleagues(team, agent):
    customer = make_customer()
    colleague = make_customer(customer.organization, sees_organization=True)
    ticket = make_ticket(team=team, requester=customer)
    moves.resolve_ticket(ticket=ticket, actor=agent, **FOUND, now=MONDAY)
    moves.confirm_solution(ticket=ticket, actor=customer, now=MONDAY + MINUTE)
    message = conversation.customer_message(
        ticket=ticket, author=colleague, body="It is back", now=MONDAY + timedelta(days=20)
    )
    assert message.ticket.requester == customer
    assert message.author == colleague


def test_dead_links_are_forgotten_and_no_others(team):
    ticket = make_ticket(team=team)
    now = MONDAY + timedelta(days=200)
    for created in (MONDAY, now - timedelta(days=1)):
        links.mint_status_link(ticket=ticket, user=ticket.requester, now=created)
    assert {name: count for name, count in retention.prune(now=now).items() if count} == {"links": 1}
    assert not any(retention.prune(now=now).values())
    assert AccessLink.objects.get().expires_at > now


def test_a_large_file_is_there_too_when_the_service_is_done_anew(team, settings, tmp_path):
    """Django moves what it spooled to a file; what a deadlock rolled back has to find it again."""
    settings.MEDIA_ROOT = tmp_path
    ticket = make_ticket(team=team)
    upload = TemporaryUploadedFile("app.log", "text/plain", 4, None)
    upload.write(b"oops")
    upload.seek(0)
    with pytest.raises(RuntimeError), kept([upload]):
        raise RuntimeError
    message = conversation.customer_message(ticket=ticket, author=ticket.requester, body="Here", files=[upload])
    assert message.attachments.get().file.read() == b"oops"
