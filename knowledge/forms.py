"""Forms of the knowledge base: the reader's filters and the writer's article."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.models import Category, FaultType, Module, Version
from knowledge.models import Article
from knowledge.querysets import may
from knowledge.services.writing import MAX_TAG, MAX_TEXT


class FilterForm(forms.Form):
    """What readers search and narrow by; every field optional, so that an empty form is the whole base."""

    q = forms.CharField(label=_("Search"), required=False, max_length=300)
    module = forms.ModelChoiceField(
        Module.objects.none(), label=_("Product module"), required=False, to_field_name="code"
    )
    category = forms.ModelChoiceField(
        Category.objects.none(), label=_("Category"), required=False, to_field_name="code"
    )
    fault_type = forms.ModelChoiceField(
        FaultType.objects.none(), label=_("Fault type"), required=False, to_field_name="code"
    )
    version = forms.CharField(label=_("Product version"), required=False, max_length=40)
    tag = forms.CharField(label=_("Tag"), required=False, max_length=40)
    language = forms.ChoiceField(label=_("Language"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choosers: dict[str, Any] = {
            "module": Module.objects.select_related("product"),
            "category": Category.objects.all(),
            "fault_type": FaultType.objects.all(),
        }
        for name, rows in choosers.items():
            self.fields[name].queryset = rows  # type: ignore[attr-defined]
            self.fields[name].empty_label = _("any")  # type: ignore[attr-defined]
        versions = Version.objects.order_by("-name").values_list("name", flat=True).distinct()
        self.fields["version"].widget = forms.Select(choices=[("", _("any")), *((name, name) for name in versions)])
        languages = list(Article._meta.get_field("language").choices or ())
        self.fields["language"].choices = [("", _("any")), *languages]  # type: ignore[attr-defined]

    def criteria(self) -> dict[str, str]:
        """Arguments for `search_articles`; a value that does not exist is left out."""
        self.is_valid()
        given = self.cleaned_data
        chosen = {name: given[name].code for name in ("module", "category", "fault_type") if given.get(name)}
        chosen |= {name: given[name] for name in ("version", "tag", "language") if given.get(name)}
        return {"text": given.get("q", ""), **chosen}


class ArticleForm(forms.ModelForm):
    """An article as its writer edits it; the view hands `fields_for_service` to the services."""

    tag_names = forms.CharField(
        label=_("Tags"), required=False, max_length=400, help_text=_("Separated by commas; new ones are made.")
    )
    base = forms.IntegerField(widget=forms.HiddenInput, required=False)
    note = forms.CharField(label=_("What changed"), required=False, max_length=200)

    class Meta:
        model = Article
        fields = [
            "title", "problem", "cause", "solution", "language", "kind", "visibility",
            "category", "module", "versions", "fault_type", "expires_on",
        ]  # fmt: skip
        widgets = {
            "problem": forms.Textarea(attrs={"rows": 6, "maxlength": MAX_TEXT}),
            "cause": forms.Textarea(attrs={"rows": 4, "maxlength": MAX_TEXT}),
            "solution": forms.Textarea(attrs={"rows": 10, "maxlength": MAX_TEXT}),
            "versions": forms.CheckboxSelectMultiple,
            "expires_on": forms.DateInput(attrs={"type": "date"}),
        }
        help_texts = {
            "problem": _("What does the reader see? Use the words and error messages that they would search for."),
            "cause": _("Why does it happen?"),
            "solution": _("Step by step. Markdown works: lists, **bold**, `code`."),
        }

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        article = self.instance
        self.fields["module"].queryset = Module.objects.select_related("product")  # type: ignore[attr-defined]
        self.fields["versions"].queryset = Version.objects.select_related("product")  # type: ignore[attr-defined]
        self.fields["versions"].label_from_instance = _version_label  # type: ignore[attr-defined]
        if article.pk:
            self.initial["tag_names"] = ", ".join(tag.label for tag in article.tags.all())
        else:
            del self.fields["note"]
        self.proposes = bool(article.pk) and article.state == "published" and not may(actor, "article.publish")
        if self.proposes:  # labels of a published article are the reviewers' own; a proposal changes the text
            for name in set(self.fields) - {"title", "problem", "cause", "solution", "base", "note"}:
                del self.fields[name]

    def clean_tag_names(self) -> list[str]:
        """The tags, each once, at most 20."""
        raw = self.cleaned_data["tag_names"].replace("，", ",").replace("、", ",").split(",")
        names = {" ".join(name.split()).casefold(): " ".join(name.split()) for name in raw if name.strip()}
        if len(names) > 20 or any(len(name) > MAX_TAG for name in names.values()):
            raise forms.ValidationError(_("At most 20 tags of 40 characters each."))
        return list(names.values())

    def fields_for_service(self) -> dict[str, Any]:
        """The arguments that `draft_article` and `edit_article` share."""
        given = dict(self.cleaned_data)
        given.pop("base", None)
        given.pop("note", None)
        if "tag_names" in given:
            given["tags"] = given.pop("tag_names")
        return given


class SendBackForm(forms.Form):
    """Why an article returns to its author."""

    reason = forms.CharField(
        label=_("What should be changed?"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )


def _version_label(version: Version) -> str:
    return f"{version.product.label} {version.name}"
