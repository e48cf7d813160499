"""What a call's headers say of its end user."""

from collections.abc import Iterable

IDENTITY_ENDPOINT = "guiju/users/identity"
IDENTITY_PATH = f"/v1/{IDENTITY_ENDPOINT}"


def user_headers(headers: Iterable[tuple[bytes, bytes]]) -> tuple[str, str]:
    """Return the user's token and what is declared of the real identity; "" for what is not there.

    A header that is there twice is read as both, which is neither: whoever stands between could have meant either.
    """
    tokens: list[bytes] = []
    identities: list[bytes] = []
    for name, value in headers:
        if name == b"x-guiju-user-token":
            tokens.append(value.removeprefix(b"Bearer ").strip())
        elif name == b"x-guiju-real-identity":
            identities.append(value)
    return b",".join(tokens).decode("latin-1"), b",".join(identities).decode("latin-1")
