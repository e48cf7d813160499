"""Pictures: the label comes in, the pixels stay, what others wrote is replaced or kept."""

import io
import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image
from tests.factories.labels import BARE, CODE, OUR_ID, WRAPPED, labeller
from tests.factories.pictures import animated, encoded, scene

from guiju.labelling.carriers import xmp
from guiju.labelling.models import Verdict

PACKET = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    b'xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="kept &lt;as it was&gt;"/>%s</rdf:RDF></x:xmpmeta>'
    + b" " * 200
    + b'<?xpacket end="w"?>'
)
ATTRIBUTE = (
    b'<rdf:Description rdf:about="" xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/" TC260:AIGC="'
    + BARE.replace('"', "&quot;").encode()
    + b'"/>'
)
ELEMENT = xmp.property_xml(BARE)


def exif(text: str) -> bytes:
    tags = Image.Exif()
    tags[0x010F] = "maker"
    tags.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0" + text.encode()
    return tags.tobytes()


def png(image: Image.Image, *chunks: tuple[bytes, bytes]) -> bytes:
    content = encoded(image)
    at = content.index(b"IDAT") - 4
    new = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
    return content[:at] + new + content[at:]


def itxt(packet: bytes) -> tuple[bytes, bytes]:
    return b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet


def jpeg(image: Image.Image, *segments: tuple[int, bytes], **options: object) -> bytes:
    content = encoded(image, "JPEG", **options)
    new = b"".join(bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body for marker, body in segments)
    return content[:20] + new + content[20:]


def gif_with(packet: bytes) -> bytes:
    content = encoded(scene(5), "GIF")
    magic = bytes((1, *range(255, -1, -1), 0))
    return content[:-1] + b"\x21\xff\x0bXMP DataXMP" + packet + magic + content[-1:]


XMP_HEAD = b"http://ns.adobe.com/xap/1.0/\0"
FILES: dict[str, Callable[[], bytes]] = {
    "png": lambda: png(scene(1)),
    "png-icc-exif": lambda: encoded(scene(1), icc_profile=b"\0" * 200, exif=exif("a holiday")),
    "png-xmp": lambda: png(scene(1), itxt(PACKET % b"")),
    "png-xmp-element": lambda: png(scene(1), itxt(PACKET % ELEMENT)),
    "png-xmp-attribute": lambda: png(scene(1), itxt(PACKET % ATTRIBUTE)),
    "png-text-bare": lambda: png(scene(1), (b"tEXt", b"AIGC\0" + BARE.encode())),
    "png-text-wrapped": lambda: png(scene(1), (b"tEXt", b"AIGC\0" + WRAPPED.encode())),
    "png-ztxt": lambda: png(scene(1), (b"zTXt", b"AIGC\0\0" + zlib.compress(BARE.encode()))),
    "png-exif": lambda: encoded(scene(1), exif=exif(WRAPPED)),
    "png-all": lambda: png(scene(1), (b"tEXt", b"AIGC\0" + BARE.encode()), itxt(PACKET % ELEMENT)),
    "jpeg": lambda: jpeg(scene(2)),
    "jpeg-progressive": lambda: jpeg(scene(2), progressive=True, icc_profile=b"\0" * 200),
    "jpeg-xmp": lambda: jpeg(scene(2), (0xE1, XMP_HEAD + PACKET % b"")),
    "jpeg-xmp-element": lambda: jpeg(scene(2), (0xE1, XMP_HEAD + PACKET % ELEMENT)),
    "jpeg-xmp-attribute": lambda: jpeg(scene(2), (0xE1, XMP_HEAD + PACKET % ATTRIBUTE)),
    "jpeg-exif": lambda: jpeg(scene(2), exif=exif(WRAPPED)),
    "jpeg-app11": lambda: jpeg(scene(2), (0xEB, b"AIGC" + BARE.encode())),
    "jpeg-full-xmp": lambda: jpeg(scene(2), (0xE1, XMP_HEAD + (PACKET % b"").replace(b" " * 200, b" " * 64900))),
    "webp": lambda: encoded(scene(3), "WEBP"),
    "webp-lossless": lambda: encoded(scene(3).convert("RGBA"), "WEBP", lossless=True),
    "webp-xmp": lambda: encoded(scene(3), "WEBP", xmp=PACKET % ELEMENT, exif=exif(WRAPPED)),
    "webp-animated": lambda: animated([scene(3), scene(4)], "WEBP"),
    "gif": lambda: encoded(scene(5), "GIF"),
    "gif-animated": lambda: animated([scene(5), scene(6)]),
    "gif-xmp": lambda: gif_with(PACKET % ELEMENT),
}


def pixels(content: bytes) -> list[bytes]:
    image = Image.open(io.BytesIO(content))
    frames = []
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        frames.append(image.convert("RGBA").tobytes())
    return frames


@pytest.mark.parametrize("name", FILES)
def test_one_lawful_label_and_the_same_pixels(name: str) -> None:
    content = FILES[name]()
    labelled = labeller().label(content, "", content_id=OUR_ID)
    reading = labeller().read(labelled)
    assert reading.verdict is Verdict.CONFORMING
    assert reading.label is not None
    assert (reading.label.content_producer, reading.label.produce_id) == (CODE, OUR_ID)
    assert pixels(labelled) == pixels(content)
    assert BARE.encode() not in labelled
    assert labelled.count(OUR_ID.encode()) == 2


@pytest.mark.parametrize("name", FILES)
def test_a_label_written_twice_changes_nothing_more(name: str) -> None:
    once = labeller().label(FILES[name](), "", content_id=OUR_ID)
    assert labeller().label(once, "", content_id=OUR_ID) == once


@pytest.mark.parametrize("name", [name for name in FILES if name.partition("-")[2] in ("xmp", "full-xmp")])
def test_other_properties_in_xmp_stay_word_for_word(name: str) -> None:
    labelled = labeller().label(FILES[name](), "", content_id=OUR_ID)
    assert b'dc:format="kept &lt;as it was&gt;"' in labelled


@pytest.mark.parametrize("name", ["png-icc-exif", "jpeg-exif", "webp-xmp"])
def test_exif_and_colour_profile_stay(name: str) -> None:
    content = FILES[name]()
    before, after = (Image.open(io.BytesIO(one)) for one in (content, labeller().label(content, "", content_id=OUR_ID)))
    assert after.getexif()[0x010F] == before.getexif()[0x010F] == "maker"
    assert after.info.get("icc_profile") == before.info.get("icc_profile")


@pytest.mark.parametrize(
    ("name", "verdict", "codes"),
    [
        ("png", Verdict.ABSENT, set()),
        ("png-xmp-element", Verdict.NONCONFORMING, {"missing"}),
        ("png-text-wrapped", Verdict.NONCONFORMING, {"missing"}),
        ("png-text-bare", Verdict.NONCONFORMING, {"missing", "shape"}),
        ("png-ztxt", Verdict.NONCONFORMING, {"missing", "place", "shape"}),
        ("png-all", Verdict.NONCONFORMING, {"missing", "twice", "shape"}),
        ("jpeg-exif", Verdict.NONCONFORMING, {"missing"}),
        ("jpeg-app11", Verdict.NONCONFORMING, {"missing", "place"}),
        ("webp-xmp", Verdict.NONCONFORMING, {"missing", "twice"}),
        ("gif-xmp", Verdict.NONCONFORMING, {"missing"}),
    ],
)
def test_what_others_wrote_is_read_and_judged(name: str, verdict: Verdict, codes: set[str]) -> None:
    reading = labeller().read(FILES[name]())
    assert reading.verdict is verdict
    assert {problem.code for problem in reading.problems} == codes
    if reading.found:
        assert reading.label is not None
        assert reading.label.produce_id == "u:1/task:e5118399"


def test_the_index_of_further_pictures_in_one_jpeg_still_points_at_them() -> None:
    entries = struct.pack("<IIIHH", 0x20030000, 1000, 0, 0, 0) + struct.pack("<IIIHH", 0, 20, 5000, 0, 0)
    directory = struct.pack("<HHHII", 1, 0xB002, 7, len(entries), 26) + struct.pack("<I", 0)
    multi = b"MPF\0" + b"II*\0" + struct.pack("<I", 8) + directory + entries
    content = jpeg(scene(2), (0xE2, multi), (0xE1, XMP_HEAD + PACKET % b""))
    labelled = labeller().label(content, "", content_id=OUR_ID)
    grown = len(labelled) - len(content)
    at = labelled.index(b"MPF\0") + 4 + 26
    assert struct.unpack("<II", labelled[at + 4 : at + 12]) == (1000 + grown, 0)
    assert struct.unpack("<II", labelled[at + 20 : at + 28]) == (20, 5000 + grown)


def test_xmp_with_a_document_type_is_refused_before_it_expands() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;">]>' + PACKET % b"<a>&b;</a>" + b"AIGC"
    reading = labeller().read(png(scene(1), itxt(bomb)))
    assert reading.verdict is Verdict.INCONCLUSIVE
