"""How a request names its end user, in the shapes that clients know."""

from collections.abc import Mapping

from guiju.gateway.errors import MalformedRequestError

_CHARACTERS = 512


def named_user(fields: Mapping[str, object]) -> str:
    """Return the app's name for its user: `safety_identifier`, `user`, or Anthropic's `metadata.user_id`; "" for none.

    Raises:
        MalformedRequestError: it is no text, or too long.
    """
    metadata = fields.get("metadata")
    inner = metadata.get("user_id") if isinstance(metadata, Mapping) else None
    for name, value in (
        ("safety_identifier", fields.get("safety_identifier")),
        ("user", fields.get("user")),
        ("metadata.user_id", inner),
    ):
        if value is None or value == "":
            continue
        if not isinstance(value, str) or len(value) > _CHARACTERS:
            raise MalformedRequestError(
                f"{name} 应为不超过 {_CHARACTERS} 字的字符串。",
                f"{name} must be a string of at most {_CHARACTERS} characters.",
                where=name,
            )
        return value
    return ""
