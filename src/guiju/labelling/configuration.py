"""The block `labels` of the operator's YAML: how explicit marks look and sound, and what they are made with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import yaml

from guiju.kit.canonical_json import JsonObject
from guiju.kit.errors import ConfigurationError
from guiju.labelling.marks.models import MarkStyle, Moment, Position, SoundCue
from guiju.labelling.security.interface import SigningScheme

DEFAULT_TEXT = "内容由AI生成"
_KEYS = frozenset(
    ("text", "position", "moment", "cue", "stays", "at_the_end", "font", "voice", "ffmpeg", "watermark", "c2pa", "sign")
)
_C2PA_KEYS = {
    "certificates": "签名证书链，PEM，签名者在前 / the chain of certificates as PEM, the signer's first",
    "key": "签名私钥，PEM / the signer's private key as PEM",
    "trust": "信任的根证书，PEM / certificates of trusted authorities as PEM",
    "timestamp": "时间戳服务地址 / address of a time-stamping authority",
    "required": "签不了就不交出 / hand nothing on that could be signed and is not",
}
_LONGEST = 40
Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class C2paSettings:
    """What C2PA manifests are signed with, and whom we trust.

    Attributes:
        certificates: the chain as PEM, the signer's first; nothing is signed when None.
        key: the signer's private key as PEM.
        trust: certificates of authorities as PEM whose signers are trusted.
        timestamp: address of a time-stamping authority, asked for each signature; empty for none.
        is_required: whether what could carry a manifest and gets none is not handed on.
    """

    certificates: Path | None = None
    key: Path | None = None
    trust: Path | None = None
    timestamp: str = ""
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class LabelSettings:
    """What the block says.

    Attributes:
        style: how marks look and sound.
        font: a font file of the operator's; the font of the build when None.
        voice: a recording of the mark's text.
        ffmpeg: name or path of the program.
        watermark: whether still pictures get an invisible watermark below their mark.
        c2pa: what C2PA manifests are signed with.
        sign: how labels are signed.
    """

    style: MarkStyle = field(default_factory=lambda: MarkStyle(DEFAULT_TEXT))
    font: Path | None = None
    voice: Path | None = None
    ffmpeg: str = "ffmpeg"
    watermark: bool = False
    c2pa: C2paSettings = field(default_factory=C2paSettings)
    sign: SigningScheme = SigningScheme.NONE


def load_label_settings(path: Path) -> LabelSettings:
    """Read the block from the YAML at `path`; the defaults where there is no file or no block.

    Raises:
        ConfigurationError: the file cannot be read, or says something that cannot be used; the message names the place.
    """
    try:
        tree = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError:
        return LabelSettings()
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise _wrong(str(path), f"无法读取：{error}", f"cannot be read: {error}") from error
    block = tree.get("labels") if isinstance(tree, dict) else None
    return read_label_settings(block, path.parent) if block is not None else LabelSettings()


def read_label_settings(block: object, folder: Path) -> LabelSettings:
    """Read what stands under `labels`; relative paths are seen from `folder`.

    Raises:
        ConfigurationError: it says something that cannot be used.
    """
    if not isinstance(block, dict):
        raise _wrong("labels", "应为键值", "must be a mapping")
    unknown = sorted(str(key) for key in set(block) - _KEYS)
    if unknown:
        raise _wrong("labels", f"未知字段 {', '.join(unknown)}", f"unknown fields: {', '.join(unknown)}")
    text = _text(block, "text") or DEFAULT_TEXT
    if len(text) > _LONGEST or "\n" in text:
        raise _wrong("labels.text", f"应为不超过 {_LONGEST} 字的一行", f"must be one line of at most {_LONGEST}")
    style = MarkStyle(
        text,
        position=_choice(block, "position", Position.BOTTOM_RIGHT),
        moment=_choice(block, "moment", Moment.START),
        cue=_choice(block, "cue", SoundCue.RHYTHM),
        stays=_flag(block, "stays"),
        at_the_end=_flag(block, "at_the_end"),
    )
    return LabelSettings(
        style,
        font=_path(block, "font", folder),
        voice=_path(block, "voice", folder),
        ffmpeg=_text(block, "ffmpeg") or "ffmpeg",
        watermark=_flag(block, "watermark"),
        c2pa=_c2pa(block.get("c2pa", {}), folder),
        sign=_choice(block, "sign", SigningScheme.NONE),
    )


def _c2pa(block: object, folder: Path) -> C2paSettings:
    if not isinstance(block, dict):
        raise _wrong("labels.c2pa", "应为键值", "must be a mapping")
    unknown = sorted(str(key) for key in set(block) - set(_C2PA_KEYS))
    if unknown:
        raise _wrong("labels.c2pa", f"未知字段 {', '.join(unknown)}", f"unknown fields: {', '.join(unknown)}")
    within = "c2pa."
    found = C2paSettings(
        _path(block, "certificates", folder, within=within),
        _path(block, "key", folder, within=within),
        trust=_path(block, "trust", folder, within=within),
        timestamp=_text(block, "timestamp", within=within),
        is_required=_flag(block, "required", within=within),
    )
    if (found.certificates is None) != (found.key is None):
        raise _wrong("labels.c2pa", "certificates 与 key 须同时给出", "certificates and key go together")
    if found.is_required and found.key is None:
        raise _wrong("labels.c2pa.required", "须先给出 certificates 与 key", "needs certificates and key")
    if found.timestamp and not found.timestamp.startswith(("http://", "https://")):
        raise _wrong("labels.c2pa.timestamp", "应为 http(s) 地址", "must be an address with http(s)")
    return found


def policy_facts(settings: LabelSettings) -> JsonObject:
    """Return what an entry keeps of the policy that a label was written under; no path and no key."""
    style = settings.style
    return {
        "text": style.text,
        "position": style.position.value,
        "moment": style.moment.value,
        "cue": style.cue.value,
        "stays": style.stays,
        "at_the_end": style.at_the_end,
        "watermark": settings.watermark,
        "sign": settings.sign.value,
        "c2pa": settings.c2pa.key is not None,
        "c2pa_required": settings.c2pa.is_required,
    }


def label_schema() -> dict[str, object]:
    """Return the JSON Schema of the block, for editors to complete and check it."""
    choices: tuple[tuple[str, type[StrEnum], str], ...] = (
        ("position", Position, "图片与视频中的位置 / where on pictures and video"),
        ("moment", Moment, "文本与音频中的位置 / where in text and sound"),
        ("sign", SigningScheme, "标识的签名（ReservedCode1） / how labels are signed, in ReservedCode1"),
        ("cue", SoundCue, "音频标识：节奏或语音 / how sound is marked: rhythm or voice"),
    )
    texts = (
        ("text", "显式标识文字 / the text of explicit marks"),
        ("font", "字体文件 / a font file; the font of the build without it"),
        ("voice", "语音标识录音（WAV） / a recording of the text as WAV"),
        ("ffmpeg", "ffmpeg 的名称或路径 / name or path of ffmpeg"),
    )
    flags = (
        ("stays", "视频标识全程显示 / the mark stays on the whole video"),
        ("at_the_end", "视频末尾再次显示 / the mark comes again at the end of a video"),
        (
            "watermark",
            "静态图片加隐形水印（查找用指针） / still pictures get an invisible watermark, a pointer to look up",
        ),
    )
    properties: dict[str, object] = {
        name: {"enum": [one.value for one in choice], "description": says} for name, choice, says in choices
    }
    properties |= {name: {"type": "string", "description": says} for name, says in texts}
    properties |= {name: {"type": "boolean", "default": False, "description": says} for name, says in flags}
    properties["c2pa"] = {
        "type": "object",
        "additionalProperties": False,
        "description": "C2PA 声明，最后签 / C2PA manifests, signed last",
        "properties": {
            name: {"type": "boolean" if name == "required" else "string", "description": says}
            for name, says in _C2PA_KEYS.items()
        },
    }
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _text(block: Mapping[object, object], name: str, *, within: str = "") -> str:
    value = block.get(name, "")
    if not isinstance(value, str):
        raise _wrong(f"labels.{within}{name}", "应为文字（请加引号）", "must be text; put it in quotes")
    return value.strip()


def _flag(block: Mapping[object, object], name: str, *, within: str = "") -> bool:
    value = block.get(name, False)
    if not isinstance(value, bool):
        raise _wrong(f"labels.{within}{name}", "应为 true 或 false", "must be true or false")
    return value


def _path(block: Mapping[object, object], name: str, folder: Path, *, within: str = "") -> Path | None:
    value = _text(block, name, within=within)
    return folder / value if value else None


def _choice(block: Mapping[object, object], name: str, default: Choice) -> Choice:
    value = block.get(name, default.value)
    names = [one.value for one in type(default)]
    if value not in names:
        raise _wrong(f"labels.{name}", f"应为 {'、'.join(names)} 之一", f"must be one of {', '.join(names)}")
    return type(default)(value)


def _wrong(where: str, zh: str, en: str) -> ConfigurationError:
    return ConfigurationError(f"配置有误：{zh}。", f"The configuration cannot be used: it {en}.", where=where)
