"""Parts of a ZIP archive: read within bounds, replaced and added; all others keep their bytes as they are packed."""

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from guiju.labelling.carriers.splicing import Edit, Shift, Source
from guiju.labelling.carriers.xml_places import PART_LIMIT
from guiju.labelling.errors import damaged, unsupported

_END, _CENTRAL, _LOCAL = b"PK\5\6", b"PK\1\2", b"PK\3\4"
_END_SIZE, _CENTRAL_SIZE, _LOCAL_SIZE = 22, 46, 30
_LONGEST_COMMENT = 0xFFFF
_ENCRYPTED, _UTF8 = 0x0001, 0x0800
_STORED, _DEFLATED = 0, 8
_LIMIT = 0xFFFFFFFF
_MOST_ENTRIES = 0xFFFF
_DATE = 0x21  # 1980-01-01: the same label makes the same file


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    flags: int
    method: int
    packed: int
    unpacked: int
    checksum: int
    at: int
    record: bytes


class Archive:
    """The central directory of an archive."""

    def __init__(self, source: Source) -> None:
        """Read it.

        Raises:
            DamagedFileError: there is none, or it contradicts itself.
            UnsupportedFormatError: it is a ZIP64, or in several volumes.
        """
        self._source = source
        start = max(0, source.size - _END_SIZE - _LONGEST_COMMENT)
        tail = source.read(start, source.size - start)
        at = tail.rfind(_END)
        if at < 0 or len(tail) - at < _END_SIZE:
            raise damaged("ZIP 没有结尾记录", "a ZIP without its end record")
        disk, first, here, count, size, offset, comment = struct.unpack_from("<HHHHIIH", tail, at + 4)
        self._end_at = start + at
        if _LIMIT in (size, offset) or count == _MOST_ENTRIES:
            raise unsupported("ZIP64 归档", "a ZIP64 archive")
        if disk or first or here != count or at + _END_SIZE + comment != len(tail):
            raise damaged("ZIP 结尾记录不对", "the end record of the ZIP is wrong")
        if offset + size != self._end_at:
            raise damaged("ZIP 目录的位置不对", "the directory of the ZIP is not where it says")
        self._directory_at = offset
        self._entries = _read_directory(source.read(offset, size), count)
        self._by_name = {entry.name: entry for entry in self._entries}
        if len(self._by_name) != count:
            raise damaged("ZIP 有同名部件", "two parts of the ZIP have one name")
        if any(entry.at >= offset for entry in self._entries):
            raise damaged("ZIP 部件的位置不对", "a part of the ZIP is not where it says")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the parts, as the directory has them."""
        return tuple(self._by_name)

    def read(self, name: str) -> bytes | None:
        """Return a part, unpacked within bounds; None where it is not there.

        Raises:
            DamagedFileError: it is not what the directory says, or unpacks to too much.
            UnsupportedFormatError: it is encrypted, or packed in another way than Deflate.
        """
        entry = self._by_name.get(name)
        if entry is None:
            return None
        if entry.flags & _ENCRYPTED or entry.method not in (_STORED, _DEFLATED):
            raise unsupported(f"部件 {name} 已加密或用了少见的压缩", f"the part {name} is encrypted or oddly packed")
        if max(entry.packed, entry.unpacked) > PART_LIMIT:
            raise damaged(f"部件 {name} 过大", f"the part {name} is too large")
        head = self._source.read(entry.at, _LOCAL_SIZE)
        if head[:4] != _LOCAL:
            raise damaged(f"部件 {name} 的头不对", f"the head of the part {name} is wrong")
        name_length, extra_length = struct.unpack_from("<HH", head, 26)
        packed = self._source.read(entry.at + _LOCAL_SIZE + name_length + extra_length, entry.packed)
        content = packed if entry.method == _STORED else _unpacked(packed, entry.unpacked)
        if len(content) != entry.unpacked or zlib.crc32(content) != entry.checksum:
            raise damaged(f"部件 {name} 的校验和不对", f"the checksum of the part {name} is wrong")
        return content

    def edits(self, changed: Mapping[str, bytes]) -> list[Edit]:
        """Plan to replace parts in their place, and to add those that are not there behind the others.

        Raises:
            UnsupportedFormatError: the archive would need ZIP64.
        """
        bounds = sorted({entry.at for entry in self._entries} | {self._directory_at})
        edits, records = [], []
        for name, content in changed.items():
            entry = self._by_name.get(name)
            at = entry.at if entry else self._directory_at
            end = bounds[bounds.index(at) + 1] if entry else at
            edits.append(Edit(at, end, _local(name, content)))
        shift = Shift(edits)
        for entry in self._entries:
            at = shift(entry.at)
            if entry.name in changed:
                records.append(_central(entry.name, changed[entry.name], at, old=entry.record))
            else:
                records.append(entry.record[:42] + _placed(at) + entry.record[46:])
        at = self._directory_at + sum(len(one.new) - (one.end - one.start) for one in edits if one.start != one.end)
        for name, content in changed.items():
            if name not in self._by_name:
                records.append(_central(name, content, at, old=b""))
                at += len(_local(name, content))
        return [*edits, *self._directory(records, at)]

    def _directory(self, records: list[bytes], at: int) -> list[Edit]:
        body = b"".join(records)
        if len(records) >= _MOST_ENTRIES or at + len(body) > _LIMIT:
            raise unsupported("归档会需要 ZIP64", "the archive would need ZIP64")
        numbers = struct.pack("<HHII", len(records), len(records), len(body), at)
        end_at = self._end_at + 8
        return [Edit(self._directory_at, self._end_at, body), Edit(end_at, end_at + 12, numbers)]


def _read_directory(body: bytes, count: int) -> list[_Entry]:
    found: list[_Entry] = []
    at = 0
    for _ in range(count):
        if body[at : at + 4] != _CENTRAL or at + _CENTRAL_SIZE > len(body):
            raise damaged("ZIP 目录不对", "the directory of the ZIP is wrong")
        flags, method = struct.unpack_from("<HH", body, at + 8)
        checksum, packed, unpacked, name, extra, comment = struct.unpack_from("<IIIHHH", body, at + 16)
        offset = struct.unpack_from("<I", body, at + 42)[0]
        if _LIMIT in (packed, unpacked, offset):
            raise unsupported("ZIP64 归档", "a ZIP64 archive")
        end = at + _CENTRAL_SIZE + name + extra + comment
        raw = body[at + _CENTRAL_SIZE : at + _CENTRAL_SIZE + name]
        text = raw.decode("utf-8" if flags & _UTF8 else "cp437", "replace")
        found.append(_Entry(text, flags, method, packed, unpacked, checksum, offset, body[at:end]))
        at = end
    if at != len(body):
        raise damaged("ZIP 目录的长度不对", "the directory of the ZIP has the wrong length")
    return found


def _unpacked(packed: bytes, length: int) -> bytes:
    unpacking = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        return unpacking.decompress(packed, length + 1)
    except zlib.error as error:
        raise damaged("部件无法解压", "a part cannot be unpacked") from error


def _packed(content: bytes) -> bytes:
    packing = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packing.compress(content) + packing.flush()


def _placed(at: int) -> bytes:
    if at >= _LIMIT:
        raise unsupported("归档会需要 ZIP64", "the archive would need ZIP64")
    return struct.pack("<I", at)


def _head(content: bytes) -> bytes:
    packed = _packed(content)
    return struct.pack("<HHHHIII", 0, _DEFLATED, 0, _DATE, zlib.crc32(content), len(packed), len(content))


def _local(name: str, content: bytes) -> bytes:
    raw = name.encode("ascii")
    return _LOCAL + struct.pack("<H", 20) + _head(content) + struct.pack("<HH", len(raw), 0) + raw + _packed(content)


def _central(name: str, content: bytes, at: int, *, old: bytes) -> bytes:
    """Write a directory record; who made an old one and its file attributes stay."""
    raw = name.encode("ascii")
    made, attributes = (old[4:6], old[34:42]) if old else (struct.pack("<H", 20), b"\0" * 8)
    head = made + struct.pack("<H", 20) + _head(content)
    return _CENTRAL + head + struct.pack("<HHH", len(raw), 0, 0) + attributes + _placed(at) + raw
