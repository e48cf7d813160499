"""What a call's headers say of its end user."""

from collections.abc import Iterable

IDENTITY_ENDPOINT = "guiju/users/identity"
IDENTITY_PATH = f"/v1/{IDENTITY_ENDPOINT}"


def user_headers(headers: Iterable[tuple[bytes, bytes]]) -> tuple[str, str]:
    """Return the user's token and what is declared of the real identity; "" for what is not there."""
    token = identity = b""
    for name, value in headers:
        if name == b"x-guiju-user-token":
            token = value.removeprefix(b"Bearer ").strip()
        elif name == b"x-guiju-real-identity":
            identity = value
    return token.decode("latin-1"), identity.decode("latin-1")
