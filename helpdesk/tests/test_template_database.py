"""The template of test databases: one for each source, and a copy of it is what the migrations make."""

from pathlib import Path

import pytest
from django.core.management import call_command

from helpdesk.tests.template_database import name_for


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "requirements.txt").write_text("django==5.2")
    for file in ("sla/__init__.py", "sla/migrations/0001_initial.py", "sla/tests/test_x.py", "var/x.py"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("a = 1")
    return tmp_path


@pytest.mark.parametrize("file", ["sla/migrations/0001_initial.py", "sla/defaults.json", "requirements.txt"])
def test_what_migrations_can_run_is_another_template(file, project):
    before = name_for(project)
    (project / file).write_text("a = 2")
    assert name_for(project) != before


@pytest.mark.parametrize("file", ["sla/tests/test_x.py", "var/x.py", "README.md"])
def test_what_they_cannot_run_is_not(file, project):
    before = name_for(project)
    (project / file).write_text("a = 2")
    assert name_for(project) == before


@pytest.mark.django_db
def test_nothing_is_left_to_migrate_in_a_copy():
    call_command("migrate", check_unapplied=True, verbosity=0)
