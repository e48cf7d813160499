"""The nouns of labelling."""

from dataclasses import dataclass


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
