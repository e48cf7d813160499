"""Small files of every audio and video format, byte by byte as the formats are laid down; no program makes them.

What stands for sound and pictures is recognisable noise: a test can find it again wherever a label has moved it.
"""

import random
import struct

from guiju.labelling.carriers.ogg_pages import checksum


def noise(seed: int, length: int = 700) -> bytes:
    return random.Random(seed).randbytes(length)


def box(kind: bytes, *bodies: bytes) -> bytes:
    body = b"".join(bodies)
    return struct.pack(">I", 8 + len(body)) + kind + body


def _movie_head(offsets: list[int], *extra: bytes, wide: bool = False) -> bytes:
    table = struct.pack(">II", 0, len(offsets)) + struct.pack(f">{len(offsets)}{'Q' if wide else 'I'}", *offsets)
    stbl = box(b"stbl", box(b"stsd", b"\0" * 8), box(b"co64" if wide else b"stco", table))
    trak = box(b"trak", box(b"tkhd", b"\0" * 84), box(b"mdia", box(b"minf", stbl)))
    return box(b"moov", box(b"mvhd", b"\0" * 100), trak, *extra)


ITUNES = box(
    b"udta",
    box(
        b"meta",
        b"\0" * 4,
        box(b"hdlr", b"\0" * 8 + b"mdirappl" + b"\0" * 9),
        box(b"ilst", box(b"\xa9nam", box(b"data", struct.pack(">II", 1, 0), b"Kept title"))),
    ),
)
CHUNKS = (noise(1), noise(2), noise(3))


def movie(*extra: bytes, first: bool = True, brand: bytes = b"isom", wide: bool = False) -> bytes:
    """Make a movie of three chunks; `first`: its head stands before them."""
    ftyp = box(b"ftyp", brand, b"\0\0\2\0", brand)
    mdat = box(b"mdat", *CHUNKS)
    start = len(ftyp) + 8 + (len(_movie_head([0, 0, 0], *extra, wide=wide)) if first else 0)
    offsets = [start, start + 700, start + 1400]
    head = _movie_head(offsets, *extra, wide=wide)
    return ftyp + (head + mdat if first else mdat + head)


def fragmented() -> bytes:
    """Make a movie of one fragment that counts from the start of the file, with its index at the end."""
    head = box(b"ftyp", b"iso5", b"\0\0\2\0", b"iso5") + _movie_head([])
    base = len(head)
    tfhd = box(b"tfhd", struct.pack(">IIQ", 1, 1, base))
    moof = box(b"moof", box(b"mfhd", b"\0" * 8), box(b"traf", tfhd, box(b"trun", b"\0" * 8)))
    tfra = box(b"tfra", struct.pack(">IIIIQQBBB", 1 << 24, 1, 0, 1, 0, base, 1, 1, 1))
    return head + moof + box(b"mdat", *CHUNKS) + box(b"mfra", tfra)


def chunk_places(content: bytes) -> list[int]:
    """Return the places in the first chunk offset table."""
    for kind, form in ((b"stco", "I"), (b"co64", "Q")):
        at = content.find(kind)
        if at > 0:
            count = struct.unpack(">I", content[at + 8 : at + 12])[0]
            return list(struct.unpack_from(f">{count}{form}", content, at + 12))
    return []


def riff(form: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(kind + struct.pack("<I", len(one)) + one + b"\0" * (len(one) & 1) for kind, one in chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + form + body


FORMAT = struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16)


def info(*pairs: tuple[bytes, bytes]) -> bytes:
    return b"INFO" + b"".join(k + struct.pack("<I", len(v)) + v + b"\0" * (len(v) & 1) for k, v in pairs)


def wav(*chunks: tuple[bytes, bytes], length: int = 701) -> bytes:
    return riff(b"WAVE", (b"fmt ", FORMAT), (b"data", noise(4, length)), *chunks)


def streamed_wav() -> bytes:
    """Make a WAV as a stream has it, whose writer never came back to fill in the lengths."""
    head = b"RIFF\xff\xff\xff\xffWAVEfmt " + struct.pack("<I", 16) + FORMAT
    return head + b"data\xff\xff\xff\xff" + noise(4, 700)


def rf64() -> bytes:
    data = noise(4, 700)
    sizes = struct.pack("<QQQI", 4 + 36 + 24 + 8 + len(data), len(data), 350, 0)
    body = b"ds64" + struct.pack("<I", 28) + sizes + b"fmt " + struct.pack("<I", 16) + FORMAT
    return b"RF64\xff\xff\xff\xffWAVE" + body + b"data\xff\xff\xff\xff" + data


def id3(version: int, *frames: tuple[bytes, bytes], flags: int = 0, padding: int = 32) -> bytes:
    body = b""
    for name, text in frames:
        if version == 2:
            body += name + len(text).to_bytes(3, "big") + text
        elif version == 3:
            body += name + struct.pack(">I", len(text)) + b"\0\0" + text
        else:
            body += name + _synchsafe(len(text)) + b"\0\0" + text
    body += b"\0" * padding
    return b"ID3" + bytes((version, 0, flags)) + _synchsafe(len(body)) + body


def _synchsafe(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


MP3_AUDIO = (b"\xff\xfb\x90\x00" + b"\x55" * 413) * 4


def txxx(description: str, text: str, coding: int = 0) -> bytes:
    names = {0: "latin-1", 1: "utf-16", 3: "utf-8"}
    zero = b"\0\0" if coding == 1 else b"\0"
    return bytes((coding,)) + description.encode(names[coding]) + zero + text.encode(names[coding])


def comments(*texts: str) -> bytes:
    raw = [text.encode() for text in texts]
    pieces = [struct.pack("<I", 4), b"test", struct.pack("<I", len(raw))]
    return b"".join([*pieces, *(struct.pack("<I", len(one)) + one for one in raw)])


def flac(*blocks: tuple[int, bytes]) -> bytes:
    found = [(0, noise(5, 34)), *blocks]
    body = b"".join(
        bytes((kind | (0x80 if number == len(found) - 1 else 0),)) + len(one).to_bytes(3, "big") + one
        for number, (kind, one) in enumerate(found)
    )
    return b"fLaC" + body + b"\xff\xf8" + noise(6)


def page(packets: list[bytes], serial: int, number: int, *, flags: int = 0, granule: int = 0) -> bytes:
    lacing = b"".join(b"\xff" * (len(one) // 255) + bytes((len(one) % 255,)) for one in packets)
    head = struct.pack("<4sBBQIIIB", b"OggS", 0, flags, granule, serial, number, 0, len(lacing))
    whole = head + lacing + b"".join(packets)
    return whole[:22] + struct.pack("<I", checksum(whole)) + whole[26:]


def opus(tags: bytes | None = None, pages: int = 3) -> bytes:
    head = b"OpusHead\1\1\0\0" + struct.pack("<I", 48000) + b"\0\0\0"
    start = page([head], 7, 0, flags=2) + page([b"OpusTags" + (tags or comments("TITLE=Kept"))], 7, 1)
    audio = [page([noise(10 + n, 300)], 7, 2 + n, granule=960 * (n + 1)) for n in range(pages)]
    return start + b"".join(audio)


def vorbis(*texts: str, serial: int = 9) -> bytes:
    head = page([b"\x01vorbis" + noise(7, 23)], serial, 0, flags=2)
    setup = b"\x05vorbis" + noise(8, 900)
    start = page([b"\x03vorbis" + comments(*texts) + b"\1", setup], serial, 1)
    return head + start + page([noise(9, 200)], serial, 2, flags=4, granule=1024)


def _list(kind: bytes, *chunks: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    return b"LIST", kind + riff(b"", *chunks)[8:]


def avi(*chunks: tuple[bytes, bytes], room: int = 600, more: bool = False) -> bytes:
    head = _list(b"hdrl", (b"avih", noise(20, 56)), _list(b"strl", (b"strh", noise(21, 56)), (b"strf", noise(22, 40))))
    filling = ((b"JUNK", b"\0" * room),) if room else ()
    title = (b"LIST", info((b"INAM", b"Kept\0"), *chunks))
    first = riff(b"AVI ", head, title, *filling, _list(b"movi", (b"00dc", noise(23))), (b"idx1", noise(24, 32)))
    return first + (riff(b"AVIX", _list(b"movi", (b"00dc", noise(25)))) if more else b"")


def amf_string(text: bytes) -> bytes:
    return struct.pack(">H", len(text)) + text


def flv(*properties: tuple[bytes, bytes], head: bool = True) -> bytes:
    """Make an FLV of one picture, whose metadata says where that stands."""
    start = b"FLV\1\5\0\0\0\x09\0\0\0\0"
    picture = _flv_tag(9, noise(26))
    if not head:
        return start + picture
    place = len(start) + len(_flv_script(0, properties))
    return start + _flv_script(place, properties) + picture


def _flv_script(place: int, properties: tuple[tuple[bytes, bytes], ...]) -> bytes:
    number = b"\0" + struct.pack(">d", place)
    places = b"\x03" + amf_string(b"filepositions") + b"\x0a\0\0\0\1" + number + b"\0\0\x09"
    found = [(b"title", b"\2" + amf_string(b"Kept")), (b"keyframes", places), (b"filesize", number), *properties]
    body = b"\2" + amf_string(b"onMetaData") + b"\x08" + struct.pack(">I", len(found))
    return _flv_tag(18, body + b"".join(amf_string(name) + value for name, value in found) + b"\0\0\x09")


def _flv_tag(kind: int, body: bytes) -> bytes:
    tag = bytes((kind,)) + len(body).to_bytes(3, "big") + b"\0" * 7 + body
    return tag + struct.pack(">I", len(tag))


def ebml(number: int, *bodies: bytes, width: int = 0) -> bytes:
    body = b"".join(bodies)
    width = width or (1 if len(body) < 127 else 4)
    head = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return head + (len(body) | 1 << 7 * width).to_bytes(width, "big") + body


def simple_tag(name: bytes, text: bytes) -> bytes:
    return ebml(0x67C8, ebml(0x45A3, name), ebml(0x4487, text))


CHECKSUM = ebml(0xBF, b"\1\2\3\4")


def matroska(*tags: bytes, room: int = 60, summed: bool = False) -> bytes:
    """Make a Matroska of one cluster, with cues behind it, tags in front of it, and room behind its seek head."""
    marks = CHECKSUM if summed else b""
    seek = ebml(0x4DBB, ebml(0x53AB, (0x1549A966).to_bytes(4, "big")), ebml(0x53AC, b"\x40"))
    head = ebml(0x114D9B74, marks, seek)
    void = ebml(0xEC, b"\0" * room) if room else b""
    title = ebml(0x1254C367, marks, ebml(0x7373, ebml(0x63C0), simple_tag(b"TITLE", b"Kept"), *tags))
    parts = (head, void, ebml(0x1549A966, noise(27, 50)), ebml(0x1654AE6B, noise(28, 60)), title)
    cluster = ebml(0x1F43B675, noise(29))
    segment = ebml(0x18538067, *parts, cluster, ebml(0x1C53BB6B, noise(30, 20)), width=8)
    return ebml(0x1A45DFA3, ebml(0x4282, b"matroska")) + segment
