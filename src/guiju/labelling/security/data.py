"""Security data in `ReservedCode1`: written, and verified as valid, invalid, of an unknown scheme, or absent.

The structure and the signed text are those that public files of one producer verify with (202511A, annex A.1, read
second hand). A file of another producer, of the same structure, does not verify with that text: the interoperable form
is not settled, so "invalid" on somebody else's label is a reason to ask, not a proof of tampering. `ReservedCode2` is
carried and not verified, since what it signs is not known.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import orjson

from guiju.labelling.models import Label
from guiju.labelling.security.ed25519 import Ed25519Scheme
from guiju.labelling.security.interface import Scheme, Signer
from guiju.labelling.security.sm2 import Sm2Scheme

SCHEMES: tuple[Scheme, ...] = (Ed25519Scheme(), Sm2Scheme())
_TYPE, _VERSION = "TC260PG", 1
_SIGNATURE, _KEY = "DS", "PubKey"
_LONGEST = 64 * 1024
_MOST_PARTS = 16


class SecurityVerdict(StrEnum):
    """What can be said of the security data in a label."""

    VALID = "valid"
    INVALID = "invalid"
    UNKNOWN_SCHEME = "unknown_scheme"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class SecurityReading:
    """The verdict, the algorithm, and whether the key was one that we were told to trust.

    A signature that verifies only with the key that stands beside it shows that both were made together, not by whom.
    """

    verdict: SecurityVerdict
    algorithm: str = ""
    is_trusted: bool = False


def signed_text(label: Label) -> bytes:
    """Return the text that the producer signs."""
    fields = (("Label", label.label), ("ContentProducer", label.content_producer), ("ProduceID", label.produce_id))
    return ",".join(f'"{name}":"{value}"' for name, value in fields).encode()


def with_signature(label: Label, signer: Signer) -> Label:
    """Return the label with the producer's signature in `ReservedCode1`."""
    parts = [
        {
            "Type": _SIGNATURE,
            "AlgID": signer.algorithm,
            "TBSData": {"Type": "Md"},
            "Signature": signer.sign(signed_text(label)).hex(),
        },
        {"Type": _KEY, "AlgID": signer.algorithm, "KeyValue": signer.public_key.hex()},
    ]
    data = {"SecurityData": {"Type": _TYPE, "Version": _VERSION, "PubSD": parts}}
    return replace(label, reserved_code_1=orjson.dumps(data).decode())


def verify_security(label: Label, trusted: Sequence[bytes] = ()) -> SecurityReading:
    """Verify the producer's signature: with the trusted keys, else with the one that stands beside it."""
    if not label.reserved_code_1:
        return SecurityReading(SecurityVerdict.ABSENT)
    parts = list(_parts(label.reserved_code_1))
    signature = next((part for part in parts if part.get("Type") == _SIGNATURE), None)
    if signature is None:
        return SecurityReading(SecurityVerdict.UNKNOWN_SCHEME)
    algorithm = str(signature.get("AlgID", ""))[:100]
    scheme = next((one for one in SCHEMES if one.algorithm == algorithm), None)
    raw = _hex(signature.get("Signature"))
    if scheme is None or raw is None:
        return SecurityReading(SecurityVerdict.UNKNOWN_SCHEME, algorithm)
    beside = [key for part in parts if part.get("Type") == _KEY for value in part.values() if (key := _hex(value))]
    for key, is_trusted in (*((key, True) for key in trusted), *((key, False) for key in beside)):
        if scheme.is_key(key) and scheme.is_valid(key, signed_text(label), raw):
            return SecurityReading(SecurityVerdict.VALID, algorithm, is_trusted)
    return SecurityReading(SecurityVerdict.INVALID, algorithm)


def _parts(code: str) -> Iterator[dict[str, object]]:
    """Return the parts of security data as 202511A has it; none of anything else."""
    if len(code) > _LONGEST:
        return
    try:
        tree = orjson.loads(code)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return
    data = tree.get("SecurityData", tree) if isinstance(tree, dict) else None
    if not isinstance(data, dict) or str(data.get("Type", "")).strip() != _TYPE:
        return
    parts = data.get("PubSD")
    for part in parts[:_MOST_PARTS] if isinstance(parts, list) else []:
        if isinstance(part, dict):
            yield part


def _hex(value: object) -> bytes | None:
    try:
        return bytes.fromhex(value) if isinstance(value, str) and value else None
    except ValueError:
        return None
