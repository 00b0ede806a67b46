"""Webhooks: what happened is told to programs elsewhere, in order, signed, at least once (docs/webhooks.md)."""
