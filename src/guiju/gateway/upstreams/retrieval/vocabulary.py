"""What people call things: names of instruments, words without a subject, and phrases for the words of the law."""

from dataclasses import dataclass
from importlib.resources import files

import yaml


@dataclass(frozen=True, slots=True)
class NamedInstrument:
    """An instrument as people name it.

    Attributes:
        prefixes: beginnings of the ids of its provisions and parameters.
        weight: factor on a score where the question names no instrument.
        aliases: its names, in small letters and without spaces between Chinese characters.
    """

    prefixes: tuple[str, ...]
    weight: float
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pointers:
    """Parameters that only tell which article something stands in, known by the end of their ids."""

    suffix: str
    weight: float
    asked_weight: float
    asked_by: tuple[str, ...]

    def weight_of(self, text_id: str, question: str) -> float:
        """Return the factor on the score of a text for a question; 1 for what is no pointer."""
        if not text_id.endswith(self.suffix):
            return 1.0
        return self.asked_weight if any(words in question for words in self.asked_by) else self.weight


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Everything in `vocabulary.yaml`.

    Attributes:
        instruments: the instruments, the Measures first.
        pointers: parameters that only tell where something stands.
        latin: Latin words that stand in Chinese questions too.
        elsewhere: subjects of other laws.
        stop_words: words that say nothing about a question's subject.
        phrases: what people say → words of the law of which any one will do.
    """

    instruments: tuple[NamedInstrument, ...]
    pointers: Pointers
    latin: frozenset[str]
    elsewhere: tuple[str, ...]
    stop_words: frozenset[str]
    phrases: dict[str, tuple[str, ...]]

    def weight_of(self, text_id: str) -> float:
        """Return the weight of the instrument that an id belongs to; 1 where it is not named here."""
        for instrument in self.instruments:
            if text_id.startswith(instrument.prefixes):
                return instrument.weight
        return 1.0


def load_vocabulary() -> Vocabulary:
    """Read the vocabulary that ships with the package."""
    content = files("guiju.gateway.upstreams.retrieval").joinpath("vocabulary.yaml").read_text("utf-8")
    data = yaml.safe_load(content)
    instruments = tuple(
        NamedInstrument(tuple(item["prefixes"]), float(item["weight"]), tuple(str(name) for name in item["aliases"]))
        for item in data["instruments"]
    )
    pointing = data["pointers"]
    pointers = Pointers(
        str(pointing["suffix"]),
        float(pointing["weight"]),
        float(pointing["asked_weight"]),
        tuple(pointing["asked_by"]),
    )
    stop_words = frozenset(str(word) for words in data["stop_words"] for word in words)
    phrases = {str(phrase): tuple(words) for language in data["phrases"].values() for phrase, words in language.items()}
    return Vocabulary(instruments, pointers, frozenset(data["latin"]), tuple(data["elsewhere"]), stop_words, phrases)
