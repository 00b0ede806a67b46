"""The writers' side: list with the review queue, form with preview, review page."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import SignedInRequest, requires
from knowledge import services
from knowledge.diffs import difference
from knowledge.forms import ArticleForm, SendBackForm
from knowledge.models import Article
from knowledge.querysets import ArticleQuerySet
from knowledge.selectors import ranked, state_counts
from knowledge.services.writing import TEXT, latest_number, version_text
from knowledge.transitions import moves_of
from outbox import clock

_PAGE = 50
_HISTORY = 50


@require_GET
@requires("workspace.enter")
def desk(request: SignedInRequest) -> HttpResponse:
    """Articles by state, what waits for review first."""
    counts = state_counts(user=request.user)
    tab = request.GET.get("state", "")
    if tab not in counts:
        tab = "waiting" if counts["waiting"] else "published"
    text = request.GET.get("q", "").strip()[:300]
    rows = _in_tab(Article.objects.visible_to(request.user), tab)
    rows = ranked(rows, text) if text else rows.order_by("-updated_at", "-id")
    page = Paginator(rows.with_labels(), _PAGE).get_page(request.GET.get("page"))
    return render(request, "knowledge/desk.html", {"page": page, "tabs": _tabs(counts, tab), "state": tab, "q": text})


def _in_tab(articles: ArticleQuerySet, tab: str) -> ArticleQuerySet:
    return articles.waiting_for_review() if tab == "waiting" else articles.filter(state=tab)


def _tabs(counts: dict[str, int], current: str) -> list[dict]:
    labels = {"waiting": _("Waiting for review"), **{str(state.value): state.label for state in Article.State}}
    del labels["in_review"]  # «waiting» holds these and the proposed changes
    return [
        {
            "label": capfirst(str(label)),
            "href": f"{reverse('knowledge:desk')}?state={state}",
            "current": state == current,
            "count": counts[state],
        }
        for state, label in labels.items()
    ]


@require_http_methods(["GET", "POST"])
@requires("article.write")
def new(request: SignedInRequest) -> HttpResponse:
    """Write a new article."""
    form = ArticleForm(request.POST or None, actor=request.user, initial={"language": get_language()})
    if request.method == "POST" and form.is_valid():
        try:
            article = services.draft_article(actor=request.user, now=clock.now(), **form.fields_for_service())
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return _saved(request, article)
    return _form(request, form, None)


@require_http_methods(["GET", "POST"])
@requires("article.write")
def edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change an article; the form starts from its newest version, shown or proposed."""
    article = _visible(request, pk)
    newest = latest_number(article)
    for name, value in version_text(article, newest).items():
        setattr(article, name, value)
    form = ArticleForm(request.POST or None, instance=article, actor=request.user, initial={"base": newest})
    conflict: list[dict] = []
    if request.method == "POST" and form.is_valid():
        try:
            services.edit_article(
                article=article,
                actor=request.user,
                now=clock.now(),
                base=form.cleaned_data["base"] or 0,
                note=form.cleaned_data["note"],
                **form.fields_for_service(),
            )
        except services.StaleArticle as error:
            form.add_error(None, str(error))
            conflict = _compared(version_text(article, newest), form.cleaned_data)
            # What was typed is kept, and saving again is then a decision that was made with both before one's eyes.
            typed = request.POST.copy()
            typed["base"] = str(latest_number(article))
            form.data = typed
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return _saved(request, article)
    return _form(request, form, article, conflict)


def _form(
    request: SignedInRequest, form: ArticleForm, article: Article | None, conflict: list[dict] | None = None
) -> HttpResponse:
    context = {
        "form": form,
        "article": article,
        "conflict": conflict,
        "can_publish": request.user.may("article.publish"),
    }
    return render(request, "knowledge/edit.html", context, status=422 if form.errors else 200)


def _saved(request: SignedInRequest, article: Article) -> HttpResponse:
    """After saving: submit or publish when that button was pressed, then show the article to its writer."""
    then = request.POST.get("then", "")
    article.refresh_from_db()
    if then in moves_of(article=article, permissions=request.user.permission_codes):
        _move(request, article, then)
    else:
        messages.success(request, _("Saved."))
    return redirect("knowledge:review", pk=article.pk)


@require_POST
@requires("article.write")
def preview(request: SignedInRequest) -> HttpResponse:
    """Fragment: the text of the form as readers will see it. Nothing is written."""
    return render(request, "knowledge/_preview.html", {name: request.POST.get(name, "") for name in TEXT})


@require_GET
@requires("article.write")
def review(request: SignedInRequest, pk: int) -> HttpResponse:
    """An article from the inside: its newest text, what changed between two versions, its history and its moves."""
    return _review(request, _visible(request, pk), SendBackForm())


@require_POST
@requires("article.write")
def move(request: SignedInRequest, pk: int) -> HttpResponse:
    """Submit, publish, send back, archive or restore."""
    article = _visible(request, pk)
    name = request.POST.get("move", "")
    if name == "send_back":
        form = SendBackForm(request.POST)
        if not form.is_valid():
            return _review(request, article, form, status=422)
    _move(request, article, name)
    return redirect("knowledge:review", pk=pk)


def _move(request: SignedInRequest, article: Article, name: str) -> None:
    """Call the service of the move ``name`` and say how it went."""
    arguments: dict[str, Any] = {"article": article, "actor": request.user, "now": clock.now()}
    reviewed = request.POST.get("reviewed", "")
    base = int(reviewed) if reviewed.isdecimal() and len(reviewed) < 10 else None
    calls: dict[str, tuple[Any, dict[str, Any], str]] = {
        "submit": (services.submit_for_review, {}, _("Handed to the reviewers.")),
        "publish": (services.publish_article, {"base": base}, _("Published.")),
        "send_back": (services.send_back, {"reason": request.POST.get("reason", "")}, _("Sent back to its author.")),
        "archive": (services.archive_article, {}, _("Archived.")),
        "restore": (services.restore_article, {}, _("Restored as a draft.")),
    }
    if name not in calls:
        raise Http404
    service, more, done = calls[name]
    try:
        service(**arguments, **more)
    except (services.StaleArticle, ValidationError) as error:
        messages.error(request, " ".join(getattr(error, "messages", [str(error)])))
    except PermissionDenied:
        raise Http404 from None
    else:
        messages.success(request, done)


def _review(request: SignedInRequest, article: Article, form: SendBackForm, status: int = 200) -> HttpResponse:
    history = list(article.history.select_related("edited_by")[:_HISTORY])
    numbers = [version.number for version in history]
    newest = numbers[0] if numbers else article.version
    upper = _number(request, "to", numbers, newest)
    earlier = [number for number in numbers if number < upper]
    shown = article.version if article.proposed and article.version < upper else (earlier[0] if earlier else upper)
    lower = _number(request, "from", numbers, shown)
    context = {
        "article": article,
        "text": version_text(article, newest),
        "history": history,
        "newest": newest,
        "lower": lower,
        "upper": upper,
        "changes": _compared(version_text(article, lower), version_text(article, upper)) if lower != upper else [],
        "moves": moves_of(article=article, permissions=request.user.permission_codes),
        "form": form,
    }
    return render(request, "knowledge/review.html", context, status=status)


def _number(request: SignedInRequest, name: str, numbers: list[int], default: int) -> int:
    asked = request.GET.get(name, "")
    return int(asked) if asked.isdecimal() and len(asked) < 7 and int(asked) in numbers else default


def _compared(before: dict, after: dict) -> list[dict]:
    """The fields that differ, with their differences."""
    return [
        {
            "label": Article._meta.get_field(name).verbose_name,  # type: ignore[union-attr]
            "parts": difference(before[name], after[name]),
        }
        for name in TEXT
        if before[name] != after[name]
    ]


def _visible(request: SignedInRequest, pk: int) -> Article:
    return get_object_or_404(Article.objects.visible_to(request.user).with_labels(), pk=pk)
