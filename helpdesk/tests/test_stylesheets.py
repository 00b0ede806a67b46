"""One stylesheet for a page: joined where files are collected, the files themselves elsewhere."""

from django.conf import settings
from django.template import Context, Template

from helpdesk import stylesheets
from helpdesk.stylesheets import BUNDLE, JoinedStylesheets

#: The administration, and the frame in which a mail stands as it came.
APART = {"admin.css", "chat.css", "original.css"}


def links() -> str:
    return Template("{% load ui %}{% stylesheets %}").render(Context())


def test_collected_files_are_joined_and_named_by_their_content(tmp_path):
    storage = JoinedStylesheets(location=tmp_path, base_url="/static/")
    for _ in range(2):  # once more, over what is there
        assert BUNDLE in [name for name, *_rest in storage.post_process({})]
    joined = (tmp_path / BUNDLE).read_text()
    folder = settings.BASE_DIR / "static" / "css"
    assert joined.startswith((folder / "app.css").read_text())
    assert all(path.read_text() in joined for path in folder.glob("*.css") if path.name not in APART)
    assert (folder / "admin.css").read_text() not in joined
    hashed = storage.hashed_files[BUNDLE]
    assert hashed != BUNDLE
    assert (tmp_path / hashed).exists() and (tmp_path / f"{hashed}.gz").exists()


def test_a_page_links_the_joined_file_or_all_of_them(monkeypatch, tmp_path):
    assert links().count("<link") == len(list((settings.BASE_DIR / "static" / "css").glob("*.css"))) - len(APART)
    assert links().index("app.css") < links().index("articles.css")
    storage = JoinedStylesheets(location=tmp_path, base_url="/static/")
    monkeypatch.setattr(stylesheets, "staticfiles_storage", storage)
    assert links().count("<link") == 1
    assert BUNDLE in links()
