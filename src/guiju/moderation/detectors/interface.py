"""What a detector does, on a whole text and on a stream."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, cast

from guiju.moderation.models import ANYONE, Context, Finding, Scope
from guiju.text.models import Normalised

LOOK_BACK = 1024
"""How many symbols before the present one a stream's tape always keeps; no detector may look further back."""


@dataclass(slots=True)
class Tape:
    """The text so far as detectors see it. A stream forgets what no detector can ask for any more.

    Attributes:
        symbols: the kept symbols. A stream's tape may be ahead of its detectors: they count what they were given.
        base: index, in the whole text, of the first kept symbol.
        starts: for each kept symbol, the offset of its code point in the whole original.
        origins: for each kept symbol, that code point.
        context: whom a stream's text is for, as far as policy tells them apart; only what a stream holds back depends
            on it, never what is found.
    """

    symbols: str = ""
    base: int = 0
    starts: list[int] = field(default_factory=list)
    origins: str = ""
    context: Context = ANYONE

    @classmethod
    def of(cls, text: str, view: Normalised) -> "Tape":
        """Make the tape of a whole text."""
        if isinstance(view.starts, range):
            # Nobody adds to the tape of a whole text, so the range can stand for the list that a stream needs.
            return cls(view.symbols, 0, cast("list[int]", view.starts), text)
        tape = cls()
        tape.extend(text, view, 0)
        return tape

    def extend(self, text: str, view: Normalised, offset: int) -> None:
        """Put a piece of text on the tape; it stands at `offset` of the whole original."""
        self.symbols += view.symbols
        self.starts.extend(view.starts)
        if isinstance(view.starts, range):
            self.origins += text
        else:
            self.origins += "".join([text[start - offset] for start in view.starts])

    def forget_before(self, index: int) -> None:
        """Forget the symbols before `index` of the whole text."""
        gone = index - self.base
        self.symbols = self.symbols[gone:]
        self.origins = self.origins[gone:]
        del self.starts[:gone]
        self.base = index

    def origin(self, start: int, end: int) -> str:
        """Return the original code point of each symbol from `start` to `end`, indices in the whole text."""
        return self.origins[start - self.base : end - self.base]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the stretch of the original that the symbols come from; marks after the last one are not in it."""
        return self.starts[start - self.base], self.starts[end - 1 - self.base] + 1


class DetectorStream(Protocol):
    """One detector on one stream, symbol by symbol.

    What it returns, and when, must follow from the symbols so far alone, never from how they were cut into pieces.
    """

    def step(self, symbol: str) -> Sequence[Finding]:
        """Take the next symbol, already on the tape; return the findings that became certain with it."""
        ...

    def finish(self) -> Sequence[Finding]:
        """Return the findings that become certain because no more text comes."""
        ...

    def held_from(self) -> int:
        """Return the index of the first symbol that must not leave yet; one past the last when all may."""
        ...


class Detector(Protocol):
    """Looks at texts. Immutable: streams of an old policy keep their detectors."""

    name: str

    def find(self, tape: Tape, scope: Scope) -> Sequence[Finding]:
        """Return everything it sees in a whole text."""
        ...

    def open_stream(self, tape: Tape, scope: Scope) -> DetectorStream:
        """Start on a stream whose symbols will be on `tape`."""
        ...
