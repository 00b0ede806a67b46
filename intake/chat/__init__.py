"""The chat on a company's own site: a widget for each site, and the conversations that visitors begin there."""
