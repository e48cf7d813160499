"""The built-in law assistant: it answers by quoting the law, and says so when it does not know.

It is no model. A question is read for what it names outright (第十四条, article 14(2), GB/T 45654), and only then
searched for with BM25; the answer is the provision word for word, with citation and effective date. What the person
wrote is never repeated. The retrieval libraries are imported at the first question that needs them.
"""

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence

from guiju.gateway.upstreams.retrieval import wording
from guiju.gateway.upstreams.retrieval.library import Library
from guiju.gateway.upstreams.retrieval.references import normalise
from guiju.gateway.upstreams.retrieval.vocabulary import load_vocabulary
from guiju.kit.clock import BEIJING, Clock
from guiju.law.citing import SearchText

Texts = Callable[[], Sequence[SearchText]]
Message = Mapping[str, object]

_PIECE_SIZES = (2, 3, 4, 3)
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_LATIN_WORD = re.compile(r"[a-z]{2,}")
_HELLO = re.compile(
    r"((你好|您好|嗨|哈喽|在吗|在不在|帮助|你是谁|你是什么|你能做什么|你会什么|怎么用|"
    r"hi|hello|hey|help|who are you|what can you do|what are you)[啊呀呢吗]? ?)+"
)
_THANKS = re.compile(r"((谢谢|多谢|感谢|好的|明白了|知道了|thanks|thank you|ok|okay)[你您了啊]? ?)+")
_PUNCTUATION = re.compile(r"[\s,.;:!?~，。；：！？、…]+")


class LawAssistant:
    """Answers questions about the Measures and the instruments around them by quoting; threads may share it."""

    def __init__(self, texts: Texts, clock: Clock, *, glosses: Texts | None = None) -> None:
        """Answer from `texts`, every version of every text; nothing is read or loaded before the first question.

        Args:
            texts: paragraphs, items and parameters with citation and effective date (`Law.search_texts`).
            clock: today, in Beijing, decides which version of a text is quoted.
            glosses: the same texts in English (`search_texts(language="en")`), which help English questions.
        """
        self._texts = texts
        self._glosses = glosses
        self._clock = clock
        self._lock = threading.Lock()
        self._library: Library | None = None

    def answer(self, messages: Sequence[Message]) -> str:
        """Answer the last user message; the user message before it helps to understand a follow-up.

        Args:
            messages: OpenAI chat messages, oldest first; anything that is not text in them is passed over.
        """
        questions = [normalise(text) for text in _user_texts(messages)]
        question = questions[-1] if questions else ""
        bare = _PUNCTUATION.sub(" ", question).strip()
        if not bare or _HELLO.fullmatch(bare):
            return wording.HELP_EN if _LATIN_WORD.search(bare) and not _CHINESE.search(bare) else wording.HELP_ZH
        if _THANKS.fullmatch(bare):
            return wording.THANKS_ZH if _CHINESE.search(bare) else wording.THANKS_EN
        library = self._ready()
        is_english = not _CHINESE.search(question) and library.has_english(_LATIN_WORD.findall(question))
        today = self._clock.now().astimezone(BEIJING).date()
        previous = questions[-2] if len(questions) > 1 else ""
        found = library.find(question, previous, today)
        if found.matches:
            return wording.write_answer(library.quotes(found.matches), today, is_english=is_english)
        if found.is_article_missing:
            return wording.NO_ARTICLE_EN if is_english else wording.NO_ARTICLE_ZH
        return wording.UNKNOWN_EN if is_english else wording.UNKNOWN_ZH

    def best_ids(self, question: str) -> list[str]:
        """Return the ids of what would be quoted, best first; none when it does not know. Evaluation looks at this."""
        today = self._clock.now().astimezone(BEIJING).date()
        return [match.text.id for match in self._ready().find(normalise(question), "", today).matches]

    def pieces(self, text: str) -> Iterator[str]:
        """Cut an answer into pieces of a few characters, always the same ones; together they are the text."""
        start = number = 0
        while start < len(text):
            size = _PIECE_SIZES[number % len(_PIECE_SIZES)]
            yield text[start : start + size]
            start, number = start + size, number + 1

    def _ready(self) -> Library:
        with self._lock:
            if self._library is None:
                glosses = self._glosses() if self._glosses is not None else ()
                self._library = Library(self._texts(), glosses, load_vocabulary())
            return self._library


def _user_texts(messages: Sequence[Message]) -> list[str]:
    texts = []
    for message in messages:
        if message.get("role") == "user":
            text = _text_of(message.get("content"))
            if text.strip():
                texts.append(text)
    return texts


def _text_of(content: object) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, Mapping) and part.get("type") == "text"]
        return "\n".join(part for part in parts if isinstance(part, str))
    return ""
