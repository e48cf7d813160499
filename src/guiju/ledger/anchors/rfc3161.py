"""A time-stamping authority (RFC 3161): it signs that it saw the checkpoint's hash at a time.

What is checked here is that the answer grants a token and that the token is about our hash and our nonce. The
authority's signature and certificates are for `openssl ts -verify`, with the certificates that the inspector trusts.
"""

import hashlib
import os

from guiju.kit.clock import Clock
from guiju.ledger.anchors.der import (
    BOOLEAN,
    INTEGER,
    NULL,
    OCTETS,
    SEQUENCE,
    encode,
    encode_integer,
    encode_oid,
    only,
    values,
)
from guiju.ledger.anchors.http import Poster
from guiju.ledger.anchors.interface import ProveConsistency
from guiju.ledger.errors import AnchorError, NoteError
from guiju.ledger.models import AnchorReceipt, SignedCheckpoint

_SHA256 = encode_oid("2.16.840.1.101.3.4.2.1")
_SIGNED_DATA = encode_oid("1.2.840.113549.1.7.2")
_TST_INFO = encode_oid("1.2.840.113549.1.9.16.1.4")
_EXPLICIT = 0xA0
_GRANTED = (b"\x00", b"\x01")  # granted, granted with modifications: RFC 3161 §2.4.2
_NONCE_BITS = 63


class TimeStampAnchor:
    """A time-stamping authority at an address."""

    def __init__(self, name: str, url: str, clock: Clock, *, timeout_seconds: float = 5.0) -> None:
        """Ask the authority at `url`, which the operator calls `name`.

        Raises:
            ConfigurationError: the address cannot be used.
        """
        self.name = name
        self._url = url
        self._poster = Poster(url, timeout_seconds=timeout_seconds)
        self._clock = clock

    def anchor(self, checkpoint: SignedCheckpoint, _prove: ProveConsistency) -> AnchorReceipt:
        """Return the whole time-stamp response for the SHA-256 of the checkpoint's note.

        Raises:
            AnchorError: it did not answer, granted nothing, or the token is about something else.
        """
        imprint = hashlib.sha256(checkpoint.note.encode()).digest()
        nonce = int.from_bytes(os.urandom(8), "big") >> (64 - _NONCE_BITS)
        answer = self._poster.post(time_stamp_request(imprint, nonce), "application/timestamp-query")
        try:
            check_time_stamp(answer.body, imprint, nonce)
        except NoteError as error:
            raise AnchorError(
                f"时间戳服务 {self.name} 没有给出可用的时间戳：{error.zh}",
                f"The time-stamping authority {self.name} gave no usable token: {error.en}",
                where=self._url,
            ) from error
        return AnchorReceipt("rfc3161", self.name, checkpoint.size, answer.body, self._clock.now())


def time_stamp_request(imprint: bytes, nonce: int) -> bytes:
    """Write a TimeStampReq for a SHA-256 `imprint` that asks for the certificates too (RFC 3161 §2.4.1)."""
    algorithm = encode(SEQUENCE, _SHA256, encode(NULL))
    return encode(
        SEQUENCE,
        encode_integer(1),
        encode(SEQUENCE, algorithm, encode(OCTETS, imprint)),
        encode_integer(nonce),
        encode(BOOLEAN, b"\xff"),
    )


def check_time_stamp(response: bytes, imprint: bytes, nonce: int) -> None:
    """Check that a TimeStampResp grants a token about `imprint` and `nonce`.

    Raises:
        NoteError: it does not, and why.
    """
    parts = list(values(only(response, SEQUENCE)))
    if not parts or only(parts[0][1], INTEGER) not in _GRANTED:
        raise NoteError("请求未获批准。", "the request was not granted.")
    if len(parts) < 2:  # noqa: PLR2004 - status and token
        raise NoteError("应答里没有时间戳。", "there is no token in the answer.")
    info = list(values(only(_token_info(parts[1][1]), SEQUENCE)))
    imprints = [content for tag, content in info if tag == SEQUENCE]
    stamped = list(values(imprints[0])) if imprints else []
    if len(stamped) != 2 or not stamped[0][1].startswith(_SHA256) or stamped[1] != (OCTETS, imprint):  # noqa: PLR2004
        raise NoteError("时间戳针对的不是这个检查点。", "the token is not about this checkpoint.")
    integers = [int.from_bytes(content, "big") for tag, content in info if tag == INTEGER]
    if nonce not in integers[2:]:  # version and serial number stand before it
        raise NoteError("时间戳不是对这次请求的应答。", "the token does not answer this request.")


def _token_info(token: bytes) -> bytes:
    """Return the TSTInfo inside the token, a CMS SignedData (RFC 5652 §5.1)."""
    content_info = list(values(token))
    if len(content_info) < 2 or encode(*content_info[0]) != _SIGNED_DATA:  # noqa: PLR2004 - type and content
        raise NoteError("时间戳不是 CMS 签名数据。", "the token is no CMS SignedData.")
    signed = list(values(only(only(token[len(_SIGNED_DATA) :], _EXPLICIT), SEQUENCE)))
    inner = [content for tag, content in signed if tag == SEQUENCE]
    if not inner or not inner[0].startswith(_TST_INFO):
        raise NoteError("时间戳里没有 TSTInfo。", "the token holds no TSTInfo.")
    return only(only(inner[0][len(_TST_INFO) :], _EXPLICIT), OCTETS)
