"""People for tests: real rows with roles, as the product makes them."""

import factory

from accounts.models import Membership, Organization, Role, ServiceAccount, Team, User
from accounts.services import save_service_account
from outbox import clock


class OrganizationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Organization

    name = factory.Sequence(lambda n: f"远航科技{n}")
    name_en = factory.Sequence(lambda n: f"Voyage {n}")


class TeamFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Team

    code = factory.Sequence(lambda n: f"team-{n}")
    name = factory.Sequence(lambda n: f"支持{n}组")
    name_en = factory.Sequence(lambda n: f"Support {n}")


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@example.org")
    name = factory.Sequence(lambda n: f"Person {n}")
    language = "en"


def give_role(user: User, code: str, team: Team | None = None) -> User:
    """Add a role; the cached permissions of the object are dropped."""
    Membership.objects.create(user=user, role=Role.objects.get(code=code), team=team)
    for name in ("grants", "permission_codes"):
        user.__dict__.pop(name, None)
    return user


def make_customer(organization: Organization | None = None, **fields) -> User:
    """A customer, of an organization when one is given."""
    return give_role(UserFactory(organization=organization, **fields), "customer")


def make_agent(team: Team, **fields) -> User:
    """An agent of ``team`` who is on duty."""
    return give_role(UserFactory(**fields), "agent", team)


def make_lead(team: Team, **fields) -> User:
    """The lead of ``team``, by role and by the team's own row."""
    lead = give_role(UserFactory(**fields), "lead", team)
    team.lead = lead
    team.save(update_fields=["lead"])
    return lead


def make_manager(**fields) -> User:
    return give_role(UserFactory(**fields), "manager")


def make_administrator(**fields) -> User:
    return give_role(UserFactory(**fields), "administrator")


def make_service(team: Team | None = None, *, role: str = "agent", **fields) -> ServiceAccount:
    """A service account with a role in ``team``; an administrator is made who answers for it, unless named."""
    boss = fields.pop("owner", None) or make_administrator()
    said = {"name": "CRM bridge", "purpose": "Brings orders.", **fields}
    account = save_service_account(actor=boss, owner=boss, now=clock.now(), **said)
    give_role(account.user, role, team)
    return account
