"""SM3withSM2 (GB/T 32918.2-2016), identified by 1.2.156.10197.1.501, as 202511A has it."""

import secrets

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from guiju.labelling.security.sm2_curve import A, B, G, N, Point, added, is_on_curve, multiplied

ALGORITHM = "1.2.156.10197.1.501"
DEFAULT_ID = b"1234567812345678"
_KEY_LENGTH = 65
_UNCOMPRESSED = 4
_WIDTH = 32


class Sm2Scheme:
    """Verifies SM2 signatures in DER; keys are `04`, x and y."""

    algorithm = ALGORITHM

    def is_key(self, key: bytes) -> bool:
        """Tell a key by its form, and by lying on the curve."""
        return len(key) == _KEY_LENGTH and key[0] == _UNCOMPRESSED and is_on_curve(*_coordinates(key))

    def is_valid(self, key: bytes, message: bytes, signature: bytes) -> bool:
        """Tell whether the signature is one of the key over the message, with the default identity."""
        try:
            r, s = decode_dss_signature(signature)
        except ValueError:
            return False
        if not self.is_key(key) or not (0 < r < N and 0 < s < N) or (r + s) % N == 0:
            return False
        point = added(multiplied(G, s), multiplied(Point(*_coordinates(key)), (r + s) % N))
        return (_digest(key, message) + point.affine()[0]) % N == r


class Sm2LabelSigner:
    """Signs with one SM2 key."""

    algorithm = ALGORITHM

    def __init__(self, private_key: int) -> None:
        """Sign with a private key, from 1 to the order of the curve less 2.

        Raises:
            ValueError: it is out of range.
        """
        if not 0 < private_key < N - 1:
            raise ValueError("an SM2 private key lies from 1 to n-2")
        self._private = private_key
        x, y = multiplied(G, private_key).affine()
        self.public_key = bytes((_UNCOMPRESSED,)) + x.to_bytes(_WIDTH, "big") + y.to_bytes(_WIDTH, "big")

    def sign(self, message: bytes) -> bytes:
        """Sign a message, with the default identity; the signature in DER."""
        digest = _digest(self.public_key, message)
        while True:
            nonce = secrets.randbelow(N - 1) + 1
            r = (digest + multiplied(G, nonce).affine()[0]) % N
            s = pow(1 + self._private, -1, N) * (nonce - r * self._private) % N
            if r and s and r + nonce != N:
                return encode_dss_signature(r, s)


def _coordinates(key: bytes) -> tuple[int, int]:
    return int.from_bytes(key[1 : 1 + _WIDTH], "big"), int.from_bytes(key[1 + _WIDTH :], "big")


def _sm3(*pieces: bytes) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    for piece in pieces:
        digest.update(piece)
    return digest.finalize()


def _digest(key: bytes, message: bytes) -> int:
    """Return e of the standard: SM3 over what identifies the signer, and the message."""
    x, y = _coordinates(key)
    numbers = b"".join(number.to_bytes(_WIDTH, "big") for number in (A, B, G.x, G.y, x, y))
    signer = _sm3((len(DEFAULT_ID) * 8).to_bytes(2, "big"), DEFAULT_ID, numbers)
    return int.from_bytes(_sm3(signer, message), "big")
