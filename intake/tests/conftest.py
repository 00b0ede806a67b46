"""A form as a person fills it in: opened a minute ago, sent by hand."""

import pytest
from django.urls import reverse

from accounts.models import Team
from accounts.tests.factories import TeamFactory, make_agent
from intake.limits import stamp
from outbox import clock


@pytest.fixture(autouse=True)
def _english(client):
    client.cookies["django_language"] = "en"


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def team(db):
    team = Team.objects.filter(is_fallback=True).first() or TeamFactory(is_fallback=True)
    make_agent(team)
    return team


@pytest.fixture
def sheet(client, team):
    """Opens the form, and sends it with what is given on top of the least."""

    class Sheet:
        url = reverse("intake:submit")

        def open(self):
            return client.get(self.url)

        def fields(self, **given):
            form = self.open().context["form"]
            least = {
                "subject": "Export stops at 80 %",
                "description": "Since this morning the nightly export stops.",
                "submission_key": form.initial["submission_key"],
            }
            if "email" in form.fields:
                now = clock.now()
                opened = stamp(now.replace(year=now.year - 1)) if "opened" not in given else given["opened"]
                least |= {"name": "Ann", "email": "ann@example.org", "website": "", "opened": opened}
            return {**least, **given}

        def send(self, **given):
            return client.post(self.url, self.fields(**given))

        def again(self, fields):
            return client.post(self.url, fields)

    return Sheet()
