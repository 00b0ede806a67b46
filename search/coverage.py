"""How much of a question a document answers: a share, where a rank has no scale of its own."""

from search.tokens import scan


def share(question: str, document: str) -> tuple[float, int]:
    """The share of the question's words that ``document`` has, and their number.

    A latin word also counts when the document has one that a typing slip away; a Chinese one also where the
    document's words are cut differently.
    """
    known = {token.text for token in scan(document)}
    words: dict[str, bool] = {}
    last = ""
    for token in scan(question):
        if not token.weak:
            last = token.text
            words[last] = words.get(last, False) or last in known
        elif token.text.startswith("~") and last in words:
            words[last] = words[last] or token.text in known
    found = sum(words.values())
    return (found / len(words) if words else 0.0), found
