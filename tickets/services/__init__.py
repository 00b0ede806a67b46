"""Everything that changes a ticket: one verb a function, keyword-only, with ``actor`` and ``now``."""
