"""Text that was wrapped for the journey (RFC 3676): lines that end with a blank go on in the next one."""


def unflow(text: str, *, delete_space: bool) -> str:
    """The text with its paragraphs in one line each. `delete_space` (DelSp) is for languages without blanks."""
    paragraphs: list[list[str]] = []
    open_depth = -1  # the quote depth of a paragraph that goes on, -1 for none
    for line in text.split("\n"):
        line = line.rstrip("\r")
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        goes_on = content.endswith(" ") and content != "-- "
        kept = content[:-1] if goes_on and delete_space else content
        if open_depth == depth and content != "-- ":
            paragraphs[-1].append(kept)
        else:
            paragraphs.append([">" * depth + (" " if depth else "") + kept])
        open_depth = depth if goes_on else -1
    return "\n".join("".join(paragraph) for paragraph in paragraphs)
