"""How much of a growing text is judged at a time; pure, and the same however the text was cut into pieces."""

import re

_ENDS = re.compile(r"[。！？!?\n；;…]+[”’」』）)\"]*")
_SHORTEST = 20


class Windows:
    """Cuts a text at the ends of its sentences, so that each part can be judged before it leaves."""

    def __init__(self, most: int, *, is_whole: bool) -> None:
        """End a window after `most` characters at the latest; with `is_whole`, only at the end of the text."""
        self._most = most
        self._is_whole = is_whole
        self._waiting = ""

    def push(self, text: str) -> list[str]:
        """Take the next piece and return the windows that are complete with it."""
        self._waiting += text
        done: list[str] = []
        while not self._is_whole and (end := self._end()):
            done.append(self._waiting[:end])
            self._waiting = self._waiting[end:]
        return done

    def finish(self) -> str:
        """Return the rest."""
        rest, self._waiting = self._waiting, ""
        return rest

    def _end(self) -> int:
        """Return where the first window ends; 0 while it is open.

        A sentence's end is only known when something that is no further mark of an end has come after it.
        """
        for match in _ENDS.finditer(self._waiting, _SHORTEST - 1):
            if match.end() > self._most:
                break
            if match.end() < len(self._waiting):
                return match.end()
        return self._most if len(self._waiting) > self._most else 0
