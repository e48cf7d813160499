"""Two languages: Chinese is the text in the code, English stands in a gettext catalogue beside the door that speaks."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from babel.messages.pofile import read_po

LANGUAGES = ("zh", "en")


class Translator:
    """Says a Chinese text in the chosen language; a text with no translation stays Chinese, visibly."""

    def __init__(self, language: str, catalogue: Mapping[str, str]) -> None:
        """Speak `language` from `catalogue` (Chinese → translation)."""
        self.language = language
        self._catalogue = MappingProxyType(dict(catalogue))

    def __call__(self, text: str, **values: object) -> str:
        """Translate `text` and fill its `{named}` places from `values`."""
        said = self._catalogue.get(text, text)
        return said.format(**values) if values else said

    def pick(self, zh: str, en: str) -> str:
        """Return the one of two texts that is in this language; Chinese where the English one is empty."""
        return en if self.language == "en" and en else zh


def load_translators(folder: Path) -> dict[str, Translator]:
    """Read `<folder>/en.po` and return a translator for each of `LANGUAGES`.

    Raises:
        OSError: the catalogue cannot be read.
    """
    with (folder / "en.po").open("rb") as file:
        catalogue = read_po(file, locale="en")
    english = {
        message.id: message.string
        for message in catalogue
        if isinstance(message.id, str) and isinstance(message.string, str) and message.id and message.string
    }
    return {"zh": Translator("zh", {}), "en": Translator("en", english)}


def choose_language(*wishes: str | None) -> str:
    """Return the first wish (cookie, query value, Accept-Language header) that names one of ours; else Chinese."""
    for wish in wishes:
        if not wish:
            continue
        for part in wish.lower().split(","):
            tag = part.split(";")[0].strip()[:2]
            if tag in LANGUAGES:
                return tag
    return "zh"
