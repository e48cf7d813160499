"""Reads the documents of a source one by one: JSONL, also .gz, and folders of TXT. Nothing is left out silently."""

import gzip
import hashlib
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import orjson

from guiju.kit.errors import InputError

LONGEST_LINE = 64 * 1024 * 1024
_TIMES = ("time", "date", "timestamp", "created_at", "published_at", "时间", "日期")
_MONTH = 7
_LINES_A_STEP = 1000
_LINED = (".jsonl", ".jsonl.gz")
_WHOLE = (".txt",)

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a source, as it stands in its file.

    Attributes:
        place: the file, and the line in it: `a/b.jsonl:17`.
        stratum: the file (of a TXT, its folder), with the month where the document tells a time.
        text: what it says.
        facts: its other fields; empty for a TXT.
    """

    place: str
    stratum: str
    text: str
    facts: dict[str, object]

    @property
    def sha256(self) -> str:
        """Return the SHA-256 of the text in UTF-8, in hexadecimal; a lone surrogate counts as its three bytes."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()


def find_sources(paths: Sequence[Path]) -> list[Path]:
    """Return the files of a source in the order of their names, each once; folders are walked through.

    Raises:
        InputError: a path is missing, a file is of no kind that is read, or there is no file at all.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        if path.is_dir():
            for one in sorted(path.rglob("*")):
                if one.is_file() and one.name.endswith(_LINED + _WHOLE):
                    found.setdefault(one.resolve(), one)
        elif not path.is_file():
            raise InputError("没有这个文件或文件夹。", "There is no such file or folder.", where=str(path))
        elif not path.name.endswith(_LINED + _WHOLE):
            raise InputError(
                "不支持这种文件；请给出 .jsonl、.jsonl.gz、.txt 或含有它们的文件夹。",
                "This kind of file is not read; give .jsonl, .jsonl.gz, .txt, or a folder that holds such.",
                where=str(path),
            )
        else:
            found.setdefault(path.resolve(), path)
    if not found:
        raise InputError("没有可读的文件。", "There is no file to read.", where=", ".join(map(str, paths)))
    return sorted(found.values(), key=lambda one: one.as_posix())


def read_documents(files: Sequence[Path], *, field: str = "text", step: Progress | None = None) -> Iterator[Document]:
    """Give every document of `files`, in their order; `step` is told how many bytes of the files were read since.

    Raises:
        InputError: a line is no JSON object with a text in `field`, is too long, or the bytes are damaged; it names
            the file and the line.
    """
    tell = step or (lambda _: None)
    for path in files:
        if path.name.endswith(_WHOLE):
            yield Document(path.as_posix(), path.parent.as_posix(), _whole(path), {})
            tell(path.stat().st_size)
        else:
            yield from _lines(path, field, tell)


def _whole(path: Path) -> str:
    if path.stat().st_size > LONGEST_LINE:
        raise InputError(
            f"文件超过 {LONGEST_LINE} 字节。", f"The file is longer than {LONGEST_LINE} bytes.", where=str(path)
        )
    content = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InputError("文件既不是 UTF-8 也不是 GB 18030。", "The file is neither UTF-8 nor GB 18030.", where=str(path))


def _lines(path: Path, field: str, tell: Progress) -> Iterator[Document]:
    name, told = path.as_posix(), 0
    with path.open("rb") as raw:
        # GzipFile reads as any binary file does; its type only does not say so.
        stream = cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if path.name.endswith(".gz") else raw
        for number, line in enumerate(_bounded(stream, name), 1):
            if number % _LINES_A_STEP == 0:
                tell(raw.tell() - told)
                told = raw.tell()
            if line.strip():
                yield _document(line, f"{name}:{number}", field)
        tell(raw.tell() - told)


def _bounded(stream: BinaryIO, name: str) -> Iterator[bytes]:
    number = 0
    while True:
        number += 1
        try:
            line = stream.readline(LONGEST_LINE + 1)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise InputError(
                f"压缩数据损坏或不完整：{error}。", f"The compressed data are damaged or cut: {error}.",
                where=f"{name}:{number}",
            ) from error  # fmt: skip
        if not line:
            return
        if len(line) > LONGEST_LINE:
            raise InputError(
                f"这一行超过 {LONGEST_LINE} 字节。", f"The line is longer than {LONGEST_LINE} bytes.",
                where=f"{name}:{number}",
            )  # fmt: skip
        yield line


def _document(line: bytes, place: str, field: str) -> Document:
    name = place.rpartition(":")[0]
    try:
        row = orjson.loads(line.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise InputError(
            "这一行不是 JSON；每行写一个对象。", "The line is no JSON; write one object a line.", where=place
        ) from error
    text = row.get(field) if isinstance(row, dict) else None
    if not isinstance(text, str):
        raise InputError(
            f"这一行没有字符串字段 {field!r}；可用 --field 指明。",
            f"The line has no text in a field {field!r}; name it with --field.",
            where=place,
        )
    month = next((str(row[key])[:_MONTH] for key in _TIMES if isinstance(row.get(key), str) and row[key]), "")
    del row[field]
    return Document(place, f"{name}@{month}" if month else name, text, row)
