"""The administration: who gets in, that every page opens, and what its changes leave behind."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.models import Group

from accounts.models import Role, Team, User
from accounts.tests.factories import (
    TeamFactory,
    UserFactory,
    give_role,
    make_administrator,
    make_agent,
    make_customer,
    make_lead,
    make_manager,
)
from helpdesk.audit import changes_page
from outbox import clock
from sla.models import Clock, EscalationStep, Policy
from tickets.models import SeverityCell, TriageRule
from tickets.tests.factories import make_ticket

pytestmark = pytest.mark.django_db
AREAS = [
    "/admin/",
    "/admin/accounts/user/",
    "/admin/login/",
    "/desk/setup/",
    "/desk/setup/invite/",
    "/desk/setup/policies/",
    "/desk/audit/",
]


@pytest.mark.parametrize("area", AREAS)
def test_only_who_may_configure_gets_in(client, area):
    assert client.get(area)["Location"].startswith("/accounts/login/?next=")
    staff_flag = UserFactory(is_staff=True)
    team = TeamFactory()
    outsiders = [make_customer(), make_agent(team), make_lead(team), make_manager(), staff_flag]
    for person in [*outsiders, give_role(UserFactory(), "rnd"), give_role(UserFactory(is_staff=True), "agent", team)]:
        client.force_login(person)
        assert client.get(area).status_code == 404
        assert client.post(area).status_code in (404, 405)
    client.force_login(make_administrator())
    assert client.get(area).status_code in (200, 302)


@pytest.mark.proof
def test_every_list_and_form_opens_without_inline_code(client):
    client.force_login(make_administrator())
    TeamFactory()
    for model, model_admin in admin.site._registry.items():
        address = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        pages = [client.get(address), client.get(address, {"q": "x"})] if model_admin.search_fields else []
        pages.append(client.get(address))
        row = model.objects.first()
        if row is not None:
            pages.append(client.get(f"{address}{row.pk}/change/"))
        for page in pages:
            assert page.status_code == 200, address
            for forbidden in (b"<style", b"<script>", b" style=", b" onclick="):
                assert forbidden not in page.content, (address, forbidden)


def test_what_holds_secrets_or_is_not_used_is_not_there():
    assert not admin.site.is_registered(Authenticator)
    assert not admin.site.is_registered(Group)


def test_the_matrix_is_edited_in_its_list_and_the_audit_says_from_what_to_what(client):
    boss = make_administrator(name="Ada")
    client.force_login(boss)
    cells = list(SeverityCell.objects.order_by("id"))
    cell = next(c for c in cells if (c.impact, c.urgency) == ("one", "none"))
    data = {"form-TOTAL_FORMS": len(cells), "form-INITIAL_FORMS": len(cells), "_save": "1"}
    for number, row in enumerate(cells):
        data |= {f"form-{number}-id": row.pk, f"form-{number}-severity": "S" if row == cell else row.severity}
    assert client.post("/admin/tickets/severitycell/", data).status_code == 302
    cell.refresh_from_db()
    assert cell.severity == "S"
    changes, following = changes_page()
    assert following == ""
    newest = next(c for c in changes if c.table == str(SeverityCell._meta.verbose_name))
    assert newest.kind == "update"
    assert newest.who == boss
    assert [(old[0], new[0]) for _name, old, new in newest.fields] == [("B", "S")]
    page = client.get("/desk/audit/").content.decode()
    assert "Ada" in page
    assert newest.what in page


def test_the_audit_sees_bulk_updates_and_deletions_and_pages_without_loss(client):
    for turn in range(1, 6):
        EscalationStep.objects.filter(level=1).update(after_minutes=turn)
    step = EscalationStep.objects.first()
    name = str(step)
    step.delete()
    client.force_login(make_administrator())
    seen, after = [], ""
    while True:
        page, after = changes_page(after=after, size=4)
        seen += page
        if not after:
            break
    whole, _more = changes_page(size=1000)
    assert [(c.at, c.table, c.what, c.kind) for c in seen] == [(c.at, c.table, c.what, c.kind) for c in whole]
    assert any(c.kind == "delete" and c.what == name for c in seen)
    minutes = [c for c in whole if c.kind == "update" and c.table == str(EscalationStep._meta.verbose_name)]
    assert len(minutes) == 5 * EscalationStep.objects.filter(level=1).count() + 5 * (step.level == 1)
    for junk in ("x", "~~", "2026-01-01~a~1", "2026-01-01T00:00:00+00:00~a~" + "9" * 30, "\x00"):
        assert client.get("/desk/audit/", {"after": junk}).status_code == 200


def test_keywords_are_lines_and_phrases_keep_their_commas(client):
    client.force_login(make_administrator())
    team = TeamFactory()
    data = {
        "name": "sync",
        "keywords": " 数据同步，失败 \r\nsync, failed\r\n\r\n数据同步，失败",
        "weight": 1,
        "position": 5,
    }
    answer = client.post("/admin/tickets/triagerule/add/", data | {"is_active": "on", "team": team.pk})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert TriageRule.objects.get(name="sync").keywords == ["数据同步，失败", "sync, failed"]


def person_form(person, **changes):
    """What the form of a person without changes would send."""
    data = {"email": person.email, "name": person.name, "language": "en", "capacity": 10, "on_duty": "on"}
    rows = list(person.memberships.all())
    for prefix, count in (("memberships", len(rows)), ("skill_levels", 0)):
        data |= {f"{prefix}-TOTAL_FORMS": count, f"{prefix}-INITIAL_FORMS": count}
    for number, row in enumerate(rows):
        data |= {
            f"memberships-{number}-id": row.pk,
            f"memberships-{number}-user": person.pk,
            f"memberships-{number}-role": row.role_id,
            f"memberships-{number}-team": row.team_id or "",
        }
    return {"is_active": "on", **data, **changes}


def test_deactivating_in_the_form_closes_every_door(client):
    client.force_login(make_administrator())
    agent = make_agent(TeamFactory())
    agent.set_password("a long sentence is good")
    agent.save()
    data = person_form(agent)
    del data["is_active"]
    answer = client.post(f"/admin/accounts/user/{agent.pk}/change/", data | {"is_superuser": "on", "is_staff": "on"})
    assert answer.status_code == 302, answer.context["errors"]
    after = User.objects.get(pk=agent.pk)
    assert (after.is_active, after.has_usable_password()) == (False, False)
    assert (after.is_superuser, after.is_staff) == (False, False)


def test_the_last_administrator_cannot_be_taken_away(client):
    boss = make_administrator()
    client.force_login(boss)
    drop = person_form(boss, **{"memberships-0-DELETE": "on"})
    assert client.post(f"/admin/accounts/user/{boss.pk}/change/", drop).status_code == 200
    role = Role.objects.get(code="administrator")
    emptied = {"name": role.name, "name_en": role.name_en, "permissions": ["report.view"]}
    assert client.post(f"/admin/accounts/role/{role.pk}/change/", emptied).status_code == 200
    assert User.objects.get(pk=boss.pk).may("admin.configure")


def test_teams_are_found_by_typing(client):
    client.force_login(make_administrator())
    team = TeamFactory(name="数据平台组")
    found = client.get(
        "/admin/autocomplete/",
        {"term": "数据平台", "app_label": "accounts", "model_name": "team", "field_name": "next_level"},
    )
    assert [row["id"] for row in found.json()["results"]] == [str(team.pk)]
    assert Team.objects.count() >= 1


def autocompleting() -> list[tuple[type, type | None, str]]:
    """(model, its inline or None, field) of everything that is found by typing."""
    found = []
    for model, model_admin in admin.site._registry.items():
        found += [(model, None, field) for field in model_admin.autocomplete_fields]
        found += [(model, inline, field) for inline in model_admin.inlines for field in inline.autocomplete_fields]
    return found


@pytest.mark.parametrize("forged", ["x", "9" * 30, "\x00"])
@pytest.mark.parametrize(("model", "inline", "field"), autocompleting())
def test_a_forged_choice_is_an_error_of_its_field(client, model, inline, field, forged):
    client.force_login(make_administrator())
    address = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    row = make_agent(TeamFactory()) if model is User else None  # people are not added here
    address += f"{row.pk}/change/" if row else "add/"
    data = {}
    for formset in client.get(address).context["inline_admin_formsets"]:
        chosen = inline is not None and isinstance(formset.opts, inline)
        data |= {f"{formset.formset.prefix}-TOTAL_FORMS": int(chosen), f"{formset.formset.prefix}-INITIAL_FORMS": 0}
        if chosen:
            data[f"{formset.formset.prefix}-0-{field}"] = forged
    answer = client.post(address, data if inline else data | {field: forged})
    assert answer.status_code == 200
    if inline:
        shown = [form.errors for each in answer.context["inline_admin_formsets"] for form in each.formset.forms]
        assert any(field in errors for errors in shown)
    else:
        assert field in answer.context["adminform"].form.errors


def test_the_setup_page_leads_only_where_something_is(client):
    client.force_login(make_administrator())
    page = client.get("/desk/setup/")
    assert "/desk/rules/try/" in page.content.decode()
    for _heading, links in page.context["parts"]:
        for address, _name, _text in links:
            assert client.get(address, follow=True).status_code == 200, address


def policy_form(policy: Policy, **changed) -> dict:
    """What the form of ``policy`` sends; ``changed`` gives amounts by metric."""
    data = {"name": "renamed", "position": 3, "is_active": "on", "severity": policy.severity}
    rows = list(policy.targets.all())
    data |= {"targets-TOTAL_FORMS": len(rows), "targets-INITIAL_FORMS": len(rows)}
    for number, row in enumerate(rows):
        values = {"metric": row.metric, "amount": row.amount, "unit": row.unit, "warn_share": row.warn_share}
        values |= {"id": row.pk, "policy": policy.pk, "calendar": row.calendar_id or ""}
        values |= {"amount": changed[row.metric]} if row.metric in changed else {}
        data |= {f"targets-{number}-{name}": value for name, value in values.items()}
    return data


def test_a_policy_is_previewed_before_it_is_saved(client):
    client.force_login(make_administrator())
    now = clock.now()
    make_ticket(severity="S", now=now), make_ticket(severity="S", now=now - timedelta(minutes=15))
    policy = Policy.objects.get(severity="S")
    address, data = f"/admin/sla/policy/{policy.pk}/change/", policy_form(policy, first_response=10)
    page = client.post(address, data | {"_preview": "Preview"})
    assert page.status_code == 200
    preview = page.context["preview"]
    assert (preview.tickets, preview.clocks, preview.overdue) == (2, 2, 1)
    shown = page.content.decode()
    assert 'value="renamed"' in shown and 'value="10"' in shown  # nothing typed is lost
    assert 'class="errornote"' not in shown
    policy.refresh_from_db()
    assert policy.name != "renamed"
    assert policy.targets.get(metric="first_response").amount == 30
    assert Clock.objects.filter(target_amount=10).count() == 0
    refused = client.post(address, data | {"_preview": "Preview", "name": ""})
    assert "preview" not in refused.context
    assert "name" in refused.context["adminform"].form.errors
    assert client.post(address, data).status_code == 302
    assert policy.targets.get(metric="first_response").amount == 10


def test_a_new_policy_is_previewed_too(client):
    client.force_login(make_administrator())
    make_ticket(severity="B", now=clock.now())
    data = {"name": "new", "position": 1, "is_active": "on", "severity": "B", "_preview": "Preview"}
    data |= {"targets-TOTAL_FORMS": 1, "targets-INITIAL_FORMS": 0, "targets-0-metric": "first_response"}
    data |= {"targets-0-amount": "60", "targets-0-unit": "minutes", "targets-0-warn_share": "0.5"}
    page = client.post("/admin/sla/policy/add/", data)
    assert page.context["preview"].tickets == 1
    assert not Policy.objects.filter(name="new").exists()


def test_a_saved_policy_leads_to_what_it_would_change(client):
    client.force_login(make_administrator())
    policy = Policy.objects.first()
    page = client.post(f"/admin/sla/policy/{policy.pk}/change/", policy_form(policy), follow=True)
    assert Policy.objects.filter(pk=policy.pk, name="renamed").exists()
    assert '<a href="/desk/setup/policies/">' in page.content.decode()
