"""Log probabilities of an answer's tokens, let out only for tokens whose every byte has left already."""

from collections import deque

_TOKENS_MOST = 262_144


class TokenProbabilities:
    """The tokens of one choice, waiting until their text has left.

    A token leaves when its bytes are the very next bytes of what the client has got. So whatever is held back, masked
    or replaced takes its tokens with it, and from the first byte that differs from the model's on none leaves any more.
    The alternatives that a model weighed (`top_logprobs`) were never moderated and never leave.
    """

    def __init__(self) -> None:
        """Begin with nothing said."""
        self._waiting: deque[tuple[bytes, dict[str, object]]] = deque()
        self._left = b""
        self._is_over = False

    def take(self, logprobs: object) -> None:
        """Take what the upstream says about the tokens of an event or of a whole choice; garbage ends it all."""
        if logprobs is None or self._is_over:
            return
        tokens = logprobs.get("content") if isinstance(logprobs, dict) else None
        for token in tokens if isinstance(tokens, list) else ():
            read = _read(token)
            if read is None or len(self._waiting) >= _TOKENS_MOST:
                self._end()
                return
            self._waiting.append(read)

    def leave(self, text: str) -> list[dict[str, object]]:
        """Hear what of the content leaves now, and return the tokens that thereby have left whole."""
        if self._is_over:
            return []
        self._left += text.encode()
        done: list[dict[str, object]] = []
        while self._waiting:
            data, token = self._waiting[0]
            if not self._left.startswith(data):
                if not data.startswith(self._left):
                    self._end()  # what left is not what the model said
                break
            self._left = self._left[len(data) :]
            self._waiting.popleft()
            done.append(token)
        return done

    def _end(self) -> None:
        self._is_over = True
        self._waiting.clear()
        self._left = b""


def take_tokens(event: dict[str, object], tokens: dict[int, TokenProbabilities]) -> None:
    """Give each choice of an event what the event says about its tokens; what is no choice is another's concern."""
    choices = event.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        index = choice.get("index", 0) if isinstance(choice, dict) else None
        if type(index) is int:
            tokens.setdefault(index, TokenProbabilities()).take(choice.get("logprobs"))


def _read(token: object) -> tuple[bytes, dict[str, object]] | None:
    if not isinstance(token, dict):
        return None
    text, probability, given = token.get("token"), token.get("logprob"), token.get("bytes")
    if not isinstance(text, str) or isinstance(probability, bool) or not isinstance(probability, int | float):
        return None
    try:
        data = bytes(given) if isinstance(given, list) else text.encode()
    except (ValueError, TypeError, UnicodeEncodeError):
        return None
    if not data:
        return None
    # A token that ends inside a character has no text of its own; what a server writes for it may be anything.
    said = data.decode(errors="replace")
    return data, {"token": said, "logprob": float(probability), "bytes": list(data), "top_logprobs": []}
