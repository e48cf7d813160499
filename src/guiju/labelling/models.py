"""The nouns of labelling."""

from dataclasses import dataclass
from enum import StrEnum

from guiju.labelling.provenance.interface import Sealed


@dataclass(frozen=True, slots=True)
class MarkWords:
    """The words that an explicit text mark is made of: one of each group (GB 45438-2025, 5.1).

    Attributes:
        ai: words that say "artificial intelligence".
        made: words that say "generated" or "synthesised".
    """

    ai: tuple[str, ...]
    made: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Producer:
    """Who generated the content, as the implicit label names it: a provider code, or a name in its characters."""

    code: str


@dataclass(frozen=True, slots=True)
class Label:
    """The implicit label of one piece of content: seven fields, each a string (GB 45438-2025, Annex E).

    Attributes:
        label: `1` is, `2` may be, `3` is suspected to be AI-generated.
        content_producer: name or code of who generated it.
        produce_id: its number, unique at the producer.
        reserved_code_1: the producer's own security data; may be empty.
        content_propagator: name or code of who spreads it; at first writing the producer.
        propagate_id: its number at the propagator; at first writing the producer's.
        reserved_code_2: the propagator's own security data; may be empty.
    """

    label: str
    content_producer: str
    produce_id: str
    reserved_code_1: str = ""
    content_propagator: str = ""
    propagate_id: str = ""
    reserved_code_2: str = ""

    def fields(self) -> dict[str, str]:
        """Return the seven fields under their statutory names, in their order."""
        return {
            "Label": self.label,
            "ContentProducer": self.content_producer,
            "ProduceID": self.produce_id,
            "ReservedCode1": self.reserved_code_1,
            "ContentPropagator": self.content_propagator,
            "PropagateID": self.propagate_id,
            "ReservedCode2": self.reserved_code_2,
        }


@dataclass(frozen=True, slots=True)
class LabelProblem:
    """One way in which a label found in a file is not as the standard has it.

    Attributes:
        code: a stable name: `missing`, `empty`, `characters`, `value`, `not_json`, `twice`, `place`, ….
        field: which field of the label it is about; empty when it is the whole.
        zh: what is wrong, in Chinese.
        en: the same in English.
    """

    code: str
    field: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class ParsedLabel:
    """A label as it was read: the fields, or None where nothing could be made of it, and what is wrong with it."""

    label: Label | None
    is_wrapped: bool
    problems: tuple[LabelProblem, ...]


class Verdict(StrEnum):
    """What can be said of the implicit label of a file."""

    CONFORMING = "conforming"
    NONCONFORMING = "nonconforming"
    ABSENT = "absent"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class FoundLabel:
    """One label found in a file: where, what stands there word for word, and what was read from it."""

    place: str
    text: str
    is_standard: bool
    parsed: ParsedLabel


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found in a file.

    Attributes:
        verdict: conforming; not conforming, with reasons; absent; inconclusive where the file could not be read.
        format: the family of the format, such as `png`; empty where none of ours.
        found: every label, in the order of the file.
        problems: what is not as the standard has it, of each label and of all together.
        explicit_mark: the explicit text mark, in a text; empty elsewhere.
    """

    verdict: Verdict
    format: str
    found: tuple[FoundLabel, ...] = ()
    problems: tuple[LabelProblem, ...] = ()
    explicit_mark: str = ""

    @property
    def label(self) -> Label | None:
        """The first label from which something could be read."""
        return next((one.parsed.label for one in self.found if one.parsed.label is not None), None)


@dataclass(frozen=True, slots=True)
class Labelled:
    """A label that was written and read back.

    Attributes:
        name: the file's name; empty for bytes.
        format: the family of the format.
        place: where the label stands now.
        label: the label; None for a text, which carries an explicit mark only.
        sha256_before: of the file as it came, in hex.
        sha256_after: of the file as it is handed on.
        size_before: bytes.
        size_after: bytes.
        replaced: what stood in it before, word for word.
        sealed: what became of its C2PA manifest; None where none was there and none is wanted.
    """

    name: str
    format: str
    place: str
    label: Label | None
    sha256_before: str
    sha256_after: str
    size_before: int
    size_after: int
    replaced: tuple[str, ...] = ()
    sealed: Sealed | None = None


class ForeignLabel(StrEnum):
    """What becomes of another producer's label: refuse the file, keep it and add who spreads it, or replace it."""

    REFUSE = "refuse"
    PROPAGATE = "propagate"
    REPLACE = "replace"
