"""Robots of chat groups: who listens, how each service wants it said, and the sending."""
