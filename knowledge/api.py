"""Articles for programs: read what one may read, draft, and change with the version that was read."""

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.conditions import conditional, etag
from accounts.idempotency import keyed
from accounts.models import User
from catalog.models import Category, FaultType, Module, Version
from knowledge import services
from knowledge.models import Article
from knowledge.selectors import MOST_RESULTS, ranked
from knowledge.services.writing import MAX_TEXT
from outbox import clock


class ArticleOut(serializers.ModelSerializer):
    """An article as it is read. `version` is the number of the text shown, `proposed` that of one in review."""

    category = serializers.CharField(source="category.code", allow_null=True, default=None)
    module = serializers.CharField(source="module.code", allow_null=True, default=None)
    fault_type = serializers.CharField(source="fault_type.code", allow_null=True, default=None)
    versions: Any = serializers.SlugRelatedField(slug_field="name", many=True, read_only=True)
    tags: Any = serializers.SlugRelatedField(slug_field="name", many=True, read_only=True)

    class Meta:
        model = Article
        fields = [
            "id", "slug", "title", "problem", "cause", "solution", "kind", "state", "visibility", "language",
            "category", "module", "fault_type", "versions", "tags", "version", "proposed",
            "created_at", "updated_at", "published_at", "expires_on", "helpful_count", "unhelpful_count",
        ]  # fmt: skip


class _WriteIn(serializers.Serializer):
    title = serializers.CharField(max_length=200)
    problem = serializers.CharField(max_length=MAX_TEXT)
    cause = serializers.CharField(max_length=MAX_TEXT, allow_blank=True, required=False)
    solution = serializers.CharField(max_length=MAX_TEXT)
    kind = serializers.ChoiceField(Article.Kind.choices, required=False)
    visibility = serializers.ChoiceField(Article.Visibility.choices, required=False)
    language = serializers.ChoiceField(list(Article._meta.get_field("language").choices or ()))
    category = serializers.SlugRelatedField(
        slug_field="code", queryset=Category.objects.all(), required=False, allow_null=True
    )
    module = serializers.SlugRelatedField(
        slug_field="code", queryset=Module.objects.all(), required=False, allow_null=True
    )
    fault_type = serializers.SlugRelatedField(
        slug_field="code", queryset=FaultType.objects.all(), required=False, allow_null=True
    )
    versions = serializers.PrimaryKeyRelatedField(many=True, queryset=Version.objects.all(), required=False)
    tags = serializers.ListField(child=serializers.CharField(max_length=40), required=False, max_length=20)
    expires_on = serializers.DateField(required=False, allow_null=True)


class ArticleIn(_WriteIn):
    """A new draft."""


class ArticlePatchIn(_WriteIn):
    """A change: only what is named changes. `base` is the number of the version that was read."""

    base = serializers.IntegerField(min_value=1)
    note = serializers.CharField(max_length=200, required=False, allow_blank=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.required = name == "base"


class ArticleFilter(filters.FilterSet):
    category = filters.CharFilter(field_name="category__code")
    module = filters.CharFilter(field_name="module__code")
    fault_type = filters.CharFilter(field_name="fault_type__code")
    version = filters.CharFilter(field_name="versions__name", distinct=True)
    tag = filters.CharFilter(field_name="tags__name", lookup_expr="iexact")

    class Meta:
        model = Article
        fields = ["state", "visibility", "language", "kind"]


class ArticleViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """Articles that the caller may read. `?q=` searches, best first, at most 200 answers on one page."""

    queryset = Article.objects.none()
    serializer_class = ArticleOut
    filterset_class = ArticleFilter
    extra_parameters = ("q",)
    required_scopes = {"GET": "articles:read", "POST": "articles:write", "PATCH": "articles:write"}

    def get_queryset(self) -> QuerySet[Article]:
        return Article.objects.visible_to(self.request.user).with_labels().order_by("-id")

    @extend_schema(parameters=[OpenApiParameter("q", str, description="Words to search for.")])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        text = request.query_params.get("q", "").replace("\x00", "").strip()[:1000]
        if not text:
            return super().list(request, *args, **kwargs)
        narrowed: Any = self.filter_queryset(self.get_queryset())
        found = ranked(narrowed, text).with_labels()[:MOST_RESULTS]
        return Response({"next": None, "previous": None, "results": ArticleOut(found, many=True).data})

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self._shown(self.get_object())

    @extend_schema(request=ArticleIn, responses={201: ArticleOut})
    @keyed
    def create(self, request: Request) -> Response:
        """Write a draft."""
        given = ArticleIn(data=request.data)
        given.is_valid(raise_exception=True)
        article = services.draft_article(actor=self._actor(), now=clock.now(), **given.validated_data)
        return self._shown(article, status.HTTP_201_CREATED)

    @extend_schema(request=ArticlePatchIn, responses=ArticleOut)
    @conditional
    def partial_update(self, request: Request, pk: str | None = None) -> Response:
        """Save a new version; 409 when there is a newer one than `base`."""
        article = self.get_object()
        given = ArticlePatchIn(data=request.data)
        given.is_valid(raise_exception=True)
        services.edit_article(article=article, actor=self._actor(), now=clock.now(), **given.validated_data)
        return self._shown(article)

    def _actor(self) -> User:
        """Who calls; the permission class lets in nobody anonymous."""
        return self.request.user  # type: ignore[return-value]

    def locked_version(self) -> str:
        """The versions of the article, locked until the write is done; what is not visible is not found."""
        return _version_of(Article.objects.select_for_update(of=("self",)).get(pk=self.get_object().pk))

    def _shown(self, article: Article, code: int = status.HTTP_200_OK) -> Response:
        fresh = Article.objects.visible_to(self.request.user).with_labels().get(pk=article.pk)
        return Response(ArticleOut(fresh).data, status=code, headers={"ETag": etag(_version_of(fresh))})


def _version_of(article: Article) -> str:
    """What changes with every text that is saved: the version shown, and the one that waits for review."""
    return f"{article.version}-{article.proposed or 0}"
