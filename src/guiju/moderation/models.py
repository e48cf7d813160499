"""The nouns of moderation that other rooms see."""

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """Which way a text goes."""

    INPUT = "input"
    OUTPUT = "output"


class Action(StrEnum):
    """What policy makes of findings. `undetermined`: a detector failed and nobody knows; it is never `allow`."""

    ALLOW = "allow"
    REPLACE = "replace"
    REFUSE = "refuse"
    HOLD = "hold"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True, slots=True)
class Finding:
    """A detector's view of one stretch of a text.

    Attributes:
        detector: the detector's name, `keywords` for the library.
        risks: risk ids of GB/T 45654 Appendix A, e.g. `A.1-f`.
        level: high, medium or low.
        wish: what the term or detector asks for: block, review or observe.
        start: first character, in the original text (of the whole stream, for a stream), counted in Unicode code points.
        end: one past the last character.
        term_id: the term or rule that was found.
        view: the view of the text it was found in, `base` for the plain normalised one.
        reason: why this is in the library, for the person who reviews; Chinese.
    """

    detector: str
    risks: tuple[str, ...]
    level: str
    wish: str
    start: int
    end: int
    term_id: str
    view: str = "base"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens with a text, and why.

    Attributes:
        action: what happens.
        scope: input or output.
        risks: the risks of the findings that decided, sorted.
        findings: every finding, also those that only observe.
        reply: the standard reply (代答) of the policy for the deciding risk; empty when allowed.
        reply_en: the same in English.
        policy_hash: SHA-256 of the policy bundle that decided.
        reason: one sentence for the record, Chinese; names the failed detector when undetermined.
    """

    action: Action
    scope: Scope
    risks: tuple[str, ...]
    findings: tuple[Finding, ...]
    reply: str
    reply_en: str
    policy_hash: str
    reason: str

    @property
    def may_pass(self) -> bool:
        """Whether the text may go on as it is."""
        return self.action is Action.ALLOW


@dataclass(frozen=True, slots=True)
class Released:
    """What a stream lets out after a push: `text` may leave now; `decision` is set once, when the stream is stopped."""

    text: str
    decision: Decision | None = None
