"""The font that marks are drawn with: Noto Sans SC in its published slices, each opened when a character needs it."""

import contextlib
import functools
import json
import re
from pathlib import Path

from PIL import ImageFont

from guiju.kit.errors import ConfigurationError

WEIGHT = 600
"""Semi-bold: clear at small sizes on any background (the standard wants a clear font)."""
_SLICE = re.compile(r"\[(\d+)\]")
_TABLE = "unicode.json"


class Font:
    """Finds the slice that has a character; slices are those of the build, or one file of the operator's."""

    def __init__(self, place: Path) -> None:
        """Take a folder of slices with their table, or one font file.

        Raises:
            ConfigurationError: there is neither.
        """
        self._place = place
        self._ranges: list[tuple[str, list[tuple[int, int]]]] = []
        if place.is_file():
            return
        try:
            table = json.loads((place / _TABLE).read_text("utf-8"))
            self._ranges = [(self._slice(name), _ranges(str(text))) for name, text in reversed(table.items())]
        except (OSError, ValueError, AttributeError) as error:
            raise ConfigurationError(
                "找不到标识字体。请运行 npm run build（make run 会自动运行），或在配置中指定字体文件。",
                "The font for marks is missing. Run `npm run build` (`make run` does), or name a font file.",
                where=str(place),
            ) from error

    def _slice(self, name: str) -> str:
        number = _SLICE.fullmatch(name)
        return f"noto-sans-sc-{number[1] if number else name}-wght-normal.woff2"

    def face(self, character: str, size: int) -> ImageFont.FreeTypeFont:
        """Return the face that has `character`, at `size` pixels to the em.

        Raises:
            ConfigurationError: no slice has it.
        """
        if not self._ranges:
            return _open(self._place, size)
        point = ord(character)
        for name, ranges in self._ranges:
            if any(low <= point <= high for low, high in ranges):
                return _open(self._place / name, size)
        raise ConfigurationError(
            f"标识字体没有字符 {character!r}。请改用常用汉字、拉丁字母与数字。",
            f"The font for marks has no {character!r}. Use common Chinese characters, Latin letters and digits.",
            where="label_text",
        )


def _ranges(text: str) -> list[tuple[int, int]]:
    found = []
    for one in text.split(","):
        low, _, high = one.strip().removeprefix("U+").partition("-")
        found.append((int(low, 16), int(high or low, 16)))
    return found


@functools.lru_cache(maxsize=64)
def _open(path: Path, size: int) -> ImageFont.FreeTypeFont:
    try:
        face = ImageFont.truetype(str(path), size)
    except OSError as error:
        raise ConfigurationError(
            "标识字体读不了。请指定 TrueType、OpenType 或 WOFF2 字体文件。",
            "The font for marks cannot be read. Name a TrueType, OpenType or WOFF2 file.",
            where=str(path),
        ) from error
    with contextlib.suppress(OSError):  # a font of one weight
        face.set_variation_by_axes([WEIGHT])
    return face
