"""The administrator's pages of words: all kinds, one kind in both languages with its preview, back as shipped."""

import hashlib
import json
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from outbox import clock
from outbox.views import MAIL_CSP, SignedInRequest, requires
from outbox.wording import catalogue, rows
from outbox.wording.catalogue import Entry
from outbox.wording.forms import WordsForm
from outbox.wording.previews import preview
from outbox.wording.shipped import shipped

_for_administrators = requires("admin.configure")
#: What was typed and not saved yet, for the frames of the preview; one kind at a time.
_TYPED = "words_typed"
_NAMES = {"zh-hans": "中文", "en": "English"}


@_for_administrators
@require_safe
def words_list(request: SignedInRequest) -> HttpResponse:
    """Every kind with words, by group; which were changed."""
    changed = rows.changed()
    groups: dict[str, list[dict[str, Any]]] = {}
    for entry in catalogue.entries():
        own = [_NAMES[language] for language in rows.LANGUAGES if (entry.kind, language) in changed]
        groups.setdefault(entry.group, []).append({"entry": entry, "own": own})
    named = [(catalogue.GROUPS[group], found) for group, found in groups.items()]
    return render(request, "outbox/words.html", {"groups": named})


@_for_administrators
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: SignedInRequest, kind: str) -> HttpResponse:
    """Both languages of one kind; POST looks at what was typed, or saves one language (``save``)."""
    entry = _entry(kind)
    forms = {language: _form(request, entry, language) for language in rows.LANGUAGES}
    draft = _draft(entry)
    status = 200
    if request.method == "POST":
        language = request.POST.get("save", "")
        wanted = [language] if language in rows.LANGUAGES else list(rows.LANGUAGES)
        right = not any(forms[each].errors for each in wanted)
        saved = right and language in rows.LANGUAGES and _save(request, entry, language, forms[language], draft)
        if saved and not any(form.differs for each, form in forms.items() if each != language):
            return redirect("outbox:words-edit", kind=kind)
        draft = _draft(entry)
        status = 200 if right and (saved or not language) else 422
    shown = [_side(request, entry, language, forms[language]) for language in rows.LANGUAGES]
    typed = {side["language"]: side["words"] for side in shown if side["typed"]}
    if typed:
        request.session[_TYPED] = {"kind": kind, **typed}
    else:
        request.session.pop(_TYPED, None)
    return render(request, "outbox/words_edit.html", {"entry": entry, "sides": shown, "draft": draft}, status=status)


@_for_administrators
@require_POST
def reset(request: SignedInRequest, kind: str, language: str) -> HttpResponse:
    """The shipped words again."""
    try:
        rows.reset_wording(actor=request.user, kind=kind, language=language, now=clock.now())
    except ValidationError:
        raise Http404 from None
    messages.success(request, _("The shipped words hold again."))
    return redirect("outbox:words-edit", kind=kind)


@_for_administrators
@require_safe
@xframe_options_sameorigin
def preview_html(request: SignedInRequest, kind: str, language: str) -> HttpResponse:
    """The HTML of one language as the frame shows it: what was typed last, else what holds."""
    entry = _entry(kind)
    if language not in rows.LANGUAGES or "html" not in entry.parts:
        raise Http404
    typed = request.session.get(_TYPED, {})
    words = typed.get(language) if typed.get("kind") == kind else None
    try:
        html = preview(entry, language, words or _present(entry, language), user=request.user).html
    except ValidationError:
        raise Http404 from None
    return HttpResponse(html, headers={"Content-Security-Policy": MAIL_CSP})


def _entry(kind: str) -> Entry:
    entry = catalogue.get(kind)
    if entry is None:
        raise Http404
    return entry


def _present(entry: Entry, language: str) -> dict[str, str]:
    """The words that hold now."""
    row = rows.rows_of(entry.kind).get(language)
    return {part: getattr(row, part) for part in entry.parts} if row else shipped(entry, language)


def _form(request: SignedInRequest, entry: Entry, language: str) -> WordsForm:
    data = request.POST if request.method == "POST" else None
    return WordsForm(data, entry=entry, prefix=language, initial=_present(entry, language))


def _draft(entry: Entry) -> str:
    """The name under which the browser keeps what is typed: another one as soon as somebody saved other words."""
    present = json.dumps([_present(entry, language) for language in rows.LANGUAGES], sort_keys=True)
    return f"words-{entry.kind}-{hashlib.sha256(present.encode()).hexdigest()[:12]}"


def _save(request: SignedInRequest, entry: Entry, language: str, form: WordsForm, draft: str) -> bool:
    try:
        rows.save_wording(actor=request.user, kind=entry.kind, language=language, words=form.words, now=clock.now())
    except ValidationError as error:
        form.refuse(error)
        return False
    messages.success(request, _("Saved. Mails have these words from now on."), extra_tags=f"draft-done:{draft}")
    return True


def _side(request: SignedInRequest, entry: Entry, language: str, form: WordsForm) -> dict[str, Any]:
    """One language of the page: its form and, when its words can be filled in, how they look."""
    typed = form.is_bound and form.is_valid()
    words = form.words if typed else None
    looks = None
    if typed or not form.is_bound:
        try:
            looks = preview(entry, language, words or _present(entry, language), user=request.user)
        except ValidationError:  # a variable that a newer version no longer has
            looks = None
    return {
        "language": language,
        "name": _NAMES[language],
        "form": form,
        "looks": looks,
        "typed": typed,
        "words": words,
        "changed": language in rows.rows_of(entry.kind),
    }
