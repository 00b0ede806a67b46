"""The administrator's words: the language, what is refused and where, what holds, the preview, and the way back."""

import re

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import translation

from accounts.tests.factories import TeamFactory, make_administrator, make_agent, make_customer
from outbox import clock
from outbox.delivery import run
from outbox.mail_models import Wording
from outbox.models import MailboxMessage
from outbox.wording import catalogue, rows
from outbox.wording.language import check, fill
from outbox.wording.previews import preview
from outbox.wording.shipped import shipped
from tickets.models import AccessLink
from tickets.services import conversation
from tickets.tests.factories import make_ticket

NAMES = {"name", "number"}


class TestLanguage:
    @pytest.mark.parametrize(
        ("text", "filled"),
        [
            ("plain { } % text", "plain { } % text"),
            ("{{ name }}{{number}}", "Ada7"),
            ("{% if name %}Hello {{ name }}{% endif %}!", "Hello Ada!"),
            ("{% if empty %}yes{% else %}no{% endif %}", "no"),
            ("{% if name %}{% if empty %}a{% else %}b{% endif %}c{% endif %}", "bc"),
        ],
    )
    def test_variables_and_if_are_all_there_is(self, text, filled):
        values = {"name": "Ada", "number": "7", "empty": " "}
        check(text, names=values)
        assert fill(text, values) == filled

    def test_what_a_value_says_is_never_read_as_words(self):
        assert (
            fill("{{ name }}", {"name": "{{ number }}{% if number %}", "number": "7"}) == "{{ number }}{% if number %}"
        )

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("a\nb {{ nobody }}", r"Line 2: “nobody” is no variable here. There are: name, number."),
            ("{{ name.password }}", "“name.password” is no variable"),
            ("{{ name|safe }}", "is no variable"),
            ("{% if name %}", "has no"),
            ("{% endif %}", "endif"),
            ("{% if name %}{% else %}{% else %}{% endif %}", "else"),
            ("{% include 'x' %}", "include"),
            ("{% load i18n %}", "load"),
            ("{{ name", "belong to nothing"),
            ("name }}", "belong to nothing"),
            ("{{ {{ name }} }}", "belong to nothing"),
            ("{% if name %}" * 6 + "{% endif %}" * 6, "Too many"),
        ],
    )
    def test_everything_else_is_refused_with_its_line(self, text, said):
        with translation.override("en"):
            with pytest.raises(ValidationError) as caught:
                check(text, names=NAMES)
            assert re.search(said, caught.value.messages[0])

    def test_a_needed_variable_must_be_there(self):
        check("{% if name %}{{ number }}{% endif %}", names=NAMES, needed=["number"])
        with translation.override("en"), pytest.raises(ValidationError, match="number"):
            check("{% if number %}{{ name }}{% endif %}", names=NAMES, needed=["number"])


@pytest.mark.django_db
class TestShipped:
    @pytest.mark.parametrize("language", rows.LANGUAGES)
    def test_the_shipped_words_of_every_kind_can_be_edited_as_they_are(self, language):
        for entry in catalogue.entries():
            words = shipped(entry, language)
            assert rows.clean(entry, words) == {}, entry.kind
            assert all(words[part].strip() for part in entry.parts), entry.kind
            assert "2087" not in "".join(words.values()), entry.kind

    def test_the_languages_differ(self):
        entry = catalogue.get("ticket.reply")
        assert "Hello" in shipped(entry, "en")["text"] and "{{ name }}" in shipped(entry, "zh-hans")["text"]
        assert "Hello" not in shipped(entry, "zh-hans")["text"]


@pytest.fixture
def boss(client):
    person = make_administrator(language="en")
    client.force_login(person)
    return person


@pytest.fixture
def ticket(settings):
    settings.EMAIL_BACKEND = "outbox.mailbox.MailboxBackend"
    customer = make_customer(name="Grüße <b>& Söhne")
    return make_ticket(team=TeamFactory(), requester=customer, channel="portal", subject="No <i>sign-in</i>")


def save(boss, kind="ticket.reply", language="en", **words):
    given = {"text": "{{ message }} {{ link }}", "html": "", **words}
    return rows.save_wording(actor=boss, kind=kind, language=language, words=given, now=clock.now())


def answer(ticket) -> MailboxMessage:
    conversation.reply(ticket=ticket, actor=make_agent(ticket.team), body="**Restart** it & see")
    run()
    return MailboxMessage.objects.filter(to=ticket.requester.email).latest("pk")


@pytest.mark.django_db
class TestRows:
    def test_mails_have_the_words_and_a_reset_brings_the_shipped_ones_back(self, boss, ticket):
        before = answer(ticket)
        save(boss, text="Dear {{ name }}, {{ author }} says: {{ message }} {{ link }}")
        mail = answer(ticket)
        assert mail.text.startswith("Dear Grüße <b>& Söhne, Person")
        assert "**Restart** it & see" in mail.text and "{{" not in mail.text + mail.html
        assert rows.reset_wording(actor=boss, kind="ticket.reply", language="en", now=clock.now())
        assert not rows.reset_wording(actor=boss, kind="ticket.reply", language="en", now=clock.now())
        assert "has answered your ticket" in before.text and "has answered your ticket" in answer(ticket).text

    def test_the_other_language_stays_as_shipped(self, boss, ticket):
        save(boss, language="zh-hans", text="{{ message }} 您好 {{ link }}")
        assert "您好" not in answer(ticket).text

    def test_html_is_escaped_cleaned_and_in_the_frame_of_the_house(self, boss, ticket):
        html = (
            '<h2 onclick="x()">{{ name }}</h2><script>alert(1)</script><style>a{}</style><img src="https://t.example/p">'
            '<a href="javascript:alert(1)">a</a><p>{{ message }}</p><a class="button" href="{{ link }}">Open</a>'
        )
        save(boss, html=html)
        page = answer(ticket).html
        words = page[page.index('class="sheet"') :]
        assert "<h2>Grüße &lt;b&gt;&amp; Söhne</h2>" in words and "<strong>Restart</strong> it &amp; see" in words
        assert re.search(r'<a class="button" href="http[^"]+" rel="[^"]+">Open</a>', words)
        for forbidden in ("onclick", "<script", "alert(", "javascript:", "<img", "<style"):
            assert forbidden not in words
        assert 'class="foot"' in page

    def test_html_that_was_left_out_is_made_of_the_text(self, boss, ticket):
        save(boss, text="One & two\n\n{{ message }}\n{{ link }}")
        page = answer(ticket).html
        assert "<p>One &amp; two</p>" in page and 'href="http' in page[page.index('class="sheet"') :]

    def test_all_mails_of_a_ticket_share_the_subject_that_was_written(self, boss, ticket):
        row = rows.save_wording(
            actor=boss, kind="ticket.thread", language="en", words={"subject": "Case {{ number }}: {{ topic }}"},
            now=clock.now(),
        )  # fmt: skip
        assert answer(ticket).subject == f"Case {ticket.number}: No <i>sign-in</i>"
        assert (row.text, row.html) == ("", "")

    def test_a_line_break_in_a_value_breaks_no_header(self, boss, ticket):
        type(ticket).objects.filter(pk=ticket.pk).update(subject="a\r\nBcc: evil@example.com")
        save(boss, kind="ticket.assigned", subject="{{ subject }}", text="{{ link }}")
        values = dict.fromkeys(catalogue.get("ticket.assigned").variables, "a\r\nBcc: evil@example.com")
        words = {"subject": "{{ subject }}", "text": "{{ link }}", "html": ""}
        assert "Bcc" in rows.filled(catalogue.get("ticket.assigned"), words, values, {}).subject
        mail = answer(ticket)
        assert "Bcc" not in mail.headers and "\nBcc" not in mail.headers["Subject"]

    def test_words_with_a_variable_that_is_gone_give_way_to_the_shipped_ones(self, boss, ticket):
        Wording.objects.create(kind="ticket.reply", language="en", subject="", text="{{ gone }}")
        assert "has answered your ticket" in answer(ticket).text

    def test_only_who_sets_the_system_up_writes_words(self, ticket):
        with pytest.raises(PermissionDenied):
            save(make_agent(ticket.team))
        with pytest.raises(PermissionDenied):
            rows.reset_wording(actor=make_agent(ticket.team), kind="ticket.reply", language="en", now=clock.now())


@pytest.mark.django_db
class TestPages:
    def address(self, name="words-edit", kind="ticket.reply", **more):
        return reverse(f"outbox:{name}", kwargs={"kind": kind, **more})

    def test_the_list_names_every_kind_and_what_was_changed(self, client, boss):
        save(boss)
        page = client.get(reverse("outbox:words")).content.decode()
        for entry in catalogue.entries():
            assert entry.kind in page
        assert page.count("tag-accent") == 1

    def test_every_editor_opens_in_both_languages(self, client, boss):
        for entry in catalogue.entries():
            page = client.get(self.address(kind=entry.kind))
            assert page.status_code == 200, entry.kind
            for name in entry.variables:
                assert f"{{{{ {name} }}}}" in page.content.decode()

    def test_a_problem_stands_at_its_field_and_nothing_is_saved(self, client, boss):
        data = {"save": "en", "en-text": "{{ message }} {{ link }} {{ nobody }}", "en-html": "{% if %}"}
        answered = client.post(self.address(), data)
        assert answered.status_code == 422
        side = next(side for side in answered.context["sides"] if side["language"] == "en")
        assert "nobody" in side["form"].errors["text"][0] and "if" in side["form"].errors["html"][0]
        assert not Wording.objects.exists()

    def test_saving_one_language_and_resetting_it_leaves_a_trace(self, client, boss):
        data = {"save": "en", "en-text": "Read {{ message }} at {{ link }}", "en-html": ""}
        assert client.post(self.address(), data).status_code == 302
        assert Wording.objects.get().text == "Read {{ message }} at {{ link }}"
        assert client.post(self.address("words-reset", language="en")).status_code == 302
        page = client.get(reverse("audit")).content.decode()
        assert not Wording.objects.exists() and "Read {{ message }} at {{ link }}" in page

    def test_saving_one_language_loses_nothing_that_was_typed_in_the_other(self, client, boss):
        typed = {"en-text": "Read {{ message }} at {{ link }}", "zh-hans-text": "{{ message }}，见 {{ link }}"}
        typed |= {"en-html": "", "zh-hans-html": ""}
        before = client.get(self.address()).context["draft"]
        answered = client.post(self.address(), typed | {"save": "en"})
        page = answered.content.decode()
        assert answered.status_code == 200
        assert "{{ message }}，见 {{ link }}" in page
        assert [row.language for row in Wording.objects.all()] == ["en"]
        assert f'data-draft-done="{before}"' in page  # what the browser kept is saved
        assert answered.context["draft"] != before
        assert client.post(self.address(), typed | {"save": "zh-hans"}).status_code == 302

    def test_the_preview_shows_a_real_case_unsaved_and_in_a_sandbox(self, client, boss, ticket):
        answer(ticket)
        links = AccessLink.objects.count()
        data = {}
        for language in rows.LANGUAGES:
            data |= {
                f"{language}-text": "Look: {{ message }} {{ link }}",
                f"{language}-html": "<h2>{{ name }}</h2>{{ message }}{{ link }}",
            }
        page = client.post(self.address(), data)
        assert page.status_code == 200 and not Wording.objects.exists()
        assert page.content.decode().count("Look: **Restart** it &amp; see") == 2  # as text, in both languages
        frame = re.search(r"<iframe[^>]*>", page.content.decode()).group()
        assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in frame
        html = client.get(self.address("words-preview", language="en"))
        assert "<h2>Grüße &lt;b&gt;&amp; Söhne</h2>" in html.content.decode()
        assert "default-src 'none'" in html["Content-Security-Policy"] and "sandbox" in html["Content-Security-Policy"]
        assert AccessLink.objects.count() == links  # no key to anybody's ticket was made for it
        client.get(self.address())
        assert "has answered" in client.get(self.address("words-preview", language="en")).content.decode()

    def test_a_preview_tells_nothing_that_its_reader_may_not_see(self, boss, ticket):
        answer(ticket)
        outsider = make_agent(TeamFactory(), language="en")
        looks = preview(catalogue.get("ticket.reply"), "en", {"text": "{{ message }} {{ name }}"}, user=outsider)
        assert "Restart" not in looks.text.split("gateway")[0] and "Söhne" not in looks.text
