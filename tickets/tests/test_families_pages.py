"""Links, incidents, splitting and undoing by the ticket page and the API, and who sees what of it."""

import re

import pytest
from django.utils import translation

from accounts.tests.factories import OrganizationFactory, TeamFactory, make_agent, make_customer
from outbox import clock
from tickets.models import Announcement, Ticket, TicketLink
from tickets.services.conversation import customer_message
from tickets.services.linking import link_tickets, set_parent
from tickets.services.links import mint_status_link
from tickets.services.merging import merge_ticket
from tickets.services.moves import resolve_ticket
from tickets.services.splitting import split_ticket
from tickets.tests.factories import make_ticket
from tickets.tests.test_merging_pages import in_language, program
from tickets.tests.test_queue_page import signed_in
from tickets.timeline import entries

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
FOUND = {"cause": "c", "solution": "Restart it.", "verification": "customer"}


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def agent(team):
    return make_agent(team)


@pytest.fixture
def make(team, agent):
    def ticket(subject="Export stops", **fields):
        team.refresh_from_db()
        given = {"team": team, "assignee": agent, "language": "en", "now": clock.now(), **fields}
        return make_ticket(subject=subject, **given)

    return ticket


@pytest.fixture
def desk(agent):
    return in_language(signed_in(agent), "en")


def panel(desk, ticket) -> str:
    page = desk.get(f"/desk/tickets/{ticket.number}/").content.decode()
    return page[page.index('id="panel-family"') :].split("</section>")[0]


def act(desk, ticket, action, data, **more):
    return desk.post(f"/desk/tickets/{ticket.number}/{action}/", data, headers=HTMX, **more)


# ---- links and incidents --------------------------------------------------------------------------------------------


def test_a_ticket_that_stands_alone_says_so(desk, make):
    assert "Linked to no other ticket." in panel(desk, make())


@pytest.mark.parametrize(
    ("kind", "here", "there"),
    [
        ("related", "Related to", "Related to"),
        ("duplicate", "Duplicate of", "Has the duplicate"),
        ("blocks", "Blocks", "Blocked by"),
        ("blocked", "Blocked by", "Blocks"),
        ("part", "Part of", "Tickets below"),
        ("incident", "Tickets below", "Part of"),
    ],
)
def test_a_link_is_made_and_taken_away_by_the_page(desk, make, kind, here, there):
    one, two = make("One here"), make("Two there")
    assert act(desk, one, "link", {"kind": kind, "numbers": two.number.lower()}).status_code == 200
    for ticket, other, words in ((one, two, here), (two, one, there)):
        shown = panel(desk, ticket)
        assert words in shown and other.subject in shown
    child = two if kind == "incident" else one
    name = re.search(r'name="other" value="(\w+)"', panel(desk, child))[1]
    assert act(desk, child, "unlink", {"other": name}).status_code == 200
    assert two.subject not in panel(desk, one) and one.subject not in panel(desk, two)


def test_several_at_once_and_what_is_wrong_beside_the_field(desk, make):
    one, others = make(), [make(f"Case {n}") for n in range(3)]
    numbers = f"{others[0].number}, {others[1].number}，{others[2].number}"
    assert act(desk, one, "link", {"kind": "incident", "numbers": numbers}).status_code == 200
    assert Ticket.objects.filter(parent=one).count() == 3
    foreign = make("Foreign", team=TeamFactory(), assignee=None)
    for kind, named in (
        ("related", foreign.number), ("related", "nonsense"), ("related", one.number),
        ("part", numbers), ("part", others[0].number), ("related", ""),
    ):  # fmt: skip
        answer = act(desk, one, "link", {"kind": kind, "numbers": named})
        assert answer.status_code == 422, (kind, named)
        assert "field-error" in answer.content.decode() or "errorlist" in answer.content.decode()
    assert not TicketLink.objects.exists()


def test_the_other_teams_ticket_is_not_shown(desk, make, agent):
    here, foreign = make("Here"), make("Secret word")
    link_tickets(ticket=here, others=[foreign], kind="related", actor=agent)
    set_parent(tickets=[here], parent=foreign, actor=agent)
    Ticket.objects.filter(pk=foreign.pk).update(team=TeamFactory(), assignee=None)
    shown = panel(desk, here)
    assert "Secret word" not in shown
    assert "of another team" in shown


def test_the_customer_sees_nothing_of_links_and_incidents(make, agent):
    customer = make_customer(OrganizationFactory())
    ticket, incident = make(requester=customer), make("The incident")
    link_tickets(ticket=ticket, others=[incident], kind="related", actor=agent)
    set_parent(tickets=[ticket], parent=incident, actor=agent)
    page = signed_in(customer).get(f"/tickets/{ticket.number}/").content.decode()
    assert incident.number not in page


def test_every_event_has_its_sentence(make, agent, desk):
    one, two = make(requester=make_customer()), make()
    [link] = link_tickets(ticket=one, others=[two], kind="blocks", actor=agent)
    set_parent(tickets=[two], parent=one, actor=agent)
    act(desk, one, "tell_children".replace("_", "-"), {"words": "News"})
    message = customer_message(ticket=one, author=one.requester, body="More")
    new = split_ticket(ticket=one, messages=[message], subject="s", actor=agent)
    with translation.override("en"):
        said = [line.text for row in (one, two, new) for line in entries(row.events.all())]
    for words in (f"linked: blocks {two.number}", f"linked: blocked by {one.number}", f"made {two.number} part of",
                  f"part of {one.number}", "told 1 ticket below", f"split a message into {new.number}",
                  f"split from {one.number}"):  # fmt: skip
        assert any(words in line for line in said), words
    assert not any("ticket." in line for line in said)
    assert link.pk


def test_the_panel_asks_as_often_for_many_as_for_few(desk, make, agent, django_assert_max_num_queries):
    incident = make()
    cases = [make(f"Case {n}") for n in range(12)]
    set_parent(tickets=cases, parent=incident, actor=agent)
    link_tickets(ticket=incident, others=cases, kind="related", actor=agent)
    desk.get(f"/desk/tickets/{incident.number}/")
    with django_assert_max_num_queries(20):
        desk.get(f"/desk/tickets/{incident.number}/")


# ---- telling all ----------------------------------------------------------------------------------------------------


def test_the_incident_tells_and_resolves_all(desk, make, agent):
    incident, cases = make("The incident"), [make(f"Case {n}") for n in range(2)]
    set_parent(tickets=cases, parent=incident, actor=agent)
    form = desk.get(f"/desk/tickets/{incident.number}/tell-children/", headers=HTMX).content.decode()
    assert "2 open tickets are part of this one." in form
    revision = re.search(r'name="revision" value="(\d+)"', form)[1]
    sent = {"words": "We found it.", "revision": revision}
    assert act(desk, incident, "tell-children", sent).status_code == 200
    assert act(desk, incident, "tell-children", sent).status_code == 422  # the same form again
    assert "Told below: 2 of 2" in panel(desk, incident)
    assert [case.messages.filter(kind="public").count() for case in cases] == [1, 1]
    resolve_ticket(ticket=incident, actor=agent, **FOUND)
    page = desk.get(f"/desk/tickets/{incident.number}/").content.decode()
    assert "2 tickets below are still open" in page
    assert "Restart it." in desk.get(f"/desk/tickets/{incident.number}/resolve-children/").content.decode()
    assert act(desk, incident, "resolve-children", {"words": "It runs."}).status_code == 200
    assert "Resolved below: 2 of 2" in panel(desk, incident)
    for case in cases:
        case.refresh_from_db()
        assert case.status == "resolved"
    assert act(desk, incident, "resolve-children", {"words": "It runs."}).status_code == 422
    assert Announcement.objects.count() == 2


def test_what_failed_is_named(desk, make, agent):
    incident, case, foreign = make("The incident"), make("Case"), make("Foreign")
    set_parent(tickets=[case, foreign], parent=incident, actor=agent)
    Ticket.objects.filter(pk=foreign.pk).update(team=TeamFactory(), assignee=None)
    form = desk.get(f"/desk/tickets/{incident.number}/tell-children/", headers=HTMX).content.decode()
    assert "1 more belongs to a team that you do not work for" in form
    act(desk, incident, "tell-children", {"words": "News"})
    shown = panel(desk, incident)
    assert "Told below: 1 of 2" in shown
    assert foreign.number in shown and "You do not work on this ticket." in shown


# ---- splitting ------------------------------------------------------------------------------------------------------


def test_a_message_is_split_by_its_menu(desk, make):
    customer = make_customer(OrganizationFactory())
    ticket = make(requester=customer)
    asked = customer_message(ticket=ticket, author=customer, body="The printer smokes\nsince Monday")
    path = f"/desk/tickets/{ticket.number}/split/"
    page = desk.get(f"/desk/tickets/{ticket.number}/").content.decode()
    assert f"{path}?first={asked.pk}" in page
    form = desk.get(f"{path}?first={asked.pk}", headers=HTMX).content.decode()
    assert 'value="The printer smokes"' in form
    assert re.search(rf'value="{asked.pk}"[^>]*checked', form)
    answer = act(desk, ticket, "split", {"messages": [asked.pk], "subject": "Printer"})
    new = Ticket.objects.latest("pk")
    assert f"it goes on in {new.number}" in answer.headers["HX-Trigger"]
    assert f"continued in {new.number}" in answer.content.decode()
    assert f"from {ticket.number}" in desk.get(f"/desk/tickets/{new.number}/").content.decode()
    mine = in_language(signed_in(customer), "en").get(f"/tickets/{ticket.number}/").content.decode()
    assert "The printer smokes" in mine
    assert f'href="/tickets/{new.number}/"' in mine
    link = re.sub(r"^https?://[^/]+", "", mint_status_link(ticket=ticket, user=customer, now=clock.now()))
    by_link = in_language(signed_in(make_customer()), "en").get(link).content.decode()
    assert f"continued in {new.number}" in by_link and f'href="/tickets/{new.number}/"' not in by_link
    for wrong in ({"messages": [asked.pk], "subject": "s"}, {"messages": [], "subject": "s"}, {"messages": ["x"]}):
        assert act(desk, ticket, "split", wrong).status_code == 422
    assert desk.get(f"{path}?first=nonsense").status_code == 200


# ---- undoing a merge ------------------------------------------------------------------------------------------------


def test_a_merge_is_undone_by_the_page(desk, make, agent):
    customer = make_customer(OrganizationFactory())
    source, target = make("Source", requester=customer, description="old words"), make("Target", requester=customer)
    merge_ticket(ticket=source, into=target, actor=agent, words="Both go on here.")
    assert f"from {source.number}" in desk.get(f"/desk/tickets/{target.number}/").content.decode()
    assert "Merged into this one" in panel(desk, target)
    page = desk.get(f"/desk/tickets/{source.number}/").content.decode()
    assert f"/desk/tickets/{source.number}/unmerge/" in page
    form = desk.get(f"/desk/tickets/{source.number}/unmerge/", headers=HTMX).content.decode()
    assert f"{source.number} is about another problem after all." in form
    assert act(desk, source, "unmerge", {"words": "By itself."}).status_code == 200
    assert "old words" in desk.get(f"/desk/tickets/{source.number}/").content.decode()
    assert desk.get(f"/desk/tickets/{source.number}/unmerge/").status_code == 404
    mine = in_language(signed_in(customer), "en").get(f"/tickets/{source.number}/").content.decode()
    assert "By itself." in mine and "Automatic message" in mine


# ---- the API --------------------------------------------------------------------------------------------------------


def test_a_program_links_adopts_and_tells(client, make, agent):
    incident, case, other = make("The incident"), make("Case"), make("Other")
    linked = program(client, agent, f"{incident.number}/link", {"kind": "blocks", "other": other.number})
    assert linked.status_code == 200
    [row] = linked.json()["links"]
    assert (row["kind"], row["inward"], row["ticket"]["number"]) == ("blocks", False, other.number)
    assert program(client, agent, f"{other.number}/family").json()["links"][0]["inward"] is True
    assert program(client, agent, f"{other.number}/unlink", {"id": row["id"] + 1}).status_code == 404
    assert program(client, agent, f"{other.number}/unlink", {"id": row["id"]}).json()["links"] == []
    below = program(client, agent, f"{case.number}/part-of", {"part_of": incident.number})
    assert below.json()["part_of"] == incident.number
    wrong = program(client, agent, f"{case.number}/part-of", {"part_of": "T999999999"})
    assert (wrong.status_code, "part_of" in wrong.text) == (400, True)
    told = program(client, agent, f"{incident.number}/tell-children", {"words": "News"}).json()
    assert (told["told"]["kind"], told["told"]["counts"]) == ("reply", {"done": 1})
    assert [row["number"] for row in told["children"]] == [case.number]
    resolve_ticket(ticket=incident, actor=agent, **FOUND)
    done = program(client, agent, f"{incident.number}/resolve-children", {"words": "It runs."}).json()
    assert (done["told"]["kind"], done["children"][0]["status"]) == ("resolution", "resolved")
    assert program(client, agent, f"{case.number}/part-of", {"part_of": ""}).json()["part_of"] is None


def test_a_program_splits_and_undoes(client, make, agent):
    customer = make_customer(OrganizationFactory())
    source, target = make("Source", requester=customer), make("Target", requester=customer)
    asked = customer_message(ticket=target, author=customer, body="Another thing")
    made = program(client, agent, f"{target.number}/split", {"messages": [asked.pk], "subject": "Thing"})
    assert (made.status_code, made.json()["subject"]) == (201, "Thing")
    again = program(client, agent, f"{target.number}/split", {"messages": [asked.pk], "subject": "Thing"})
    assert again.status_code == 400
    foreign = source.messages.get().pk
    assert program(client, agent, f"{target.number}/split", {"messages": [foreign], "subject": "s"}).status_code == 404
    merge_ticket(ticket=source, into=target, actor=agent, words="w")
    undone = program(client, agent, f"{source.number}/unmerge", {"words": "By itself."})
    assert (undone.status_code, undone.json()["merged_into"], undone.json()["status"]) == (200, None, "open")
    assert program(client, agent, f"{source.number}/unmerge", {"words": "w"}).status_code == 400


def test_a_customers_program_sees_no_incident(client, make, agent):
    customer = make_customer(OrganizationFactory())
    ticket, incident = make(requester=customer), make("The incident")
    set_parent(tickets=[ticket], parent=incident, actor=agent)
    assert "part_of" not in program(client, customer, ticket.number).json()
    assert program(client, customer, f"{ticket.number}/family").status_code == 403
