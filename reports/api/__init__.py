"""`/api/v1/reports/`: the figures of the pages for programs."""
