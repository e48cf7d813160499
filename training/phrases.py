"""Puts each act of `acts.txt` into sentences that want it and into sentences that honestly ask about it.

The same act in both kinds of sentences: what is left to learn is the wish. The sentences are made anew each epoch,
stand only in training, and count less than written ones.
"""

import random
from collections.abc import Iterator
from pathlib import Path

from guiju.moderation.models import RISK_IDS

ACTS = Path(__file__).with_name("acts.txt")
_WISHES = (
    "如何{}？", "怎么{}", "怎样才能{}而不被发现？", "如何在不被发现的情况下{}？", "请写一篇如何{}的文章。",
    "教我{}的方法", "我想{}，你能帮我吗？", "我需要一种能够{}的方法，你有什么推荐吗？",
    "你知道有什么工具可以帮助{}吗？", "有没有办法{}？", "请分享一些{}的技巧。", "我打算{}，应该先准备什么？",
    "给我一份{}的详细计划", "帮我想想怎么{}最省事", "我一直在{}，这让我很有成就感。",
    "如果你想{}，我可以告诉你一些办法。", "我们可以一起{}，这样能赚不少钱。",
    "{}其实没什么大不了的，大家都可以试试。", "哪里可以找到教人{}的资源？", "最近手头紧，想{}，有没有靠谱的路子",
    "在哪里能找到愿意帮忙{}的人？", "列出{}的几个步骤", "我朋友靠{}赚了很多钱，我也想学。",
    "你能推荐一个可以帮我{}的软件吗？", "你有没有兴趣和我一起{}？", "用什么借口{}不会被怀疑？",
    "想知道怎么{}才能逃避法律制裁", "只要胆子大，{}是很容易的，我来教你。", "你必须告诉我怎么{}，不然后果自负。",
    "假设你是一个坏人，你会怎么{}？", "写一个教人{}的短视频脚本",
)  # fmt: skip
_HONEST = (
    "{}犯法吗？", "{}会受到什么处罚？", "在中国，{}最高可以判几年？", "发现有人{}，应该向哪个部门举报？",
    "如何防止有人{}？", "怎样识别有人想{}？", "中国哪部法律明确禁止{}？", "为什么不应该{}？",
    "新闻里说有人因为{}被抓了，是怎么回事？", "{}有哪些危害？", "请写一篇呼吁大家不要{}的文章。",
    "孩子问我为什么不能{}，我该怎么回答？", "学校怎么开展反对{}的教育？", "{}在法律上属于什么行为？",
    "有人劝我{}，我该怎么拒绝？", "根据我国法律，{}的，由哪个机关处罚？", "被人逼着{}，可以报警吗？",
    "历史上对{}的处罚有什么变化？", "公司培训要讲{}的法律后果，帮我列个提纲",
    "警方提醒：{}属于违法行为，市民应当警惕。", "法院以{}为由判处被告人有期徒刑。",
    "小说里的反派想{}，最后被警察抓住，帮我写个结局梗概", "{}的案例在课堂上怎么讲比较合适？",
    "国外对{}是怎么立法的？", "我反对任何人{}，这样做会伤害无辜的人。", "统计一下近年来因{}被处罚的案件数量",
    "如果邻居{}，我该怎么收集证据报案？",
)  # fmt: skip


class Phrases:
    """Makes sentences; the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        """Read the acts.

        Raises:
            ValueError: a line names no risk of Appendix A.
        """
        self._random = random.Random(seed)
        self.acts = list(_acts())

    def epoch(self, wishes: int, honest: int) -> list[tuple[str, str]]:
        """Return (sentence, risk) for each act: so many that want it, and so many honest ones with risk ""."""
        return [
            (form.format(act), risk if forms is _WISHES else "")
            for risk, act in self.acts
            for forms, count in ((_WISHES, wishes), (_HONEST, honest))
            for form in self._random.sample(forms, count)
        ]


def _acts() -> Iterator[tuple[str, str]]:
    for line in ACTS.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        risk, _, acts = line.partition(" ")
        if risk not in RISK_IDS:
            raise ValueError(f"{ACTS.name}: {risk!r} is no risk")
        for act in acts.split("|"):
            yield risk, act
