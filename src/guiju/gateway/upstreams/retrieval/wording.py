"""The sentences around a quotation, in Chinese and in English. Everything else in an answer is the law's own text."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Quote:
    """A provision or parameter as it will be shown.

    Attributes:
        citation: 《…》第…条.
        lines: the official text word for word, a paragraph followed by its items; or the points that we hold of it.
        glosses: the points in English, as far as there are any.
        is_verbatim: whether the lines are the official text, and not points taken from it.
        effective_from: the day it came, or comes, into force.
        effective_to: the day its next version replaced it; None while there is none.
    """

    citation: str
    lines: tuple[str, ...]
    glosses: tuple[str, ...]
    is_verbatim: bool
    effective_from: date
    effective_to: date | None


HELP_ZH = (
    "您好，我是规矩内置的法规助手。我只摘录《生成式人工智能服务管理暂行办法》的原文和配套规定、标准的要点与数字，并注明出处和施行日期；"
    "不生成观点，也不提供法律意见。\n\n您可以这样问：\n"
    "· 第十四条说了什么？\n· GB/T 45654 关键词库要多少？\n· 网络日志要留存多久？\n· 标识办法什么时候施行？"
)
HELP_EN = (
    "Hello, I am Guiju's built-in law assistant. I only quote the Interim Measures for Generative AI Services "
    "(in Chinese) and the instruments around them, with citation and effective date. "
    "I form no opinions and give no legal advice.\n\nYou may ask, for example:\n"
    "- What does article 14 say?\n- How many keywords must the keyword library hold?\n"
    "- How long must network logs be kept?"
)
THANKS_ZH = "不客气。还可以继续问我条文、数字或者期限。"
THANKS_EN = "You are welcome. Ask me about any provision, number or deadline."
UNKNOWN_ZH = (
    "我不知道：在《生成式人工智能服务管理暂行办法》和我收录的配套规定、标准里，没有找到与这个问题对应的条文。"
    "请换一种说法，或者直接说出条号（如“第十五条”）；其他问题请咨询法务人员或者主管部门。"
)
UNKNOWN_EN = (
    "I do not know (我不知道): I found no provision on this in the Interim Measures or in the instruments I hold. "
    "Try other words, or name an article (such as “article 15”); for anything else, ask your counsel or the authority."
)
NO_ARTICLE_ZH = "我不知道：我收录的文本里没有这一条、款或项。请核对条号和规范名称。"
NO_ARTICLE_EN = (
    "I do not know (我不知道): the texts I hold have no such article, paragraph or item. "
    "Check its number and the instrument."
)
_HEAD_ZH = "与您的问题对应的条文摘录如下："
_HEAD_EN = "The provisions on this are quoted below, in Chinese, the language that counts."
_POINT_ZH = "〔要点〕"
_POINT_EN = " [points]"
_POINTS_ZH = "标有〔要点〕的是按所注来源整理的数字和要求，不是逐字原文，请以官方文本为准。"
_POINTS_EN = (
    "What is marked [points] was taken from the sources named and is not the official wording, which alone counts."
)
_FOOT_ZH = "以上仅为摘录，不构成法律意见；是否适用于您的服务，请由法务人员结合事实判断。"
_FOOT_EN = "These are quotations, not legal advice; whether they apply to your service is for your counsel to judge."


def write_answer(quotes: list[Quote], today: date, *, is_english: bool) -> str:
    """Put the quotations into their frame."""
    blocks = [_HEAD_EN if is_english else _HEAD_ZH]
    point = _POINT_EN if is_english else _POINT_ZH
    for number, quote in enumerate(quotes, start=1):
        when = _period_en(quote, today) if is_english else _period_zh(quote, today)
        lines = [f"{number}. {quote.citation}{when}{'' if quote.is_verbatim else point}", *quote.lines]
        if is_english and quote.glosses:
            lines.append(f"(In English: {' '.join(quote.glosses)})")
        blocks.append("\n".join(lines))
    if not all(quote.is_verbatim for quote in quotes):
        blocks.append(_POINTS_EN if is_english else _POINTS_ZH)
    blocks.append(_FOOT_EN if is_english else _FOOT_ZH)
    return "\n\n".join(blocks)


def _period_zh(quote: Quote, today: date) -> str:
    words = f"{_day_zh(quote.effective_from)}起施行"
    if quote.effective_to is not None and quote.effective_to <= today:
        words += f"，自{_day_zh(quote.effective_to)}起已被新文本取代"
    elif quote.effective_from > today:
        words += "，目前尚未施行"
    return f"（{words}）"


def _period_en(quote: Quote, today: date) -> str:
    words = f"in force from {quote.effective_from.isoformat()}"
    if quote.effective_to is not None and quote.effective_to <= today:
        words += f", replaced on {quote.effective_to.isoformat()}"
    elif quote.effective_from > today:
        words += ", not in force yet"
    return f" ({words})"


def _day_zh(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
