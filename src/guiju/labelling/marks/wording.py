"""Whether a line reads as a mark ("内容由AI生成") or is only about the subject ("如何用AI生成图片").

Both elements alone (GB 45438-2025, clause 5) do not tell: titles and rules about the subject hold them too. The lists
are ours, made of marks and of titles; a mark in other words is missed.
"""

import re

from guiju.labelling.models import MarkWords

_LONGEST_MARK, _LONGEST_NAME, _WIDEST_GAP = 80, 12, 4
_AROUND = " \t\r\n*_>#（）()【】[]《》「」『』“”\"'·—-|!！。.:："
_ABOUT = (
    "如何", "怎", "判断", "是不是", "是否", "能否", "禁止", "不得", "严禁", "关于", "教你", "学习", "公布", "发布",
    "打击", "什么", "为什么", "利用", "以及", "办法", "规定", "标准", "识别", "检测", "区分",
)  # fmt: skip
_KINDS = "内容|图片|图像|图|视频|音频|声音|语音|文本|文字|文章|回答|回复|作品|画面|文件|页面|片段|素材|而成|制作"
_TAIL = re.compile(rf"的?(?:{_KINDS})?(?:[，,。.；;、：:|·—-].{{0,40}})?")


def reads_as_mark(line: str, words: MarkWords) -> bool:
    """Tell whether a line reads as a mark."""
    text = line.replace(" ", "").replace("\u3000", "").strip(_AROUND)
    if len(text) > _LONGEST_MARK or "？" in text or "?" in text:
        return False
    return any(_reads_so(text, ai, words) for ai in words.ai if ai in text)


def _reads_so(text: str, ai: str, words: MarkWords) -> bool:
    before, _, rest = text.partition(ai)
    if len(before) > _LONGEST_NAME or any(word in before for word in _ABOUT):
        return False
    place, length = min(
        ((rest.find(word), len(word)) for word in words.made if word in rest[: _WIDEST_GAP + len(word)]),
        default=(-1, 0),
    )
    if place < 0:
        return False
    tail = rest[place + length :]
    for word in words.made:
        tail = tail.removeprefix(word)  # 生成合成
    return _TAIL.fullmatch(tail) is not None
