"""The section `conversation` of a policy: how much of a conversation input moderation reads as one text. Pure."""

from dataclasses import dataclass

from guiju.moderation.fields import FieldReader
from guiju.moderation.yaml_document import Node

MOST_TURNS = 64
DEFAULT_TURNS = 8


@dataclass(frozen=True, slots=True)
class ConversationPolicy:
    """What input moderation sees besides each text on its own.

    Attributes:
        turns: how many of the last texts of the user are also read as if they were one; 0 or 1 for none.
        guards: whether the guards that judge inputs are also asked about that one.
    """

    turns: int = DEFAULT_TURNS
    guards: bool = False


def read_conversation(reader: FieldReader, node: Node | None) -> ConversationPolicy:
    """Read the section; without it, the default holds."""
    fields = reader.mapping(node, "conversation", ("turns", "guards")) if node is not None else {}
    turns = reader.number(fields.get("turns"), "conversation.turns", (0, MOST_TURNS), default=DEFAULT_TURNS)
    guards = reader.choice(fields.get("guards"), "conversation.guards", ("true", "false"), default="false")
    return ConversationPolicy(turns, guards == "true")
