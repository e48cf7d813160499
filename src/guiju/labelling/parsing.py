"""What stands in a label: bare or wrapped, whole or not, and everything in it that the standard does not have so."""

import re

import orjson

from guiju.labelling.models import Label, LabelProblem, ParsedLabel
from guiju.labelling.rules import STATES, is_label_text, required_fields

KEY = "AIGC"
FIELDS = tuple(Label("", "", "").fields())
_RESERVED = ("ReservedCode1", "ReservedCode2")
_LONGEST = 256 * 1024
# Annex E j) admits the quotation mark where JSON stands within JSON, as the security data of 202511A does.
_RESERVED_TEXT = re.compile(r"[\x21-\x5b\x5d-\x7e]*")


def parse_label(text: str) -> ParsedLabel:
    """Read a label as it was found: any order, any wrapper, missing fields; never raises."""
    tree, problem = _tree(text)
    if problem is not None:
        return ParsedLabel(None, is_wrapped=False, problems=(problem,))
    is_wrapped = KEY in tree and not set(FIELDS) & set(tree)
    if is_wrapped:
        tree, problem = _unwrapped(tree[KEY])
        if problem is not None:
            return ParsedLabel(None, is_wrapped=True, problems=(problem,))
    if not set(FIELDS) & set(tree):
        return ParsedLabel(None, is_wrapped=is_wrapped, problems=(_NO_FIELD,))
    fields, problems = _fields(tree)
    label = Label(*(fields[name] for name in FIELDS))
    return ParsedLabel(label, is_wrapped=is_wrapped, problems=(*problems, *_value_problems(label, tree)))


_NO_FIELD = LabelProblem("no_fields", "", "没有任何标识字段", "it has none of the seven fields")


def _tree(text: str) -> tuple[dict[str, object], LabelProblem | None]:
    if len(text) > _LONGEST:
        return {}, LabelProblem("too_long", "", "标识过长，未读取", "it is too long and was not read")
    try:
        tree = orjson.loads(text.strip(" \t\r\n\0"))
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return {}, LabelProblem("not_json", "", "标识不是合法的 JSON", "it is no JSON")
    if not isinstance(tree, dict):
        return {}, LabelProblem("not_an_object", "", "标识不是 JSON 对象", "it is no JSON object")
    return tree, None


def _unwrapped(inner: object) -> tuple[dict[str, object], LabelProblem | None]:
    if isinstance(inner, str):
        return _tree(inner)
    if isinstance(inner, dict):
        return inner, None
    return {}, LabelProblem("not_an_object", KEY, "AIGC 的值不是 JSON 对象", "the value of AIGC is no JSON object")


def _fields(tree: dict[str, object]) -> tuple[dict[str, str], list[LabelProblem]]:
    fields: dict[str, str] = {}
    problems: list[LabelProblem] = []
    for name in FIELDS:
        value = tree.get(name, "")
        if name not in tree:
            problems.append(LabelProblem("missing", name, f"缺少字段 {name}", f"the field {name} is missing"))
        elif not isinstance(value, str):
            problems.append(LabelProblem("not_a_string", name, f"{name} 不是字符串", f"{name} is no string"))
            value = orjson.dumps(value).decode()
        fields[name] = str(value)
    return fields, problems


def _value_problems(label: Label, tree: dict[str, object]) -> list[LabelProblem]:
    problems: list[LabelProblem] = []
    required = required_fields(label)
    for name, value in label.fields().items():
        is_lawful = _RESERVED_TEXT.fullmatch(value) is not None if name in _RESERVED else is_label_text(value)
        if not is_lawful:
            problems.append(
                LabelProblem(
                    "characters",
                    name,
                    f"{name} 含有附录 E j) 不允许的字符",
                    f"{name} holds characters that Annex E j) does not have",
                )
            )
        if name in required and name in tree and not value:
            problems.append(LabelProblem("empty", name, f"{name} 为空", f"{name} is empty"))
    if label.label and label.label not in STATES:
        problems.append(
            LabelProblem("value", "Label", "Label 的值应为 1、2 或 3", "the value of Label must be 1, 2 or 3")
        )
    unknown = sorted(str(name)[:40] for name in set(tree) - set(FIELDS))
    if unknown:
        names = ", ".join(unknown[:5])
        problems.append(LabelProblem("unknown_field", names, f"多余字段：{names}", f"fields beyond the seven: {names}"))
    return problems
