"""What changes clocks and calendars. Callers hold the ticket's row lock; nothing here takes it."""
