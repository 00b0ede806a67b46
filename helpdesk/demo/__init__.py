"""Demo data: a fictional technology company, its customers and their problems."""
