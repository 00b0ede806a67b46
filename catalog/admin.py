"""Products, modules, versions, categories, fault types, tags."""

from django.contrib import admin

from catalog.models import Category, CustomField, FaultType, Module, Product, Tag, Version
from outbox.admin_base import AutocompleteMixin


class ModuleInline(admin.TabularInline):
    model = Module
    extra = 0


class VersionInline(admin.TabularInline):
    model = Version
    extra = 0


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    list_display = ["name", "name_en", "code"]
    search_fields = ["name", "name_en", "code"]
    inlines = [ModuleInline, VersionInline]


@admin.register(Module)
class ModuleAdmin(AutocompleteMixin, admin.ModelAdmin):
    list_display = ["name", "name_en", "code", "product"]
    list_filter = ["product"]
    list_select_related = ["product"]
    search_fields = ["name", "name_en", "code"]
    autocomplete_fields = ["product"]


@admin.register(Version)
class VersionAdmin(AutocompleteMixin, admin.ModelAdmin):
    list_display = ["name", "product", "released_on"]
    list_filter = ["product"]
    list_select_related = ["product"]
    search_fields = ["name"]
    autocomplete_fields = ["product"]


@admin.register(Category)
class CategoryAdmin(AutocompleteMixin, admin.ModelAdmin):
    list_display = ["name", "name_en", "code", "team", "skill", "position"]
    list_editable = ["position"]
    list_filter = ["team"]
    list_select_related = ["team", "skill"]
    search_fields = ["name", "name_en", "code"]
    autocomplete_fields = ["team", "skill"]


@admin.register(FaultType)
class FaultTypeAdmin(admin.ModelAdmin):
    list_display = ["name", "name_en", "code"]
    search_fields = ["name", "name_en", "code"]


@admin.register(Tag)
class TagAdmin(admin.ModelAdmin):
    list_display = ["name"]
    search_fields = ["name"]


@admin.register(CustomField)
class CustomFieldAdmin(AutocompleteMixin, admin.ModelAdmin):
    list_display = [
        "name",
        "name_en",
        "code",
        "category",
        "kind",
        "is_needed",
        "asks_customer",
        "position",
        "is_active",
    ]
    list_editable = ["position", "is_active"]
    list_filter = ["category", "kind", "is_active"]
    list_select_related = ["category"]
    search_fields = ["name", "name_en", "code"]
    autocomplete_fields = ["category"]

    def get_readonly_fields(self, request, obj=None):
        """Answers are kept under the code and by the kind: a field that exists keeps both."""
        return ["code", "kind"] if obj else []
