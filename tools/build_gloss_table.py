"""Builds the table of what emoji and symbols are read as in Chinese.

    npm pack emojibase-data@17.0.0 && tar -xzf emojibase-data-17.0.0.tgz
    .venv/bin/python tools/build_gloss_table.py --emojibase package     writes src/guiju/text/data/glosses.table

From the Chinese names and tags of emojibase-data (MIT; CLDR, Unicode licence) and our own list of symbols. Each symbol
gets a few short readings, the likeliest first: writers put an emoji for one or two characters.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from table_files import write

MAX_GLOSSES = 4
PAIR = 2
SYMBOLS = """
+加 ➕加 ✚加 ✖叉 ×叉 ❌叉 ❎叉 ÷除 ➗除 =等 ♂男 ♀女 ♥心,爱 ❤心,爱,红心 ☀日,太阳 ☽月 ☾月 ★星 ☆星
✡星 ☠毒,死,骷髅 ☢核 ☣毒 ⚡电 ✈飞,飞机 ☎电话,电 ✂剪 ⚔剑,刀 ☁云 ☂伞 ☔雨 ❄雪 ☕茶,咖啡 ♨泉,热 ⛓链
⛽油 ⚓锚 ✍写 ✉信,邮 ✋手 ☝上,一 ✌二,耶 ♿残 ⌚表 ⏰钟 ⚖秤,法 ⚰棺 ⚱灰 ⛔停,禁 ✅对,是 ✔对,勾 ☑勾
♻回收 $钱,美元 ¥元,钱 ￥元,钱 €欧元 £镑 &和,与 @艾特 #井 %百 ⬆上 ⬇下 ⬅左 ➡右 ↑上 ↓下 ←左 →右,到 ♪歌
♫歌,音 💯百,满分 🆗好,行 🆙上 🆕新 🆓免费 🈚无 🈶有 🈲禁 🉐得 🈹割 🈴合 🈵满 🈳空 🈸申 🉑可 ㊗祝 ㊙秘,秘密
🀄中,红中 🅰A 🅱B 🅾O 🚫禁,不 ⭕圈,零 🔞十八禁
"""
HAN = range(0x4E00, 0xA000)


def is_han(text: str) -> bool:
    """Whether the text is Han characters only, and not empty."""
    return bool(text) and all(ord(one) in HAN for one in text)


def glosses(label: str, tags: list[str]) -> Iterator[str]:
    """Yield readings, the likeliest first."""
    singles = [tag for tag in tags if len(tag) == 1 and is_han(tag)]
    if is_han(label) and len(label) == 1:
        yield label
    yield from (one for one in singles if one in label)
    if is_han(label) and len(label) == PAIR:
        yield label
        yield label[-1]
    yield from singles
    if is_han(label) and len(label) == PAIR:
        yield label[0]
    yield from (tag for tag in tags if len(tag) == PAIR and is_han(tag) and set(tag) & set(label))
    if is_han(label):
        yield label[-1]


def build(folder: Path) -> dict[str, object]:
    """Return the table."""
    found: dict[str, list[str]] = {}
    for entry in json.loads((folder / "zh" / "compact.json").read_text(encoding="utf-8")):
        symbol = entry["unicode"].replace("\ufe0f", "").replace("\ufe0e", "")
        listed = list(dict.fromkeys(glosses(entry["label"], entry.get("tags", []))))[:MAX_GLOSSES]
        if len(symbol) == 1 and listed and not symbol.isalnum():
            found[symbol] = listed
    for entry in SYMBOLS.split():
        found[entry[0]] = list(dict.fromkeys([*entry[1:].split(","), *found.get(entry[0], [])]))[:MAX_GLOSSES]
    return {"glosses": found}


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--emojibase", type=Path, required=True)
    folder = parser.parse_args().emojibase
    write(
        "glosses",
        build(folder),
        [
            {"name": "emojibase-data", "version": "17.0.0", "licence": "MIT, CLDR data Unicode-3.0",
             "address": "https://emojibase.dev"},
            {"name": "symbols: our own list, SYMBOLS in tools/build_gloss_table.py", "version": "1",
             "licence": "Apache-2.0"},
        ],
        made_by="tools/build_gloss_table.py",
    )  # fmt: skip


if __name__ == "__main__":
    main()
