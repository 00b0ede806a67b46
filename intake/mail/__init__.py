"""How mail comes in: stored as it came, then read, then a ticket, a message, or a row that somebody looks at."""
