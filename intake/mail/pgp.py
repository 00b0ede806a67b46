"""Text that was signed in place (RFC 4880, section 7): its words without the armour."""

_BEGIN = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE, _END = "-----BEGIN PGP SIGNATURE-----", "-----END PGP SIGNATURE-----"
_MOST = 20


def without_armour(text: str) -> str:
    """The text as it was before signing; other text as it is. Nothing is verified."""
    position = 0
    for _ in range(_MOST):
        begin = text.find(_BEGIN, position)
        signature = text.find(_SIGNATURE, begin)
        end = text.find(_END, signature)
        if min(begin, signature, end) < 0:
            break
        # The armour's own headers (Hash: …) end with an empty line.
        words = text.find("\n\n", begin, signature)
        inside = text[words + 2 if words >= 0 else begin + len(_BEGIN) : signature]
        clear = "\n".join(line.removeprefix("- ") for line in inside.split("\n")).strip("\n")
        text = f"{text[:begin]}{clear}{text[end + len(_END) :]}"
        position = begin + len(clear)
    return text
