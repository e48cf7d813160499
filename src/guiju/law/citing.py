"""The law in words: how a provision is cited, and a parameter said as a sentence, in Chinese and in English."""

import re
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

from guiju.law.models import FactValue, Instrument, Parameter, Provision

_OPERATORS_ZH = MappingProxyType({">=": "不少于 ", "<=": "不超过 ", ">": "大于 ", "<": "小于 ", "==": "", "in": ""})
_OPERATORS_EN = MappingProxyType(
    {">=": "at least ", "<=": "at most ", ">": "more than ", "<": "less than ", "==": "", "in": "one of: "}
)
_UNITS_ZH = MappingProxyType(
    {
        "account": "个账号",
        "channel": "种渠道",
        "character": "个字符",
        "character_per_minute": "字/分钟",
        "click": "次点击",
        "day": "日",
        "hour": "小时",
        "item": "条",
        "kind": "类",
        "label": "个标识",
        "month": "个月",
        "multiple": "倍",
        "person": "人",
        "question": "题",
        "reviewer": "名审核人员",
        "risk": "类风险",
        "second": "秒",
        "source": "个来源",
        "step": "步",
        "term": "个关键词",
        "time": "次",
        "working_day": "个工作日",
        "year": "年",
        "yuan": "元",
    }
)
_MODALITIES = MappingProxyType({"shall": ("应", "shall"), "should": ("宜", "should")})
_UNITS_WITHOUT_MODALITY = frozenset({"article", "date"})
_PLACE = re.compile(r"(art|para|item)-(\d+)$")
_PLACES_EN = MappingProxyType({"art": "Article", "para": "paragraph", "item": "item"})


class SearchText(NamedTuple):
    """One text that can be looked up: its id, how it is cited, what it says, and since when."""

    id: str
    citation: str
    text: str
    effective_from: date


def cite_provision(instrument: Instrument, chain: tuple[Provision, ...], language: str) -> str:
    """Cite a provision from the article down to it; `chain` leaves out what a citation does not count."""
    if language != "en":
        return f"《{instrument.title}》" + "".join(item.label for item in chain)
    places = []
    for item in chain:
        match = _PLACE.search(item.id)
        places.append(f"{_PLACES_EN[match[1]]} {match[2]}" if match else item.label)
    return f"{instrument.title_en}, {', '.join(places)}"


def cite_parameter(instrument: Instrument, parameter: Parameter, language: str) -> str:
    """Cite the place that a parameter stands in."""
    if language != "en":
        return f"《{instrument.title}》{parameter.clause}"
    return f"{instrument.title_en}, {parameter.clause}"


def say_parameter(instrument: Instrument, parameter: Parameter, language: str) -> str:
    """Say a parameter as a sentence that ends with its source, and with a warning where nobody has verified it."""
    is_zh = language != "en"
    zh, en = _MODALITIES[parameter.modality]
    value = say_value(parameter.value, parameter.unit, language)
    place = cite_parameter(instrument, parameter, language)
    if is_zh:
        modality = "" if parameter.unit in _UNITS_WITHOUT_MODALITY else f"（{zh}）"
        doubt = "" if parameter.is_verified else "，尚未核实"
        return (
            f"{place}：{parameter.title}：{_OPERATORS_ZH[parameter.operator]}{value}{modality}。"
            f"来源：{parameter.source}（可信度 {parameter.confidence}{doubt}）。"
        )
    modality = "" if parameter.unit in _UNITS_WITHOUT_MODALITY else f" ({en})"
    doubt = "" if parameter.is_verified else ", not verified"
    return (
        f"{place}: {parameter.title_en}: {_OPERATORS_EN[parameter.operator]}{value}{modality}. "
        f"Source: {parameter.source} (confidence {parameter.confidence}{doubt})."
    )


def say_value(value: FactValue, unit: str, language: str) -> str:
    """Say a value with its unit: `0.95` of unit ratio is 95%, a list is its words, true is yes."""
    is_zh = language != "en"
    if isinstance(value, bool):
        return ("是" if value else "否") if is_zh else ("yes" if value else "no")
    if isinstance(value, tuple):
        value = ("、" if is_zh else ", ").join(value)
    if unit == "article":
        return f"第 {value} 条" if is_zh else f"Article {value}"
    if unit == "ratio":
        return _percent(str(value))
    if isinstance(value, str):
        return value
    if is_zh:
        return f"{value} {_UNITS_ZH.get(unit, unit)}"
    plural = "" if value == 1 or unit in {"yuan", "character_per_minute"} else "s"
    return f"{value} {unit.replace('_', ' ')}{plural}"


def _percent(ratio: str) -> str:
    percent = (Decimal(ratio) * 100).normalize()
    return f"{percent:f}%"
