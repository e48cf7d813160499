"""When a mark is a lawful mark: implicit label, explicit text mark, provider code.

Serves `cn/genai-measures-2023/art-12`; the forms are those of GB 45438-2025 (5.1, Annex E) and TC260-PG-20252A.
"""

import re
from dataclasses import replace

import orjson

from guiju.labelling.errors import LabelError
from guiju.labelling.models import Label, MarkWords, Producer

IS_GENERATED = "1"
_PLACE = "00000000-0000-0000-0000-000000000000"
POSSIBLY, SUSPECTED = "2", "3"
UNSURE = (POSSIBLY, SUSPECTED)
STATES = (IS_GENERATED, *UNSURE)

# Annex E j): printable ASCII without the blank, the quotation mark and the backslash.
_FIELD = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]*")
_PROVIDER_CODE = re.compile(r"00\d\d([0-9A-Z]{18})(?:00000|[12][0-9A-Z]{4})")
# GB 32100-2015: the alphabet of the unified social credit code, and the weights 3^i mod 31.
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))


def first_label(producer: Producer, produce_id: str) -> Label:
    """Make the label of content at its first writing: it is generated, and the producer is also the propagator.

    Raises:
        LabelError: a value holds a character that Annex E j) does not allow, or is empty.
    """
    for name, value in (("ContentProducer", producer.code), ("ProduceID", produce_id)):
        if not value or not is_label_text(value):
            raise LabelError(
                f"隐式标识字段 {name} 的值 {value!r} 为空或含有不允许的字符；"
                "只能用可见单字节字符，不含空格、引号和反斜杠（中文名称请改用编码）。",
                f"The label field {name} is empty or holds a character that is not allowed: {value!r}. Use visible "
                "ASCII without blank, quotation mark and backslash; use a code instead of a Chinese name.",
                where=name,
            )
    return Label(
        label=IS_GENERATED,
        content_producer=producer.code,
        produce_id=produce_id,
        content_propagator=producer.code,
        propagate_id=produce_id,
    )


def propagated(label: Label, propagator: Producer, propagate_id: str) -> Label:
    """Return `label` as the service writes it that spreads the content: what its producer wrote stays as it is.

    The labelling measures, article 6, want the propagator's own elements added; its security data goes with it.

    Raises:
        LabelError: a value holds a character that Annex E j) does not allow, or is empty.
    """
    added = first_label(propagator, propagate_id)
    return replace(
        label,
        content_propagator=added.content_producer,
        propagate_id=added.produce_id,
        reserved_code_2="",
    )


def spread(state: str, propagator: Producer, propagate_id: str) -> Label:
    """Make the label of content whose producer nobody knows: it may be, or is suspected to be, generated.

    The labelling measures, article 6 (2) and (3): who spreads it writes the attribute, itself and its own number.

    Raises:
        LabelError: a value holds a character that Annex E j) does not allow, or is empty.
    """
    added = first_label(propagator, propagate_id)
    return Label(
        label=state,
        content_producer="",
        produce_id="",
        content_propagator=added.content_producer,
        propagate_id=added.produce_id,
    )


def required_fields(label: Label) -> tuple[str, ...]:
    """Name the fields that may not be empty: those of the producer, or, where nobody knows it, of who spreads it."""
    if label.label in UNSURE and label.content_propagator and not label.content_producer:
        return ("Label", "ContentPropagator", "PropagateID")
    return ("Label", "ContentProducer", "ProduceID")


class LabelWriter:
    """Writes the first label of one producer's content again and again: only the number changes."""

    def __init__(self, producer: Producer) -> None:
        """Check the producer once.

        Raises:
            LabelError: the producer's code cannot stand in a label.
        """
        self._start, self._middle, self._end = label_json(first_label(producer, _PLACE)).split(_PLACE)

    def first(self, produce_id: str) -> str:
        """Return the seven fields as JSON for the content `produce_id`, an id in label characters such as a UUID."""
        return f"{self._start}{produce_id}{self._middle}{produce_id}{self._end}"


def is_label_text(value: str) -> bool:
    """Tell whether `value` has only the characters that a field of the implicit label may have (Annex E j)."""
    return _FIELD.fullmatch(value) is not None


def label_problems(label: Label) -> tuple[str, ...]:
    """Name every field of `label` that breaks Annex E; nothing when it is in order."""
    problems = [name for name, value in label.fields().items() if not is_label_text(value)]
    if label.label not in STATES:
        problems.append("Label")
    problems.extend(name for name in required_fields(label)[1:] if not label.fields()[name])
    return tuple(dict.fromkeys(problems))


def label_json(label: Label) -> str:
    """Write the seven fields as one line of JSON, in the order of Annex E, without blanks."""
    return orjson.dumps(label.fields()).decode()


def is_explicit_mark(text: str, words: MarkWords) -> bool:
    """Tell whether `text` says both that an AI was at work and that it generated the content (GB 45438-2025, 5.1)."""
    return any(word in text for word in words.ai) and any(word in text for word in words.made)


def explicit_text_mark(text: str, words: MarkWords) -> str:
    """Return `text` when it is a lawful explicit mark.

    Raises:
        LabelError: the AI word or the generation word is missing, or the mark is longer than a line.
    """
    if not is_explicit_mark(text, words):
        ai, made = "或".join(words.ai), "或".join(words.made)
        raise LabelError(
            f"文字标识 {text!r} 缺少要素：须同时含有“{ai}”和“{made}”，例如“内容由 AI 生成”。",
            f"The text mark {text!r} lacks an element: it needs one of {words.ai} and one of {words.made}.",
            where="text_mark",
        )
    if "\n" in text.strip("\n"):
        raise LabelError(
            "文字标识应为一行。",
            "The text mark must be one line.",
            where="text_mark",
        )
    return text


def is_credit_code(code: str) -> bool:
    """Tell whether `code` is a unified social credit code with the right check character (GB 32100-2015, mod 31)."""
    if len(code) != len(_USCC_WEIGHTS) + 1 or any(character not in _USCC_ALPHABET for character in code):
        return False
    total = sum(
        _USCC_ALPHABET.index(character) * weight for character, weight in zip(code, _USCC_WEIGHTS, strict=False)
    )
    return _USCC_ALPHABET[-total % 31] == code[-1]


def is_provider_code(code: str) -> bool:
    """Tell whether `code` is a provider code of 27 characters whose credit code checks (TC260-PG-20252A)."""
    match = _PROVIDER_CODE.fullmatch(code)
    return match is not None and is_credit_code(match.group(1))


def check_producer(code: str) -> tuple[Producer, str]:
    """Take the operator's code or name, and say in Chinese what is unusual about it; "" when it is a provider code.

    A name in label characters is allowed by Annex E, so it only warns.

    Raises:
        LabelError: the value cannot stand in a label at all.
    """
    first_label(Producer(code), "check")
    if is_provider_code(code):
        return Producer(code), ""
    return Producer(
        code
    ), f"服务提供者 {code!r} 不是 27 位编码（TC260-PG-20252A），或其中的统一社会信用代码校验位不符。"
