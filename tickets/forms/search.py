"""What is typed into the search of the top bar."""

from django import forms


class SearchForm(forms.Form):
    """One line; longer ones are refused rather than cut."""

    q = forms.CharField(max_length=200, required=False)
