"""WeCom's envelope (developer.work.weixin.qq.com, «加解密方案说明»): signature, AES-256-CBC, padding, receiver. Pure.

The plain text is 16 random bytes, the length in 4 bytes (network order), the message, and the receiver's ID, padded
by PKCS#7 to blocks of 32. The key is the base64 text of the console with «=» behind it; its first 16 bytes are the IV.
"""

import base64
import binascii
import hashlib
import hmac
import secrets

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_BLOCK = 32


class NotOurs(ValueError):
    """Not signed by whoever has the token, not for this receiver, or damaged. Which of them, nobody is told."""


def key_of(encoding_aes_key: str) -> bytes:
    """The 32 bytes behind the 43 characters of the console.

    Raises:
        NotOurs: when they are none.
    """
    try:
        key = base64.b64decode(encoding_aes_key + "=", validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotOurs("key") from error
    if len(key) != 32:
        raise NotOurs("key")
    return key


def signature(*, token: str, timestamp: str, nonce: str, encrypted: str) -> str:
    """SHA-1 over the four, sorted and joined."""
    joined = "".join(sorted([token, timestamp, nonce, encrypted]))
    return hashlib.sha1(joined.encode(), usedforsecurity=False).hexdigest()


def check_signature(given: str, *, token: str, timestamp: str, nonce: str, encrypted: str) -> None:
    """Let pass what is signed.

    Raises:
        NotOurs: when the signature is another one.
    """
    expected = signature(token=token, timestamp=timestamp, nonce=nonce, encrypted=encrypted)
    if not hmac.compare_digest(given.encode(), expected.encode()):
        raise NotOurs("signature")


def decrypt(encrypted: str, *, key: bytes, receiver: str) -> bytes:
    """The message in an envelope.

    Raises:
        NotOurs: damaged, sealed with another key, or for another receiver.
    """
    try:
        sealed = base64.b64decode(encrypted, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotOurs("base64") from error
    if not sealed or len(sealed) % 16:
        raise NotOurs("length")
    opener = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    plain = opener.update(sealed) + opener.finalize()
    padding = plain[-1]
    if not 1 <= padding <= _BLOCK or plain[-padding:] != bytes([padding]) * padding:
        raise NotOurs("padding")
    body = plain[16:-padding]
    length = int.from_bytes(body[:4], "big")
    message, whose = body[4 : 4 + length], body[4 + length :]
    if len(body) < 4 or len(message) != length or not hmac.compare_digest(whose, receiver.encode()):
        raise NotOurs("receiver")
    return message


def encrypt(message: bytes, *, key: bytes, receiver: str, random: bytes = b"") -> str:
    """An envelope as WeCom makes it: to try a door, and for whatever is answered."""
    plain = (random or secrets.token_bytes(16)) + len(message).to_bytes(4, "big") + message + receiver.encode()
    padding = _BLOCK - len(plain) % _BLOCK
    sealer = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(sealer.update(plain + bytes([padding]) * padding) + sealer.finalize()).decode()
