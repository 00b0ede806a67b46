"""Reading tickets for pages."""
