"""What was imported, to look at."""

from django.contrib import admin

from intake.models import ImportedRecord
from outbox.admin_base import ReadOnlyAdmin


@admin.register(ImportedRecord)
class ImportedRecordAdmin(ReadOnlyAdmin):
    list_display = ["source", "external_id", "ticket", "imported_at"]
    list_filter = ["source"]
    search_fields = ["external_id"]
    list_select_related = ["ticket"]
    show_full_result_count = False
