"""Forms of the agents' pages: each reads what was typed and hands it to one service."""
