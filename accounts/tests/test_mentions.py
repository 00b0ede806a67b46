"""Whom «@Name» in a note means."""

import pytest

from accounts.selectors import staff_with_names
from accounts.tests.factories import TeamFactory, make_agent

pytestmark = pytest.mark.django_db


def test_a_name_inside_a_longer_word_means_nobody():
    team = TeamFactory()
    ann, han = make_agent(team, name="Ann"), make_agent(team, name="韩雪")
    assert staff_with_names(text="please ask @Annabel") == []
    assert set(staff_with_names(text="please ask @Ann, and @韩雪看一下")) == {ann, han}


def test_the_longest_name_is_meant():
    team = TeamFactory()
    make_agent(team, name="Ann")
    longer = make_agent(team, name="Ann Lee")
    assert staff_with_names(text="@Ann Lee knows") == [longer]
