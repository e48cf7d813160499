"""Findings taken out of a text: masked, named by kind, or given a pseudonym that is the same for the same value."""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Literal

from guiju.kit.errors import InputError
from guiju.privacy.models import Finding
from guiju.privacy.rules import find

Style = Literal["mask", "label", "pseudonym"]
STYLES: tuple[Style, ...] = ("mask", "label", "pseudonym")
_LEAST_KEY_BYTES = 16
_NAMES = {
    "resident_id": "身份证号",
    "bank_card": "银行卡号",
    "credit_code": "统一社会信用代码",
    "mobile": "手机号",
    "landline": "固定电话",
    "email": "电子邮箱",
}
_LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")


def pseudonym(finding: Finding, key: bytes) -> str:
    """Return the pseudonym of a value: letters only, so that none of it reads as a number.

    Raises:
        InputError: the key is shorter than 16 bytes.
    """
    if len(key) < _LEAST_KEY_BYTES:
        raise InputError("假名密钥至少需要 16 字节", "the key of pseudonyms needs 16 bytes or more", where="key")
    digest = hmac.new(key, f"{finding.kind}\0{finding.value}".encode(), hashlib.sha256).hexdigest()
    return f"〔{_NAMES[finding.kind]}:{digest[:16].translate(_LETTERS)}〕"


def _replacement(finding: Finding, style: Style, key: bytes) -> str:
    if style == "pseudonym":
        return pseudonym(finding, key)
    if style == "label":
        return f"〔{_NAMES[finding.kind]}〕"
    if finding.kind == "email":
        return "***@***"
    return f"{finding.value[:3]}{'*' * (len(finding.value) - 5)}{finding.value[-2:]}"


def redact(text: str, findings: Sequence[Finding], *, style: Style = "label", key: bytes = b"") -> str:
    """Return the text with these findings replaced, and nothing else.

    Raises:
        InputError: findings overlap or lie outside of the text, or pseudonyms are asked for without a key.
    """
    parts, done = [], 0
    for finding in sorted(findings, key=lambda finding: finding.start):
        if not done <= finding.start < finding.end <= len(text):
            raise InputError(
                "检出结果相互重叠或超出文本", "findings overlap or lie outside of the text", where=str(finding.start)
            )
        parts += [text[done : finding.start], _replacement(finding, style, key)]
        done = finding.end
    return "".join([*parts, text[done:]])


def redact_all(text: str, *, style: Style = "label", key: bytes = b"") -> str:
    """Return the text without anything that `find` finds.

    What stood inside a longer number can stand alone once its neighbour is gone, so it looks until nothing is left;
    each round takes digits away, so that it ends.

    Raises:
        InputError: pseudonyms are asked for without a key.
    """
    while findings := find(text):
        text = redact(text, findings, style=style, key=key)
    return text
