"""Several files in one field."""

from typing import Any

from django import forms


class FilesInput(forms.ClearableFileInput):
    """`<input type="file" multiple>`."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """A list of uploads, empty when none was chosen. What a file may be is checked where it is kept."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        uploads = data if isinstance(data, list | tuple) else [data]
        # Files without content are refused by `tickets.uploads`, which names them.
        return [super(FilesField, self).clean(upload, initial) for upload in uploads if upload]
