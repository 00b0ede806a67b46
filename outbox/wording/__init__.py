"""The administrator's own words of mails: a small safe language, the kinds that have words, the rows, the editor."""
