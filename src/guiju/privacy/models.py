"""The nouns of personal information."""

from dataclasses import dataclass
from typing import Literal

Confidence = Literal["certain", "likely"]
DETECTOR = "guiju.privacy.numbers"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Finding:
    """One piece of personal information in a text.

    Attributes:
        kind: `resident_id`, `bank_card`, `credit_code`, `mobile`, `landline` or `email`.
        start: index of its first character in the original text.
        end: index after its last character in the original text.
        value: as it is compared: ASCII, lower case, without separators and country code.
        confidence: `certain` with a check digit or a form of its own; `likely` when only the number plan says so.
        detector: which detector found it.
        version: of that detector; findings of two versions are not compared.
    """

    kind: str
    start: int
    end: int
    value: str
    confidence: Confidence
    detector: str = DETECTOR
    version: int = VERSION
