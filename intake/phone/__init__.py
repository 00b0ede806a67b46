"""A call, written down while it is made: the caller by number, the problem in a sentence."""
