"""SVG: the XMP property in the picture's own `metadata` (the guides: other formats carry XMP)."""

import re
from collections.abc import Sequence

from guiju.labelling.carriers import xmp
from guiju.labelling.carriers.interface import Site
from guiju.labelling.carriers.splicing import Edit, Source
from guiju.labelling.carriers.xml_places import elements
from guiju.labelling.errors import damaged

_SVG = "http://www.w3.org/2000/svg"
_RDF = b"http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:\?xml|!DOCTYPE\s+svg|!--|svg)[\s>]")


class Svg:
    """The carrier of SVG."""

    name = "svg"
    mimes = ("image/svg+xml",)
    suffixes = (".svg",)
    is_text = True
    place = "metadata XMP → TC260:AIGC"

    def recognises(self, source: Source) -> bool:
        """Tell an SVG by its root, where that stands at the start."""
        head = source.head(1024)
        return _START.match(head) is not None and b"<svg" in head

    def sites(self, source: Source) -> Sequence[Site]:
        """Find the property anywhere in the picture."""
        return xmp.packet_sites(_checked(source)[0], "metadata XMP")

    def edits(self, source: Source, label: str) -> Sequence[Edit]:
        """Put the label into the RDF that is there, else into metadata of its own at the start of the picture."""
        part, at = _checked(source)
        if _RDF in part:
            return [Edit(0, len(part), xmp.with_label(part, label))]
        rdf = b'<rdf:RDF xmlns:rdf="' + _RDF + b'">' + xmp.property_xml(label) + b"</rdf:RDF>"
        new = b'<metadata xmlns="' + _SVG.encode() + b'">' + rdf + b"</metadata>"
        if part[at - 2 : at] == b"/>":
            name = part[part.rfind(b"<", 0, at) + 1 : at - 2].split()[0]
            return [Edit(at - 2, at, b">" + new + b"</" + name + b">")]
        return [Edit(at, at, new)]


def _checked(source: Source) -> tuple[bytes, int]:
    """Return the picture, and where the content of its root starts.

    Raises:
        DamagedFileError: it is no well-formed SVG.
    """
    part = source.read(0, min(source.size, xmp.PACKET_LIMIT + 1))
    root = elements(part, lambda _local, _attributes: False)[0]
    if root.local != "svg" or root.space not in (_SVG, ""):
        raise damaged("根元素不是 svg", "its root is no svg")
    return part, root.inner
