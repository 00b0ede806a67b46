"""Pages of the knowledge base; the composition root includes them at the root of the site."""

from django.urls import path

from knowledge.views import reading, writing

app_name = "knowledge"
urlpatterns = [
    path("articles/", reading.home, name="home"),
    path("articles/suggest/", reading.suggest, name="suggest"),
    path("articles/<slug:slug>/", reading.article, name="article"),
    path("articles/<slug:slug>/rate/", reading.rate, name="rate"),
    path("desk/articles/", writing.desk, name="desk"),
    path("desk/articles/new/", writing.new, name="new"),
    path("desk/articles/preview/", writing.preview, name="preview"),
    path("desk/articles/<int:pk>/", writing.review, name="review"),
    path("desk/articles/<int:pk>/edit/", writing.edit, name="edit"),
    path("desk/articles/<int:pk>/move/", writing.move, name="move"),
]
