"""What every reader needs: hostile bytes become fields of the right type, or a clear error names the place."""

import re
from collections.abc import Mapping

import orjson

from guiju.gateway.errors import MalformedRequestError

# A string (closed or cut off at the end), or one bracket. Every quantifier is possessive: no input makes it backtrack.
_TOKENS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_OPENING = frozenset((b"[", b"{"))
_CLOSING = frozenset((b"]", b"}"))
_MODEL_CHARACTERS = 200
_USER_CHARACTERS = 512


def is_nested_deeper(body: bytes, depth: int) -> bool:
    """Tell whether JSON `body` nests deeper than `depth`, without parsing it; linear in its length."""
    if body.count(b"{") + body.count(b"[") <= depth:
        return False
    level = 0
    for match in _TOKENS.finditer(body):
        token = match.group()
        if token in _OPENING:
            level += 1
            if level > depth:
                return True
        elif token in _CLOSING:
            level -= 1
    return False


def parse_body(body: bytes, depth: int) -> dict[str, object]:
    """Return the JSON object that `body` is.

    Raises:
        MalformedRequestError: it is none, or nests deeper than `depth`.
    """
    if is_nested_deeper(body, depth):
        raise MalformedRequestError(
            f"请求的 JSON 嵌套超过 {depth} 层；请减少嵌套。",
            f"The request's JSON nests deeper than {depth} levels; flatten it.",
        )
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _not_json(body, error) from None
    if not isinstance(fields, dict):
        raise MalformedRequestError("请求体应是一个 JSON 对象。", "The request body must be a JSON object.")
    return fields


def _not_json(body: bytes, error: orjson.JSONDecodeError) -> MalformedRequestError:
    try:
        body.decode()
    except UnicodeDecodeError as wrong:
        return MalformedRequestError(
            f"请求体不是有效的 UTF-8（第 {wrong.start} 字节）；请以 UTF-8 编码发送。",
            f"The request body is not valid UTF-8 (byte {wrong.start}); send it as UTF-8.",
        )
    return MalformedRequestError(
        f"请求体不是有效的 JSON（第 {error.lineno} 行第 {error.colno} 列）。",
        f"The request body is not valid JSON (line {error.lineno}, column {error.colno}).",
    )


def wrong(where: str, zh: str, en: str) -> MalformedRequestError:
    """Say what should stand at a place of the request."""
    return MalformedRequestError(f"{where} 应为{zh}。", f"{where} must be {en}.", where=where)


def check_types(fields: dict[str, object], types: Mapping[str, tuple[type, ...]]) -> None:
    """Make sure that the fields named in `types` have one of their types.

    Raises:
        MalformedRequestError: one has not.
    """
    for name, value in fields.items():
        kinds = types.get(name)
        if kinds is None or value is None:
            continue
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            names = " | ".join(kind.__name__ for kind in kinds)
            raise wrong(name, f" {names} 类型", f"of type {names}")


def wants_usage(fields: dict[str, object]) -> bool:
    """Whether a stream is to end with a usage event: `stream_options.include_usage`.

    Raises:
        MalformedRequestError: it is neither true nor false.
    """
    options = fields.get("stream_options")
    if not isinstance(options, dict):
        return False
    wish = options.get("include_usage")
    if wish is not None and not isinstance(wish, bool):
        raise wrong("stream_options.include_usage", " bool 类型", "of type bool")
    return wish is True


def check_choices(fields: dict[str, object], most: int) -> int:
    """Return how many answers are asked for.

    Raises:
        MalformedRequestError: not between 1 and `most`.
    """
    n = fields.get("n")
    if n is not None and (not isinstance(n, int) or isinstance(n, bool) or not 1 <= n <= most):
        raise wrong("n", f" 1 到 {most} 之间的整数", f"an integer from 1 to {most}")
    return n or 1


def model_of(fields: dict[str, object]) -> str:
    """Return the public name of the model.

    Raises:
        MalformedRequestError: there is none that can be one.
    """
    model = fields.get("model")
    if not isinstance(model, str) or not 0 < len(model) <= _MODEL_CHARACTERS or not model.isprintable():
        raise wrong("model", "一个非空、可打印的模型名称", "a model's name: printable and not empty")
    return model


def end_user(fields: dict[str, object]) -> str:
    """Return the caller's name for the end user, or "".

    Raises:
        MalformedRequestError: it is no string, or too long.
    """
    user = fields.get("safety_identifier") or fields.get("user") or ""
    if not isinstance(user, str) or len(user) > _USER_CHARACTERS:
        raise wrong("user", f"不超过 {_USER_CHARACTERS} 字的字符串", f"a string of at most {_USER_CHARACTERS}")
    return user


def strings_in(value: object) -> list[str]:
    """Return every text in `value`, keys of objects too; nesting was bounded before parsing."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for item in value for text in strings_in(item)]
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in (key, *strings_in(item))]
    return []
