"""The public side: home of the knowledge base, one article, suggestions while typing, «was this helpful?»."""

import hashlib

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from catalog.models import Category, Module
from knowledge import services
from knowledge.forms import FilterForm
from knowledge.models import Article
from knowledge.selectors import matching_articles, related_articles, search_articles
from outbox import clock
from outbox.limits import allow_reading

_PAGE = 20
_SUGGESTIONS_A_MINUTE = 90
_SUGGEST_CHARACTERS = 4_000  # of what was typed; more says nothing new


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Search and filters; without them categories, the newest and the most helpful articles."""
    form = FilterForm(request.GET or None)
    criteria = form.criteria() if form.is_bound else {"text": ""}
    context: dict = {"form": form, "searched": any(criteria.values()), "q": criteria["text"]}
    readable = Article.objects.visible_to(request.user).published()
    if context["searched"]:
        found = search_articles(user=request.user, **criteria).with_labels()
        context["page"] = Paginator(found, _PAGE).get_page(request.GET.get("page"))
    else:
        visible = Q(articles__in=readable)
        context["categories"] = Category.objects.annotate(count=Count("articles", filter=visible)).filter(count__gt=0)
        context["newest"] = readable.with_labels().order_by("-published_at", "-id")[:6]
        context["popular"] = readable.filter(helpful_count__gt=0).order_by("-helpful_count", "-id")[:6]
    return render(request, "knowledge/home.html", context)


@require_GET
def article(request: HttpRequest, slug: str) -> HttpResponse:
    """One article. Its author and the reviewers see it before it is published."""
    found = get_object_or_404(Article.objects.visible_to(request.user).with_labels(), slug=slug)
    context = {"article": found, "related": related_articles(article=found, user=request.user)}
    return render(request, "knowledge/article.html", context)


@require_POST
def rate(request: HttpRequest, slug: str) -> HttpResponse:
    """Count one vote; the answer is the same when it was counted before."""
    found = get_object_or_404(Article.objects.visible_to(request.user).published(), slug=slug)
    helpful = request.POST.get("helpful") == "yes"
    services.rate_article(article=found, helpful=helpful, visitor=_visitor(request), now=clock.now())
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "knowledge/_rated.html", {"helpful": helpful})
    messages.success(request, _("Thank you for telling us."))
    return redirect("knowledge:article", slug=slug)


@require_http_methods(["GET", "HEAD", "POST"])
def suggest(request: HttpRequest) -> HttpResponse:
    """Fragment: articles that match what is being typed (`text`, or `subject` and `description`; `module` is a code).

    Empty below two words' worth of text. Beyond the limit it answers 204, and the page keeps what it shows.
    The form for a problem posts, though nothing changes: a long description does not fit into an address.
    """
    said = request.POST if request.method == "POST" else request.GET
    typed = " ".join(said.get(name, "") for name in ("text", "subject", "description")).strip()
    key = f"article-suggest:{_visitor(request)}"
    if not allow_reading(key, limit=_SUGGESTIONS_A_MINUTE, seconds=60, now=clock.now()):
        return HttpResponse(status=204)
    found: list[Article] = []
    if len(typed.encode()) >= 6:  # two Chinese characters or six letters
        found = matching_articles(
            text=typed[:_SUGGEST_CHARACTERS].replace("\x00", ""),
            user=request.user,
            language=get_language(),
            module=Module.objects.filter(code=said.get("module", "")[:40].replace("\x00", "")).first(),
        )
    return render(request, "knowledge/_suggestions.html", {"articles": found})


def _visitor(request: HttpRequest) -> str:
    """An opaque key of who asks: the person, else a keyed hash of the address, so that no address is stored."""
    if request.user.is_authenticated:
        return f"user:{request.user.pk}"
    seed = f"{settings.SECRET_KEY}:{request.META.get('REMOTE_ADDR', '')}"
    return "anonymous:" + hashlib.sha256(seed.encode()).hexdigest()[:32]
