"""The operator's list of blocked pictures: a CSV file, one picture a line, by its perceptual hashes and its SHA-256.

The list holds no pictures, and a hash does not give one back.
"""

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from guiju.moderation.media.errors import BlockListError
from guiju.moderation.media.hashing import PictureHash, distances
from guiju.moderation.models import RISK_IDS, WISHES
from guiju.storage.blobs import write_atomically

COLUMNS = ("sha256", "hashes", "risk", "action", "reason", "added", "by")
MAX_BYTES = 64 * 1024 * 1024
_MAX_HASHES = 16
_MAX_TEXT = 200
_SHOWN = 20
_DHASH_SLACK = 4
"""dHash may differ in so many bits more than pHash: it is only there to tell apart what pHash confuses."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HASH = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class BlockedPicture:
    """One line of the list.

    Attributes:
        sha256: of the file that was blocked.
        hashes: of its picture, and of the picture's middle.
        risk: the risk of GB/T 45654 Appendix A.
        wish: block, review or observe.
        reason: why, for who reviews.
        added: ISO date.
        by: who blocked it.
    """

    sha256: str
    hashes: tuple[PictureHash, ...]
    risk: str
    wish: str
    reason: str
    added: str
    by: str


class BlockList:
    """The list in memory, quick to ask."""

    def __init__(self, pictures: Iterable[BlockedPicture]) -> None:
        """Hold `pictures`."""
        self.pictures = tuple(pictures)
        rows = [(one.phash, one.dhash, at) for at, picture in enumerate(self.pictures) for one in picture.hashes]
        self._phashes = np.array([row[0] for row in rows], dtype=np.uint64)
        self._dhashes = np.array([row[1] for row in rows], dtype=np.uint64)
        self._owners = [row[2] for row in rows]
        self._files = {picture.sha256: picture for picture in reversed(self.pictures)}

    def file(self, sha256: str) -> BlockedPicture | None:
        """Return the entry of exactly this file."""
        return self._files.get(sha256)

    def nearest(self, found: PictureHash, most: int) -> tuple[BlockedPicture, int] | None:
        """Return the blocked picture that is nearest, and in how many bits it differs, at most `most`."""
        if not self._owners:
            return None
        far = distances(found.phash, self._phashes).astype(np.int16)
        far[distances(found.dhash, self._dhashes) > most + _DHASH_SLACK] = BITS_APART
        at = int(far.argmin())
        return (self.pictures[self._owners[at]], int(far[at])) if far[at] <= most else None


BITS_APART = 65
"""More than two hashes can differ."""


def read_block_list(path: Path) -> BlockList:
    """Read the list; where there is no file, nothing is blocked.

    Raises:
        BlockListError: it cannot be read; names the first lines that are wrong.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return BlockList(())
    except OSError as error:
        raise BlockListError(
            f"无法读取：{error.strerror}。", f"It cannot be read: {error.strerror}.", where=str(path)
        ) from error
    pictures, wrong = parse_block_list(content)
    if wrong:
        told = "；".join(f"第 {line} 行：{zh}" for line, zh, _ in wrong[:_SHOWN])
        said = "; ".join(f"line {line}: {en}" for line, _, en in wrong[:_SHOWN])
        raise BlockListError(told, said, where=str(path))
    return BlockList(pictures)


def parse_block_list(content: bytes) -> tuple[list[BlockedPicture], list[tuple[int, str, str]]]:
    """Return the pictures, and for each line that cannot be used its number and why, in Chinese and in English."""
    if len(content) > MAX_BYTES:
        return [], [(0, f"文件超过 {MAX_BYTES} 字节。", f"the file is longer than {MAX_BYTES} bytes.")]
    try:
        rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        return _read_rows(rows)
    except UnicodeDecodeError:
        return [], [(0, "不是 UTF-8 编码。", "the file is not UTF-8.")]
    except csv.Error as error:
        return [], [(0, f"不是 CSV：{error}。", f"it is no CSV: {error}.")]


def _read_rows(rows: Iterable[list[str]]) -> tuple[list[BlockedPicture], list[tuple[int, str, str]]]:
    pictures: list[BlockedPicture] = []
    wrong: list[tuple[int, str, str]] = []
    for line, row in enumerate(rows, 1):
        if line == 1:
            if tuple(row) != COLUMNS:
                named = ",".join(COLUMNS)
                return [], [(1, f"表头应为 {named}。", f"the header must be {named}.")]
            continue
        if not row:
            continue
        if len(row) != len(COLUMNS):
            wrong.append((line, f"应有 {len(COLUMNS)} 列。", f"there must be {len(COLUMNS)} columns."))
            continue
        problem = _problem(dict(zip(COLUMNS, row, strict=True)))
        if problem:
            wrong.append((line, *problem))
        else:
            pictures.append(_picture(row))
    return pictures, wrong


def _problem(row: dict[str, str]) -> tuple[str, str] | None:
    hashes = row["hashes"].split()
    checks = (
        (_SHA256.fullmatch(row["sha256"]), ("sha256 应为 64 位十六进制。", "sha256 must be 64 hex digits.")),
        (
            0 < len(hashes) <= _MAX_HASHES and all(_HASH.fullmatch(one) for one in hashes),
            ("hashes 应为 1 到 16 个 32 位十六进制数。", "hashes must be 1 to 16 numbers of 32 hex digits."),
        ),
        (
            row["risk"] in RISK_IDS,
            ("risk 应为附录 A 的风险，如 A.1-f。", "risk must be one of Appendix A, such as A.1-f."),
        ),
        (
            row["action"] in WISHES,
            ("action 应为 block、review 或 observe。", "action must be block, review or observe."),
        ),
        (
            row["reason"].strip() and max(len(row["reason"]), len(row["by"])) <= _MAX_TEXT,
            (f"reason 必填，最多 {_MAX_TEXT} 字。", f"reason is required, at most {_MAX_TEXT} characters."),
        ),
        (_is_day(row["added"]), ("added 应为日期，如 2026-11-25。", "added must be a date such as 2026-11-25.")),
    )
    return next((why for holds, why in checks if not holds), None)


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _picture(row: list[str]) -> BlockedPicture:
    sha256, hashes, risk, wish, reason, added, by = row
    pairs = tuple(PictureHash(int(one[:16], 16), int(one[16:], 16)) for one in hashes.split())
    return BlockedPicture(sha256, pairs, risk, wish, reason, added, by)


def add_to_block_list(path: Path, picture: BlockedPicture) -> bool:
    """Write one more picture to the list; False when exactly this file is on it already.

    Raises:
        BlockListError: the list as it is cannot be used, or the entry cannot.
        StorageError: it cannot be written.
    """
    known = read_block_list(path)
    if known.file(picture.sha256) is not None:
        return False
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in (*known.pictures, picture):
        row = (
            one.sha256,
            " ".join(str(pair) for pair in one.hashes),
            one.risk,
            one.wish,
            one.reason,
            one.added,
            one.by,
        )
        problem = _problem(dict(zip(COLUMNS, row, strict=True)))
        if problem:
            raise BlockListError(*problem, where=str(path))
        writer.writerow(row)
    write_atomically(path, text.getvalue().encode())
    return True
