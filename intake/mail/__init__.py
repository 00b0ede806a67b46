"""Reading of mail: `parsing.parse` makes plain values of raw bytes. It knows no model, no setting and no database."""
