"""A picture encoded as near to how it was as its format allows."""

import io
import struct
from collections.abc import Iterator, Sequence

from PIL import Image, JpegImagePlugin, PngImagePlugin, features

from guiju.labelling.errors import unsupported

Options = dict[str, object]
_DEEP_PNG, _DEPTH_AT = 16, 24
_QUALITY = {"WEBP": 92, "AVIF": 85}
_KEPT_TIFF = (270, 271, 272, 282, 283, 296, 305, 306, 315, 700, 33432)


def drawable(frame: Image.Image) -> Image.Image:
    """Return a copy of a frame in a mode that can be drawn on: grey, colour, CMYK, each with its transparency.

    Raises:
        UnsupportedFormatError: it holds numbers rather than colours.
    """
    if frame.mode in ("RGB", "RGBA", "L", "LA", "CMYK"):
        has_key = "transparency" in frame.info and frame.mode in ("RGB", "L")
        return frame.convert("RGBA") if has_key else frame.copy()
    if frame.mode in ("P", "PA", "1", "YCbCr", "La", "RGBa", "HSV", "LAB"):
        is_clear = frame.mode in ("PA", "La", "RGBa") or "transparency" in frame.info
        return frame.convert("RGBA" if is_clear else "L" if frame.mode == "1" else "RGB")
    raise unsupported(
        f"像素格式 {frame.mode}（每通道多于 8 位），请先转为 8 位再加标识",
        f"pixels of the kind {frame.mode} (more than 8 bits a channel); reduce it to 8 bits first",
    )


def losses(picture: Image.Image, content: bytes) -> tuple[str, ...]:
    """Say what the picture loses by being encoded anew."""
    found = []
    if picture.format == "PNG" and content[_DEPTH_AT : _DEPTH_AT + 1] == bytes([_DEEP_PNG]):
        found.append("16 位通道降为 8 位 / channels of 16 bits became 8 bits")
    if picture.format == "MPO":
        found.append("多帧 JPEG 只保留主图 / only the main picture of a JPEG with several was kept")
    if picture.format == "GIF" and b"XMP DataXMP" in content:
        found.append("GIF 中的 XMP 未保留 / the XMP of the GIF was not kept")
    if b"c2pa" in content[: 1 << 16]:
        found.append("C2PA 声明已失效，请在加标识后重新签名 / its C2PA manifest no longer holds: sign again afterwards")
    return tuple(found)


def encoded(picture: Image.Image, frames: Sequence[Image.Image], content: bytes) -> bytes:
    """Encode frames the way `picture` was, which was read from `content`.

    Raises:
        UnsupportedFormatError: this build has no encoder for it.
    """
    target = io.BytesIO()
    options = _OPTIONS[str(picture.format)](picture, content)
    if len(frames) > 1:
        options |= _moving(picture, frames)
    frames[0].save(target, **options)  # type: ignore[arg-type] # Pillow's own keywords, format by format
    return target.getvalue()


def _moving(picture: Image.Image, frames: Sequence[Image.Image]) -> Options:
    durations = []
    for number in range(len(frames)):
        picture.seek(number)
        picture.load()  # WebP tells how long a frame stays only then
        durations.append(int(picture.info.get("duration", 0)))
    options: Options = {"save_all": True, "append_images": list(frames[1:])}
    if picture.format == "TIFF":
        return options
    options["duration"] = durations
    if picture.format != "GIF" or "loop" in picture.info:  # a GIF without the word plays once
        options["loop"] = int(picture.info.get("loop", 0))
    if picture.format == "GIF":
        options["disposal"] = 2
    return options


def _described(picture: Image.Image) -> Options:
    """Return what every format carries over: colour profile, EXIF, resolution."""
    kept: Options = {name: picture.info[name] for name in ("icc_profile", "dpi") if picture.info.get(name)}
    exif = picture.getexif()
    return {**kept, "exif": exif.tobytes()} if len(exif) else kept


def _png(picture: Image.Image, _content: bytes) -> Options:
    texts = PngImagePlugin.PngInfo()
    for name, text in getattr(picture, "text", {}).items():
        texts.add_itxt(name, text) if _is_international(text) else texts.add_text(name, text)
    for kind, body in _colours(picture):
        texts.add(kind, body)
    return {"format": "PNG", "pnginfo": texts, **_described(picture)}


def _colours(picture: Image.Image) -> Iterator[tuple[bytes, bytes]]:
    """Give the chunks that say how its numbers are meant, which the encoder would leave out."""
    info = picture.info
    if isinstance(info.get("srgb"), int):
        yield b"sRGB", bytes([info["srgb"]])
    if isinstance(info.get("gamma"), float):
        yield b"gAMA", struct.pack(">I", round(info["gamma"] * 100_000))
    points = info.get("chromaticity")
    if isinstance(points, tuple) and len(points) == 8:  # noqa: PLR2004 - white and three colours
        yield b"cHRM", struct.pack(">8I", *(round(float(one) * 100_000) for one in points))


def _is_international(text: object) -> bool:
    return isinstance(text, PngImagePlugin.iTXt)


def _jpeg(picture: Image.Image, _content: bytes) -> Options:
    assert isinstance(picture, JpegImagePlugin.JpegImageFile)  # noqa: S101 - its format says so
    options = {"format": "JPEG", **_described(picture), "qtables": picture.quantization}
    sampling = JpegImagePlugin.get_sampling(picture)
    if sampling >= 0:
        options["subsampling"] = sampling
    if picture.info.get("progressive"):
        options["progressive"] = True
    for name in ("xmp", "comment"):
        if picture.info.get(name):
            options[name] = picture.info[name]
    return options


def _webp(picture: Image.Image, content: bytes) -> Options:
    is_lossless = b"VP8L" in content[:64] or (b"ANMF" in content[:4096] and b"VP8 " not in content)
    how: Options = {"lossless": True, "exact": True} if is_lossless else {"quality": _QUALITY["WEBP"]}
    options = {"format": "WEBP", "method": 4, **how, **_described(picture)}
    options.pop("dpi", None)
    if picture.info.get("xmp"):
        options["xmp"] = picture.info["xmp"]
    return options


def _gif(picture: Image.Image, _content: bytes) -> Options:
    options: Options = {"format": "GIF"}
    if picture.info.get("comment"):
        options["comment"] = picture.info["comment"]
    return options


def _tiff(picture: Image.Image, _content: bytes) -> Options:
    options = {"format": "TIFF", **_described(picture)}
    compression = str(picture.info.get("compression", "raw"))
    options["compression"] = compression if compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits") else None
    tags = getattr(picture, "tag_v2", {})
    options["tiffinfo"] = {number: tags[number] for number in _KEPT_TIFF if number in tags}
    options.pop("exif", None)
    return options


def _avif(picture: Image.Image, _content: bytes) -> Options:
    if not features.check("avif"):
        raise unsupported("此安装没有 AVIF 编码器", "this installation has no AVIF encoder")
    options = {"format": "AVIF", "quality": _QUALITY["AVIF"], **_described(picture)}
    options.pop("dpi", None)
    if picture.info.get("xmp"):
        options["xmp"] = picture.info["xmp"]
    return options


_OPTIONS = {"PNG": _png, "JPEG": _jpeg, "MPO": _jpeg, "WEBP": _webp, "GIF": _gif, "TIFF": _tiff, "AVIF": _avif}
