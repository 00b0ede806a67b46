"""Tickets of other systems, read from their exports and written as history (docs/import.md)."""
