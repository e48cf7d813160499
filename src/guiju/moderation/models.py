"""The nouns of moderation that other rooms see."""

from dataclasses import dataclass
from enum import StrEnum

from guiju.kit.quick import quick


class Scope(StrEnum):
    """Which way a text goes."""

    INPUT = "input"
    OUTPUT = "output"


class Origin(StrEnum):
    """Where a text that comes in is from: a person, a search in documents, a tool that the model called, or the app."""

    PERSON = "person"
    RETRIEVED = "retrieved"
    TOOL = "tool"
    SYSTEM = "system"


class Audience(StrEnum):
    """Who the answer is for."""

    ADULT = "adult"
    MINOR = "minor"


@quick
@dataclass(frozen=True, slots=True)
class Context:
    """For whom, through which app and from where a text is; policy may differ by each.

    Attributes:
        audience: adult unless somebody knows better.
        app: the app's id and name; empty where there is none.
        origin: only matters for what comes in.
    """

    audience: Audience = Audience.ADULT
    app: tuple[str, ...] = ()
    origin: Origin = Origin.PERSON


ANYONE = Context()


class Action(StrEnum):
    """What policy makes of findings.

    `observe` passes like `allow`, and is to be looked at afterwards. `replace` masks the finding or puts a text in its
    place. `undetermined`: a detector failed and nobody knows; it is never `allow`.
    """

    ALLOW = "allow"
    OBSERVE = "observe"
    REPLACE = "replace"
    REFUSE = "refuse"
    HOLD = "hold"
    UNDETERMINED = "undetermined"


@quick
@dataclass(frozen=True, slots=True)
class Finding:
    """A detector's view of one stretch of a text.

    Attributes:
        detector: the detector's name, `keywords` for the library.
        risks: risk ids of GB/T 45654 Appendix A, e.g. `A.1-f`.
        level: high, medium or low.
        wish: what the term or detector asks for: block, review or observe.
        start: first character in the original text (of the whole stream, for a stream), counted in code points.
        end: one past the last character.
        term_id: the term or rule that was found.
        view: the view of the text it was found in, `base` for the plain normalised one.
        reason: why this is in the library, for the person who reviews; Chinese.
        score: how sure the detector is, from 0 to 1; 1 for what is there or not, such as a term.
        cost: how far the writing is from the term, in tenths of a symbol; 0 where it is written plainly.
        delta: how much likelier the text gets when the term replaces what stands there, in hundredths of a bit; 0 where
            it is written plainly.
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
    score: float = 1.0
    cost: int = 0
    delta: int = 0


@quick
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
        failures: each detector or guard that failed, and how; also where policy lets the text pass all the same.
    """

    action: Action
    scope: Scope
    risks: tuple[str, ...]
    findings: tuple[Finding, ...]
    reply: str
    reply_en: str
    policy_hash: str
    reason: str
    failures: tuple[str, ...] = ()

    @property
    def may_pass(self) -> bool:
        """Whether the text may go on as it is."""
        return self.action is Action.ALLOW or self.action is Action.OBSERVE


@quick
@dataclass(frozen=True, slots=True)
class Released:
    """What a stream lets out after a push: `text` may leave now; `decision` is set once, when the stream is stopped."""

    text: str
    decision: Decision | None = None


RISK_IDS: tuple[str, ...] = tuple(
    f"{chapter}-{letter}"
    for chapter, letters in (
        ("A.1", "abcdefgh"),
        ("A.2", "abcdefghi"),
        ("A.3", "abcde"),
        ("A.4", "abcdefg"),
        ("A.5", "ab"),
    )
    for letter in letters
)
"""The risks of GB/T 45654 Appendix A, in its order."""

LEVELS = ("high", "medium", "low")
WISHES = ("block", "review", "observe")


@dataclass(frozen=True, slots=True)
class Term:
    """One entry of the keyword library.

    Attributes:
        id: risk, a colon and ten hex digits of the normal form's hash; the same wherever the library is loaded.
        text: the term as its author wrote it.
        form: its normal form, the symbols that are looked for.
        risk: the risk of its file.
        risks: that one and further ones, sorted.
        level: high, medium or low.
        wish: block, review or observe.
        scopes: which way the text goes.
        whole_word: whether a letter or digit of a spaced script must not stand beside such an end of the term.
        not_before: no hit when one of these follows directly.
        not_after: no hit when one of these precedes directly.
        allow: no hit inside one of these phrases.
        all_of: companions that must be near, each a tuple of alternatives.
        none_of: companions that must not be near, alternatives flattened.
        within: how many symbols away near is, on either side.
        skips: whether decorations inside the term are passed over.
        views: in which disguises it is looked for, and opt-ins; see `flags`.
        reason: why it is here; Chinese.
        origin: `builtin` or `operator`.
        where: file and line.
    """

    id: str
    text: str
    form: str
    risk: str
    risks: tuple[str, ...]
    level: str
    wish: str
    scopes: tuple[Scope, ...]
    whole_word: bool
    not_before: tuple[str, ...]
    not_after: tuple[str, ...]
    allow: tuple[str, ...]
    all_of: tuple[tuple[str, ...], ...]
    none_of: tuple[str, ...]
    within: int
    skips: bool
    reason: str
    origin: str
    where: str
    views: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Refusal:
    """An entry that was not taken, and why. Nothing is dropped without one."""

    where: str
    line: int
    text: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class RiskCount:
    """How many terms of one risk there are."""

    risk: str
    terms: int
    builtin: int
    operator: int
    block: int
    review: int
    observe: int


@dataclass(frozen=True, slots=True)
class LibraryStats:
    """The library in numbers.

    Attributes:
        terms: all terms in force.
        by_risk: one row for each of the 31 risks, zeros included.
        duplicates: equal entries that were merged.
        conflicts: entries with one normal form and different fields, of which the stricter stays.
        disabled: built-in terms that an operator's file switched off.
        refusals: entries that were not taken.
        conflict_notes: for each conflict, the entry that gave way and the one that stays.
        updated: the newest `updated` date of all files, ISO; empty without files.
        content_hash: SHA-256 of the terms in force.
    """

    terms: int
    by_risk: tuple[RiskCount, ...]
    duplicates: int
    conflicts: int
    disabled: int
    refusals: tuple[Refusal, ...]
    updated: str
    content_hash: str
    conflict_notes: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class LibraryCheck:
    """Whether the keyword files can be put in force.

    Attributes:
        stats: the library they make; None when a file cannot be used.
        errors: for each file that cannot be used, what is wrong.
    """

    stats: LibraryStats | None
    errors: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class TermPage:
    """A page of a search in the library."""

    terms: tuple[Term, ...]
    total: int


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import took and what it refused.

    Attributes:
        name: the source's name.
        risk: the risk the terms go to where a row does not say.
        encoding: what the bytes were read as.
        format: plain, csv or yaml.
        lines: lines read.
        taken: new terms.
        duplicates: entries that are already in the source itself.
        blank: empty lines and comments.
        refusals: every line that was not taken, with its reason.
        yaml: one library file a risk, ready to be written to the operator's folder.
    """

    name: str
    risk: str
    encoding: str
    format: str
    lines: int
    taken: int
    duplicates: int
    blank: int
    refusals: tuple[Refusal, ...]
    yaml: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the original text with the findings that cover all of it, as indices into `Explanation.findings`."""

    text: str
    findings: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ExplainedFinding:
    """A finding, what it found, and what the policy makes of it.

    Attributes:
        finding: the finding.
        found: the stretch of the original text.
        term: the library's entry as written; empty for other detectors.
        action: what the policy does about this finding alone.
    """

    finding: Finding
    found: str
    term: str
    action: Action


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a text would decide, and why: for the console's dry run.

    Attributes:
        decision: the decision.
        findings: each finding with what it found, in the order of the text.
        segments: the whole original text, cut where findings begin and end.
        normalised: what the matcher saw.
        released: the text as it would leave: masked, or cut where a stream would stop.
    """

    decision: Decision
    findings: tuple[ExplainedFinding, ...]
    segments: tuple[Segment, ...]
    normalised: str
    released: str


@dataclass(frozen=True, slots=True)
class PolicyCheck:
    """Whether a policy file can be used.

    Attributes:
        name: the policy's own name; empty when it cannot be used.
        hash: what its bundle hash would be with the library in force; empty when it cannot be used.
        errors: what is wrong, each with line and field; empty when it can be used.
    """

    name: str
    hash: str
    errors: tuple[Refusal, ...]

    @property
    def is_usable(self) -> bool:
        """Whether nothing is wrong."""
        return not self.errors
