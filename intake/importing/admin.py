"""What was imported, to look at."""

from django.contrib import admin

from intake.models import ImportedFile, ImportedRecord
from outbox.admin_base import ReadOnlyAdmin


@admin.register(ImportedRecord)
class ImportedRecordAdmin(ReadOnlyAdmin):
    list_display = ["source", "external_id", "ticket", "imported_at"]
    list_filter = ["source"]
    search_fields = ["external_id"]
    list_select_related = ["ticket"]
    show_full_result_count = False


@admin.register(ImportedFile)
class ImportedFileAdmin(ReadOnlyAdmin):
    list_display = ["name", "record", "state", "problem", "tried_at"]
    list_filter = ["state", "record__source"]
    search_fields = ["name", "record__external_id"]
    list_select_related = ["record"]
    exclude = ["sealed_address"]
    show_full_result_count = False
