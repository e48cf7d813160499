"""PDF: the key `/AIGC` of the Info dictionary (58A), by an incremental update: what stood there stays as a prefix.

So signatures over the earlier revision keep holding. A label in an earlier revision is superseded and no longer read;
its bytes stay in the file, since taking them out would mean to write every object anew.
"""

from collections.abc import Sequence

from guiju.labelling.carriers import pdf_objects, xmp
from guiju.labelling.carriers.interface import Site
from guiju.labelling.carriers.pdf_objects import Found, Objects
from guiju.labelling.carriers.pdf_syntax import Dictionary, literal, name_of, read_dictionary, text_of
from guiju.labelling.carriers.splicing import Edit, Source
from guiju.labelling.errors import damaged, unsupported

_KEY = b"AIGC"
_MARK = b"\n% AIGC label\n"
_TAIL = 1 << 16
_KEPT_IN_TRAILER = (b"Root", b"ID")


class Pdf:
    """The carrier of PDF."""

    name = "pdf"
    mimes = ("application/pdf", "application/x-pdf")
    suffixes = (".pdf",)
    is_text = False
    place = "Info /AIGC"

    def recognises(self, source: Source) -> bool:
        """Tell a PDF by its first line."""
        return source.head(5) == b"%PDF-"

    def sites(self, source: Source) -> Sequence[Site]:
        """Find labels in the newest Info dictionary and in the XMP of the document."""
        objects = _objects(source, source.size)
        found = []
        info = _info(objects)[1]
        if info is not None and (raw := info.get(_KEY)) is not None:
            found.append(Site("Info /AIGC", text_of(raw)))
        _, packet = _metadata(objects)
        sites = xmp.packet_sites(packet, "Metadata XMP") if packet else []
        return [*found, *(Site(site.place, site.text, is_standard=False) for site in sites)]

    def edits(self, source: Source, label: str) -> Sequence[Edit]:
        """Append a revision whose Info dictionary carries the label; a last revision that is ours is written anew."""
        end = _end_of_others(source)
        return [Edit(end, source.size, _revision(_objects(source, end), end, label))]


def _objects(source: Source, end: int) -> Objects:
    objects = Objects(source, end)
    if any(section.trailer.get(b"Encrypt") for section in objects.sections):
        raise unsupported("PDF 已加密", "the PDF is encrypted")
    if objects.trailer.reference(b"Root") is None:
        raise damaged("PDF 的 trailer 没有 Root", "the trailer of the PDF has no Root")
    return objects


def _end_of_others(source: Source) -> int:
    """Return where the last revision that is not ours ends."""
    start = max(0, source.size - _TAIL)
    tail = source.read(start, source.size - start)
    at = tail.rfind(_MARK)
    return start + at if at > 0 and tail.count(b"startxref", at) == 1 else source.size


def _info(objects: Objects) -> tuple[tuple[int, int] | None, Dictionary | None]:
    """Return which object the Info dictionary is, and the dictionary."""
    for section in objects.sections:
        raw = section.trailer.get(b"Info")
        if raw is None:
            continue
        if raw.startswith(b"<<"):
            return None, read_dictionary(raw, 0)
        reference = section.trailer.reference(b"Info")
        found = objects.find(reference[0]) if reference else None
        return (reference if found else None), (found.dictionary if found else None)
    return None, None


def _metadata(objects: Objects) -> tuple[tuple[int, Found] | None, bytes]:
    """Return the object that holds the XMP of the document, and the packet."""
    reference = objects.trailer.reference(b"Root")
    root = objects.find(reference[0]) if reference else None
    place = root.dictionary.reference(b"Metadata") if root else None
    found = objects.find(place[0]) if place else None
    if place is None or found is None:
        return None, b""
    return (place[0], found), objects.stream(found)


def _revision(objects: Objects, at: int, label: str) -> bytes:
    reference, info = _info(objects)
    sizes = [section.trailer.number(b"Size") or 0 for section in objects.sections]
    next_number = max(sizes)
    if not next_number:
        raise damaged("PDF 的 trailer 没有 Size", "the trailer of the PDF has no Size")
    if reference is None:
        reference, next_number = (next_number, 0), next_number + 1
    kept = [(key, value) for key, value in (info.entries if info else ()) if key != _KEY]
    entries = b"".join(b"/%s %s " % (name_of(key), value) for key, value in kept)
    pieces = [_MARK]
    numbers = {reference[0]: (at + len(_MARK), reference[1])}
    pieces.append(b"%d %d obj\n<< %s/AIGC %s >>\nendobj\n" % (*reference, entries, literal(label)))
    place, packet = _metadata(objects)
    if place and packet and xmp.packet_sites(packet, ""):
        numbers[place[0]] = (at + sum(map(len, pieces)), place[1].generation)
        pieces.append(_packet_object(place[0], place[1].generation, xmp.without_label(packet)))
    start = at + sum(map(len, pieces))
    trailer = b"".join(b"/%s %s " % (key, value) for key in _KEPT_IN_TRAILER if (value := objects.trailer.get(key)))
    trailer += b"/Info %d %d R /Prev %d " % (*reference, objects.start)
    if objects.sections[0].is_stream:
        trailer += b"/Size %d " % (next_number + 1)
        return b"".join(pieces) + pdf_objects.new_stream(numbers, trailer, start, number=next_number)
    trailer += b"/Size %d " % next_number
    return b"".join(pieces) + pdf_objects.new_table(numbers, trailer, start)


def _packet_object(number: int, generation: int, packet: bytes) -> bytes:
    head = b"<< /Type /Metadata /Subtype /XML /Length %d >>" % len(packet)
    return b"%d %d obj\n" % (number, generation) + head + b"\nstream\n" + packet + b"\nendstream\nendobj\n"
