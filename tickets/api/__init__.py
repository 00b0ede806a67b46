"""Tickets for programs: the same services as the pages, the same `visible_to`."""
