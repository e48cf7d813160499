"""Chinese into words with jieba, holding only the words that the corpus has.

jieba's whole dictionary takes 59 MB of memory. A word that no text of the corpus holds can never match, so the
dictionary is read once as a stream and only words that occur are kept; the rest falls apart into single characters,
which is exactly what tells a question about something else from one about the law. With numpy, bm25s and jieba itself,
the first answer adds 33 MB to the process (20 MB where numpy is there already), and takes about a second.
"""

import io
import re
import warnings
from collections.abc import Iterable
from importlib.resources import files
from typing import Protocol

_RUN = re.compile(r"[\u3400-\u9fff]+|[a-z0-9]+(?:[./_-][a-z0-9]+)*")
_WORD_WEIGHT = 3000


class _Tokenizer(Protocol):
    def cut_for_search(self, sentence: str, *, HMM: bool) -> Iterable[str]: ...  # noqa: N803 - jieba's own name


class Segmenter:
    """Cuts text into words of the corpus and single characters of everything else."""

    def __init__(self, texts: Iterable[str], extra_words: Iterable[str]) -> None:
        """Learn the words that occur in `texts`, and `extra_words` besides."""
        extra = tuple(extra_words)
        self._tokenizer = _make_tokenizer("\n".join((*texts, *extra)), extra)

    def words(self, text: str) -> list[str]:
        """Cut `text`, in small letters, into words; Chinese words come with the shorter words inside them."""
        found: list[str] = []
        for match in _RUN.finditer(text):
            run = match[0]
            if run.isascii():
                found.append(_singular(run))
            else:
                found.extend(self._tokenizer.cut_for_search(run, HMM=False))
        return found


def _singular(word: str) -> str:
    """Take the plural s from an English word."""
    return word[:-1] if len(word) > 3 and word.isalpha() and word.endswith("s") and word[-2] not in "su" else word  # noqa: PLR2004 - "is", "gas"


def _make_tokenizer(corpus: str, extra: tuple[str, ...]) -> _Tokenizer:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # jieba asks setuptools for a module that setuptools itself warns about
        import jieba  # noqa: PLC0415 - jieba takes memory that a gateway without this question never pays for
    pairs = {corpus[start : start + 2] for start in range(len(corpus) - 1)}
    lines = [f"{word} {_WORD_WEIGHT}" for word in extra if word and not word.isascii() and " " not in word]
    with files("jieba").joinpath("dict.txt").open("rb") as dictionary:
        for raw in dictionary:
            word, frequency = raw.decode("utf-8").split(" ")[:2]
            if (len(word) == 1 or word[:2] in pairs) and word in corpus:
                lines.append(f"{word} {frequency}")
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(io.BytesIO("\n".join(lines).encode()))
    tokenizer.initialized = True
    checked: _Tokenizer = tokenizer
    return checked
