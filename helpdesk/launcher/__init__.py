"""`make up`: everything on one machine by one command (see `supervisor.py` for the order of things)."""
