"""The demo company: catalogue, teams, people, organizations, triage rules."""

from datetime import datetime, timedelta

from django.contrib.auth.hashers import make_password

from accounts.models import Absence, Membership, Organization, Role, Skill, SkillLevel, Team, User
from catalog.models import Category, FaultType, Module, Product, Tag, Version
from helpdesk.demo.accounts import PASSWORD, read
from tickets.models import TriageRule


def load_company(*, now: datetime) -> None:
    """Write everything that tickets refer to."""
    _skills_and_teams()
    _catalogue(now)
    _organizations()
    _people(now)
    _chain_of_command()
    _triage()


def _names(row: dict) -> dict[str, str]:
    return {"name": row["name"]["zh-hans"], "name_en": row["name"]["en"]}


def _skills_and_teams() -> None:
    people = read("people")
    for row in people["skills"]:
        Skill.objects.create(code=row["code"], **_names(row))
    for row in people["teams"]:
        Team.objects.update_or_create(code=row["code"], defaults={**_names(row), "is_fallback": row["is_fallback"]})
    # The department above the four teams: who is told when lead and deputy leave an escalation unanswered.
    Team.objects.create(code="support", name="技术支持部", name_en="Technical Support")


def _catalogue(now: datetime) -> None:
    catalog = read("catalog")
    for row in catalog["products"]:
        product = Product.objects.create(code=row["code"], **_names(row))
        for module in row["modules"]:
            Module.objects.create(product=product, code=module["code"], **_names(module))
        for age, version in enumerate(reversed(row["versions"])):
            released = (now - timedelta(days=40 + 120 * age)).date()
            Version.objects.create(product=product, name=version, released_on=released)
    teams = {team.code: team for team in Team.objects.all()}
    skills = {skill.code: skill for skill in Skill.objects.all()}
    for position, row in enumerate(catalog["categories"]):
        Category.objects.create(
            code=row["code"], team=teams[row["team"]], skill=skills.get(row["skill"]), position=position, **_names(row)
        )
    for row in catalog["fault_types"]:
        FaultType.objects.create(code=row["code"], **_names(row))
    Tag.objects.bulk_create([Tag(**_names(row)) for row in catalog["tags"]])


def _organizations() -> None:
    for row in read("people")["organizations"]:
        Organization.objects.create(domain=row["domain"], service_level=row["service_level"], **_names(row))


def _people(now: datetime) -> None:
    people, password = read("people"), make_password(PASSWORD)
    roles = {role.code: role for role in Role.objects.all()}
    teams = {team.code: team for team in Team.objects.all()}
    skills = {skill.code: skill for skill in Skill.objects.all()}
    organizations = {row["code"]: Organization.objects.get(domain=row["domain"]) for row in people["organizations"]}
    zones = {row["code"]: row.get("time_zone", "") for row in people["organizations"]}
    everybody = [
        *people["agents"],
        *people["others"],
        *({**row, "role": "customer"} for row in people["customers"]),
    ]
    for row in everybody:
        person = User.objects.create(
            email=row["email"],
            name=row["name"],
            phone=row.get("phone", ""),
            title=row["title"][row["language"]],
            language=row["language"],
            organization=organizations.get(row.get("organization", "")),
            time_zone=zones.get(row.get("organization", ""), ""),
            sees_organization=row["role"] == "customer" and bool(row.get("demo_sign_in")),
            capacity=row.get("capacity", 10),
            on_duty=row.get("on_duty", True),
            password=password if row["role"] != "customer" or row.get("demo_sign_in") else make_password(None),
        )
        team = teams["support"] if row["role"] == "manager" else teams.get(row.get("team", ""))
        Membership.objects.create(user=person, role=roles[row["role"]], team=team)
        for code, level in row.get("skills", {}).items():
            SkillLevel.objects.create(user=person, skill=skills[code], level=level)
        if away := row.get("out_of_office"):
            starts, ends = (now + timedelta(days=away[key]) for key in ("from_days", "to_days"))
            Absence.objects.create(
                user=person,
                starts_at=starts,
                ends_at=ends,
                reason=away["kind"],
                note=_in(row["language"], away["reason"]),
            )


def _in(language: str, text: dict[str, str] | str) -> str:
    return text if isinstance(text, str) else text[language]


def _chain_of_command() -> None:
    people = {user.email: user for user in User.objects.all()}
    top, lead = Team.objects.get(code="support"), Role.objects.get(code="lead")
    for row in read("people")["teams"]:
        # A deputy works as an agent, and acts on escalations as a lead.
        Membership.objects.create(user=people[row["deputy"]], role=lead, team=Team.objects.get(code=row["code"]))
        Team.objects.filter(code=row["code"]).update(
            lead=people[row["lead"]], deputy=people[row["deputy"]], next_level=top
        )
        top.lead = people[row["next_level"]]
    top.save(update_fields=["lead"])


def _triage() -> None:
    teams = {team.code: team for team in Team.objects.all()}
    categories = {category.code: category for category in Category.objects.all()}
    modules = {module.code: module for module in Module.objects.all()}
    TriageRule.objects.bulk_create(
        TriageRule(
            name=row["name"],
            keywords=row["keywords"],
            weight=row["weight"],
            position=position,
            category=categories.get(row["category"]),
            module=modules.get(row["module"]),
            team=teams.get(row["team"]),
        )
        for position, row in enumerate(read("triage"))
    )
