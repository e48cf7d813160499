"""What every carrier can do: tell its files, find labels in them, and plan how to put one label there.

There is no way to take a label away and leave none: article 10 of the labelling measures forbids tools for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from guiju.labelling.carriers.splicing import Edit, Source


@dataclass(frozen=True, slots=True)
class Site:
    """One place in a file where a label stands.

    Attributes:
        place: the place in the format's own words, such as `iTXt XML:com.adobe.xmp`.
        text: what stands there, as it stands there.
        is_standard: whether the guides put the label of this format there.
        shape: how the guides have it there: `inner`, the seven fields alone; `wrapped`, under `AIGC`; "" where they do
            not say.
    """

    place: str
    text: str
    is_standard: bool = True
    shape: str = ""


class Carrier(Protocol):
    """One family of formats."""

    @property
    def name(self) -> str:
        """The family's short name, such as `png`."""

    @property
    def mimes(self) -> tuple[str, ...]:
        """The media types of its files, the usual one first."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """How names of its files end, with the dot, in lower case."""

    @property
    def is_text(self) -> bool:
        """Whether only a file's name or media type tells that it is of the family, as with HTML and Markdown."""

    @property
    def place(self) -> str:
        """Where the label is written, in the format's own words."""

    def recognises(self, source: Source) -> bool:
        """Tell by its bytes whether a file is one of the family; never where only the name can tell."""

    def sites(self, source: Source) -> Sequence[Site]:
        """Find every label in the file.

        Raises:
            DamagedFileError: it cannot be read as what it says it is.
        """

    def edits(self, source: Source, label: str) -> Sequence[Edit]:
        """Plan the edits after which the file carries `label`, the seven fields as JSON, and no other one.

        Raises:
            DamagedFileError: the file cannot be read as what it says it is.
            UnsupportedFormatError: it is of a variant that no label can be written into.
        """
