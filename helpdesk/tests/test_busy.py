"""A database that does not let us work is a 503 that says when to come back; everything else stays a 500."""

import json

import pytest
from django.db import InterfaceError, OperationalError

from helpdesk import errors
from helpdesk.problems import PROBLEM_TYPE


def _answer(request, error: Exception):
    """As Django asks for it: while the error is being handled."""
    try:
        raise error
    except type(error):
        return errors.server_error(request)


@pytest.mark.parametrize("error", [OperationalError(), InterfaceError()])
def test_a_page_is_busy(error, rf):
    answer = _answer(rf.get("/submit/"), error)
    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    assert answer["Cache-Control"] == "no-store"
    assert answer["Content-Type"].startswith("text/html")


def test_a_program_gets_a_problem(rf):
    answer = _answer(rf.post("/api/v1/tickets/"), OperationalError())
    assert (answer.status_code, answer["Retry-After"], answer["Content-Type"]) == (503, "5", PROBLEM_TYPE)
    assert json.loads(answer.content)["code"] == "unavailable"


def test_another_error_is_ours(rf):
    answer = _answer(rf.get("/submit/"), ValueError())
    assert answer.status_code == 500
    assert "Retry-After" not in answer
