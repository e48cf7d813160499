"""Which of the 31 risks a guard's classes are, from `data/guards.yaml`."""

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from guiju.moderation.errors import PolicyError
from guiju.moderation.fields import FieldReader, summary
from guiju.moderation.models import RISK_IDS
from guiju.moderation.policy.guards import GuardKind
from guiju.moderation.yaml_document import DocumentError, Node, parse_document

_MOST_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class Categories:
    """The classes of one kind.

    Attributes:
        source: where they are defined.
        risks: class → risks; empty where it is none of the 31.
        other: the risks of a class that is not listed, and of a verdict that names none.
    """

    source: str
    risks: Mapping[str, tuple[str, ...]]
    other: tuple[str, ...]

    def of(self, category: str, own: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        """Return the risks of a class; `own` are the operator's."""
        for known in (own, self.risks):
            if category in known:
                return known[category]
        return (category,) if category in RISK_IDS else self.other


@functools.cache
def load_categories() -> tuple[Mapping[GuardKind, Categories], str]:
    """Return the classes of each kind, and the SHA-256 of the file, which goes into the policy's hash.

    Raises:
        PolicyError: the file is not as it was shipped.
    """
    content = resources.files("guiju.moderation").joinpath("data", "guards.yaml").read_bytes()
    where = "guards.yaml"
    try:
        root = parse_document(content, max_bytes=_MOST_BYTES)
    except DocumentError as error:
        raise PolicyError(error.zh, error.en, where=where) from error
    reader = FieldReader(where)
    fields = reader.mapping(root, "", ("version", "updated", "kinds"), required=("kinds",))
    kinds = reader.mapping(fields["kinds"], "kinds", tuple(GuardKind), required=tuple(GuardKind))
    found = {GuardKind(name): _categories(reader, node, f"kinds.{name}") for name, node in kinds.items()}
    if reader.errors:
        zh, en = summary(reader.errors)
        raise PolicyError(zh, en, where=where)
    return found, hashlib.sha256(content).hexdigest()


def _categories(reader: FieldReader, node: Node, place: str) -> Categories:
    fields = reader.mapping(node, place, ("source", "other", "categories"), required=("source", "other", "categories"))
    listed = fields["categories"].value if "categories" in fields else {}
    risks = {
        name: reader.choices(item, f"{place}.{name}", RISK_IDS, default=())
        for name, item in (listed.items() if isinstance(listed, dict) else ())
    }
    other = reader.choices(fields.get("other"), f"{place}.other", RISK_IDS, default=())
    return Categories(reader.text(fields.get("source"), f"{place}.source"), risks, other)
