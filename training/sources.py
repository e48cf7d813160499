"""Reads every source of examples, and says which part of it may be trained on, calibrated on, or only reported on.

A part is chosen by a hash, of the text or of the author's group, so that it never depends on the order of a file:

    train      weights are fitted on it
    calibrate  views are joined and thresholds chosen on it; weights never see it
    report     figures are told on it; nothing is chosen on it

COLD's own dev split, the fifth of the written groups and what stands in `evaluation/` are `report`. SWSR, JADE and
ChineseSafetyQA are other sources than the training: no weight sees any of them; a half of each is `calibrate`.
"""

import csv
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("GUIJU_DATA", ROOT.parent / "shared" / "data"))
WRITTEN = Path(os.environ.get("GUIJU_WRITTEN", ROOT / "training"))

_COUNTRIES = (
    "日本", "小日本", "鬼子", "印度", "阿三", "美国", "老美", "韩国", "棒子", "朝鲜", "越南", "泰国", "缅甸",
    "菲律宾", "俄罗斯", "毛子", "英国", "法国", "德国", "意大利", "西班牙", "巴基斯坦", "阿富汗", "伊朗",
    "伊拉克", "叙利亚", "土耳其", "以色列", "尼日利亚", "巴西", "墨西哥", "加拿大", "澳大利亚", "澳洲",
    "乌克兰", "波兰", "印尼", "马来西亚", "新加坡", "孟加拉", "尼泊尔", "外国人", "老外", "洋人",
)  # fmt: skip
_JADE = {
    "侵害他人隐私权": ("A.4-e",),
    "侵害他人个人信息权益": ("A.4-f",),
    "非法获取私人信息": ("A.4-f",),
    "侵害他人身心健康": ("A.4-a",),
    "侵害他人名誉权": ("A.4-c",),
    "侵害他人肖像权": ("A.4-b",),
    "侵害他人其他合法权益": ("A.4-g",),
    "侵害其他合法权益": ("A.4-g",),
    "宣扬恐怖主义、极端主义": ("A.1-d",),
    "宣扬淫秽色情": ("A.1-f",),
    "宣扬暴力": ("A.1-f",),
    "传播虚假有害信息": ("A.1-g",),
    "违反商业道德": ("A.3-b",),
    "地域歧视内容": ("A.2-d",),
    "性别歧视内容": ("A.2-e",),
    "民族歧视内容": ("A.2-a",),
    "肤色歧视内容": ("A.2-a",),
    "种族歧视内容": ("A.2-a",),
    "国别歧视内容": ("A.2-c",),
    "职业歧视内容": ("A.2-g",),
    "健康歧视内容": ("A.2-h",),
    "年龄歧视内容": ("A.2-f",),
    "信仰歧视内容": ("A.2-b",),
}
_JADE_TYPES = {"违法犯罪": ("A.1-h",), "侵害权益": ("A.4-g",), "歧视偏见": ("A.2-i",)}


@dataclass(frozen=True, slots=True)
class Example:
    """One text with what is known of it.

    Attributes:
        text: as its author wrote it.
        risks: risks of Appendix A; empty for an honest text.
        source: `cold`, `swsr`, `jade`, `safetyqa`, `written`, `honest`, `counter`.
        group: the author's group or the source's own class.
        part: `train`, `calibrate` or `report`.
        is_sure: whether the risk itself was annotated; where not, only the chapter counts.
    """

    text: str
    risks: tuple[str, ...]
    source: str
    group: str
    part: str
    is_sure: bool = True


def share(key: str, parts: int) -> int:
    """Return a number below `parts` that depends on `key` alone."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest()) % parts


def read_all() -> list[Example]:
    """Return every example of every source that is here; sources that are not are named."""
    found: list[Example] = []
    for name, read in (("cold", _cold), ("swsr", _swsr), ("jade", _jade), ("safetyqa", _safetyqa)):
        if (DATA / name).is_dir():
            found.extend(read())
        else:
            print(f"not used: {DATA / name} is not here")
    found.extend(_written())
    return found


def _csv(path: str) -> Iterator[dict[str, str]]:
    with (DATA / path).open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def _cold() -> Iterator[Example]:
    for split in ("train", "dev"):
        for row in _csv(f"cold/{split}.csv"):
            part = "report" if split == "dev" else "calibrate" if share(row["TEXT"], 12) == 0 else "train"
            risks = _cold_risks(row["topic"], row["TEXT"]) if row["label"] == "1" else ()
            yield Example(row["TEXT"], risks, "cold", row["topic"], part, is_sure=False)


def _cold_risks(topic: str, text: str) -> tuple[str, ...]:
    if topic == "gender":
        return ("A.2-e",)
    if topic == "region":
        return ("A.2-d",)
    return ("A.2-c",) if any(country in text for country in _COUNTRIES) else ("A.2-a",)


def _swsr() -> Iterator[Example]:
    for row in _csv("swsr/comments.csv"):
        part = ("calibrate", "report")[share(row["text"], 2)]
        risks = ("A.2-e",) if row["label"] == "1" else ()
        yield Example(row["text"], risks, "swsr", row["category"] or "none", part, is_sure=False)


def _jade() -> Iterator[Example]:
    for row in _csv("jade/v2_easy.csv"):
        kind, subtype = row["type"].strip(), row["subtype"].strip()
        risks = _JADE.get(subtype) or _JADE_TYPES[kind]
        part = ("calibrate", "report")[share(row["question"], 2)]
        yield Example(row["question"], risks, "jade", f"{kind}/{subtype}", part, is_sure=subtype in _JADE)


def _safetyqa() -> Iterator[Example]:
    for line in (DATA / "safetyqa" / "half.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        part = ("calibrate", "report")[share(row["question"], 2)]
        yield Example(row["question"], (), "safetyqa", row["cate"].split("-")[0], part)


def _written() -> Iterator[Example]:
    for folder in ("positive", "benign"):
        for path in sorted((WRITTEN / folder).glob("*.yaml")):
            examples = list(_groups(path, "written"))
            parts = _parts([example.group for example in examples], path.stem)
            yield from (replace(example, part=parts[example.group]) for example in examples)
    for path in sorted((WRITTEN / "evaluation").rglob("*.yaml")):
        yield from _groups(path, "counter" if "counter" in path.stem else "honest")


def _parts(groups: Sequence[str], file: str) -> Mapping[str, str]:
    """Share out the groups of one file: a fifth to report on, at least one; of every other file one to calibrate on."""
    order = sorted(set(groups), key=lambda group: share(group, 1 << 32))
    reported = max(1, round(len(order) / 5))
    calibrated = 1 if len(order) > 4 and share(file, 2) == 0 else 0  # noqa: PLR2004 - leaves three to train on
    return {
        group: "report" if at < reported else "calibrate" if at < reported + calibrated else "train"
        for at, group in enumerate(order)
    }


def _groups(path: Path, source: str) -> Iterator[Example]:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    for group in document["groups"]:
        risk = group.get("risk", document.get("risk", "none"))
        for line in group["texts"].splitlines():
            if line.strip():
                yield Example(line.strip(), () if risk == "none" else (risk,), source, group["id"], "report")
