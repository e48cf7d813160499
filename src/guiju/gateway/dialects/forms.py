"""What the dialects share whose bodies are forms."""

from collections.abc import Sequence

from guiju.gateway.dialects.translation import unsupported
from guiju.gateway.wire.fields import wrong
from guiju.gateway.wire.forms import Part


def fields_of(parts: Sequence[Part], *, numbers: Sequence[str] = ()) -> dict[str, object]:
    """Return the parts that are no files as fields; one that comes several times is a list.

    Raises:
        MalformedRequestError: one is no UTF-8, or one of `numbers` is none.
    """
    found: dict[str, list[str]] = {}
    for part in parts:
        if not part.filename:
            found.setdefault(part.name, []).append(part.text)
    lists = {part.name for part in parts if part.is_list}
    fields: dict[str, object] = {
        name: texts if name in lists or len(texts) > 1 else texts[0] for name, texts in found.items()
    }
    for name in numbers:
        if name in fields:
            text = str(fields[name])
            if not (text.isascii() and text.isdigit() and len(text) < 10):  # noqa: PLR2004 - no number of ours is longer
                raise wrong(name, "一个整数", "an integer")
            fields[name] = int(text)
    return fields


def not_streamed(fields: dict[str, object], *names: str) -> None:
    """Make sure that none of `names` asks for an answer in pieces.

    Raises:
        UnsupportedContentError: one does.
    """
    for name in names:
        if fields.get(name) not in (None, False, 0, "false", "0"):
            raise unsupported(
                name,
                "此端点的回答须整体审核，不能流式返回；请去掉。",
                "the answer of this endpoint is moderated as a whole and cannot be streamed; leave it out.",
            )
