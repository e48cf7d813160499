"""Personal information of one exchange behind placeholders, and back: ［手机号1］ goes out in the place of the number.

Serves article 11 of the Measures (protection of what users put in, no more personal information than is needed): what
the model server or the record need not know, they do not get. Nothing of a vault is kept when its exchange is over.
"""

import re
from collections.abc import Callable, Iterable, Sequence

import orjson

from guiju.moderation.models import Finding

OPENING, CLOSING = "［", "］"
NAMES = {
    "resident_id": "身份证号",
    "mobile": "手机号",
    "bank_card": "银行卡号",
    "email": "邮箱",
    "passport": "护照号",
    "landline": "电话号",
    "vehicle_plate": "车牌号",
    "credit_code": "信用代码",
    "travel_permit": "通行证号",
    "ip_address": "IP地址",
    "wechat": "微信号",
    "qq": "QQ号",
}
"""What stands in a placeholder for each kind."""

_LOOKS_LIKE_ONE = re.compile(f"{OPENING}[^{OPENING}{CLOSING}]{{1,12}}{CLOSING}")


class Vault:
    """What was put away, and under which placeholder; one value has one placeholder."""

    def __init__(self, find: Callable[[str], Sequence[Finding]], *, restores: bool, masks_logs: bool) -> None:
        """Put away what `find` finds.

        Args:
            find: returns the personal information in a text.
            restores: whether the model server gets placeholders and the user's answer what stands behind them.
            masks_logs: whether the evidence gets placeholders.
        """
        self.restores = restores
        self.masks_logs = masks_logs
        self._find = find
        self._placeholders: dict[tuple[str, str], str] = {}
        self._values: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._taken: set[str] = set()

    def reserve(self, texts: Iterable[str]) -> None:
        """Keep away from what looks like a placeholder in the user's own texts, so that it is never filled."""
        for text in texts:
            self._taken.update(_LOOKS_LIKE_ONE.findall(text))

    def masked(self, text: str) -> str:
        """Return `text` with placeholders in the place of personal information."""
        parts: list[str] = []
        end = 0
        for finding in sorted(self._find(text), key=lambda found: (found.start, -found.end)):
            if finding.start >= end:
                kind = finding.term_id.removeprefix("pi:")
                parts += (text[end : finding.start], self._placeholder(kind, text[finding.start : finding.end]))
                end = finding.end
        return "".join((*parts, text[end:])) if parts else text

    def restored(self, text: str) -> str:
        """Return `text` with what was put away in the place of its placeholders."""
        return _LOOKS_LIKE_ONE.sub(lambda match: self._values.get(match[0], match[0]), text) if self._values else text

    def restored_json(self, text: str) -> str:
        """Return JSON text with what was put away inside its strings."""
        return _LOOKS_LIKE_ONE.sub(self._in_json, text) if self._values else text

    def open_restoring(self) -> "Restoring":
        """Begin to restore a text that comes in pieces."""
        return Restoring(self._values)

    def _in_json(self, match: re.Match[str]) -> str:
        value = self._values.get(match[0])
        return match[0] if value is None else orjson.dumps(value).decode()[1:-1]

    def _placeholder(self, kind: str, value: str) -> str:
        known = self._placeholders.get((kind, value))
        if known is not None:
            return known
        while True:
            number = self._counts[kind] = self._counts.get(kind, 0) + 1
            made = f"{OPENING}{NAMES[kind]}{number}{CLOSING}"
            if made not in self._taken:
                break
        self._placeholders[kind, value] = made
        self._values[made] = value
        return made


class Restoring:
    """Restores a text that comes in pieces: holds back what could still become a placeholder, and nothing else."""

    def __init__(self, values: dict[str, str]) -> None:
        """Restore the placeholders that are the keys of `values`."""
        self._values = values
        self._waiting = ""

    def push(self, text: str) -> str:
        """Take the next piece and return what may leave."""
        if not self._values or (not self._waiting and OPENING not in text):
            return text
        text = self._waiting + text
        last = text.rfind(OPENING)
        self._waiting = text[last:] if last >= 0 and self._could_become_one(text[last:]) else ""
        if self._waiting:
            text = text[:last]
        return _LOOKS_LIKE_ONE.sub(lambda match: self._values.get(match[0], match[0]), text)

    def finish(self) -> str:
        """Return what was still held: it never became a placeholder."""
        waiting, self._waiting = self._waiting, ""
        return waiting

    def _could_become_one(self, end: str) -> bool:
        return any(len(end) < len(placeholder) and placeholder.startswith(end) for placeholder in self._values)
