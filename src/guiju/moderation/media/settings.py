"""The section `media` of a policy: whether media are taken, within which bounds, and who looks at them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from guiju.moderation.fields import FieldReader, child
from guiju.moderation.models import RISK_IDS, WISHES
from guiju.moderation.yaml_document import Node

CHECKERS = ("picture_blocked", "picture_text", "picture_codes", "picture_nudity")
NUDITY_MODELS = ("open_nsfw", "nudenet")
_SWITCH = ("true", "false")
_MOST_HOSTS = 1000


@dataclass(frozen=True, slots=True)
class MediaBounds:
    """How much a medium may be; what is more is unchecked.

    Attributes:
        bytes: of one medium.
        pixels: of one picture, width × height.
        side: of one picture, the longer side in pixels.
        frames: of an animation, all of which are looked at; of a video, how many are sampled.
        parts: media in one request.
        seconds: of sound or video.
        budget_ms: how long one medium may take.
    """

    bytes: int = 6_000_000
    pixels: int = 40_000_000
    side: int = 20_000
    frames: int = 16
    parts: int = 8
    seconds: int = 600
    budget_ms: int = 30_000


@dataclass(frozen=True, slots=True)
class NuditySettings:
    """Who looks for nudity, and from which score in percent a picture goes to review or is blocked."""

    model: str = "open_nsfw"
    review: int = 50
    block: int = 85


@dataclass(frozen=True, slots=True)
class CodeSettings:
    """What is done about addresses in QR and bar codes.

    Attributes:
        urls: what an address asks for that is on neither list: block, review or observe.
        allowed: hosts (and all below them) whose addresses are fine.
        blocked: hosts (and all below them) whose addresses ask to be blocked.
    """

    urls: str = "observe"
    allowed: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TranscriptionSettings:
    """An OpenAI-compatible endpoint for speech; empty `base_url`: there is none, and speech is unchecked."""

    base_url: str = ""
    model: str = "whisper-1"
    key_env: str = ""
    timeout_ms: int = 60_000


@dataclass(frozen=True, slots=True)
class MediaSettings:
    """The whole section.

    Attributes:
        enabled: whether media are taken at all.
        keeps: whether the medium itself is kept with the evidence.
        tolerates_trailing: whether bytes after a picture's end are let through; nobody has looked at them.
        hosts: from which pictures may be fetched, `host` or `host:port`.
        internal_hosts: those of them that may have private addresses.
        bounds: how much.
        text_wishes: what a finding in text that was read asks for, by what it asks for in typed text.
        enabled_checkers: who looks.
        distance: how many of 64 bits a picture may differ from a blocked one and still count as it.
        nudity: thresholds.
        codes: what is done about codes.
        transcription: who listens.
        ffmpeg: the operator's program that takes a video apart; empty: there is none, and video is unchecked.
    """

    enabled: bool = False
    keeps: bool = False
    tolerates_trailing: bool = False
    hosts: tuple[str, ...] = ()
    internal_hosts: tuple[str, ...] = ()
    bounds: MediaBounds = field(default_factory=MediaBounds)
    text_wishes: Mapping[str, str] = field(default_factory=lambda: {wish: wish for wish in WISHES})
    enabled_checkers: tuple[str, ...] = CHECKERS
    distance: int = 10
    blocked_risk: str = "A.1-f"
    nudity: NuditySettings = field(default_factory=NuditySettings)
    codes: CodeSettings = field(default_factory=CodeSettings)
    transcription: TranscriptionSettings = field(default_factory=TranscriptionSettings)
    ffmpeg: str = ""


_BOUNDS: Mapping[str, tuple[int, int]] = {
    "bytes": (1000, 8_000_000),
    "pixels": (10_000, 200_000_000),
    "side": (100, 65_535),
    "frames": (1, 200),
    "parts": (1, 64),
    "seconds": (1, 14_400),
    "budget_ms": (100, 600_000),
}


def read_media(reader: FieldReader, node: Node | None) -> MediaSettings:
    """Read the section; what is wrong with it is left in `reader`. Without it, media are not taken."""
    if node is None:
        return MediaSettings()
    allowed = ("enabled", "keep", "trailing", "hosts", "internal_hosts", "limits", "text", *CHECKERS)
    fields = reader.mapping(node, "media", (*allowed, "transcription", "ffmpeg"))
    plain = MediaSettings()
    return MediaSettings(
        enabled=_switch(reader, fields.get("enabled"), "media.enabled", default="false"),
        keeps=_switch(reader, fields.get("keep"), "media.keep", default="false"),
        tolerates_trailing=reader.choice(
            fields.get("trailing"), "media.trailing", ("refuse", "tolerate"), default="refuse"
        )
        == "tolerate",
        hosts=_hosts(reader, fields.get("hosts"), "media.hosts"),
        internal_hosts=_hosts(reader, fields.get("internal_hosts"), "media.internal_hosts"),
        bounds=_bounds(reader, fields.get("limits")),
        text_wishes=_text_wishes(reader, fields.get("text")),
        enabled_checkers=tuple(name for name in CHECKERS if _is_on(reader, fields.get(name), name)),
        distance=reader.number(
            child(_parts(fields, "picture_blocked"), "distance"),
            "media.picture_blocked.distance",
            (0, 16),
            default=plain.distance,
        ),
        blocked_risk=reader.choice(
            child(_parts(fields, "picture_blocked"), "risk"),
            "media.picture_blocked.risk",
            RISK_IDS,
            default=plain.blocked_risk,
        ),
        nudity=_nudity(reader, _parts(fields, "picture_nudity")),
        codes=_codes(reader, _parts(fields, "picture_codes")),
        transcription=_transcription(reader, fields.get("transcription")),
        ffmpeg=reader.text(fields.get("ffmpeg"), "media.ffmpeg"),
    )


_OWN: Mapping[str, tuple[str, ...]] = {
    "picture_blocked": ("distance", "risk"),
    "picture_text": (),
    "picture_codes": ("urls", "allowed_hosts", "blocked_hosts"),
    "picture_nudity": ("model", "review_percent", "block_percent"),
}


def _parts(fields: Mapping[str, Node], name: str) -> Mapping[str, Node]:
    node = fields.get(name)
    return node.value if node is not None and isinstance(node.value, dict) else {}


def _is_on(reader: FieldReader, node: Node | None, name: str) -> bool:
    fields = reader.mapping(node, f"media.{name}", ("enabled", *_OWN[name])) if node is not None else {}
    return _switch(reader, fields.get("enabled"), f"media.{name}.enabled", default="true")


def _switch(reader: FieldReader, node: Node | None, name: str, *, default: str) -> bool:
    return reader.choice(node, name, _SWITCH, default=default) == "true"


def _bounds(reader: FieldReader, node: Node | None) -> MediaBounds:
    fields = reader.mapping(node, "media.limits", tuple(_BOUNDS)) if node is not None else {}
    plain = MediaBounds()
    return MediaBounds(
        **{
            name: reader.number(fields.get(name), f"media.limits.{name}", bounds, default=getattr(plain, name))
            for name, bounds in _BOUNDS.items()
        }
    )


def _text_wishes(reader: FieldReader, node: Node | None) -> Mapping[str, str]:
    fields = reader.mapping(node, "media.text", WISHES) if node is not None else {}
    return {wish: reader.choice(fields.get(wish), f"media.text.{wish}", WISHES, default=wish) for wish in WISHES}


def _nudity(reader: FieldReader, fields: Mapping[str, Node]) -> NuditySettings:
    plain, place = NuditySettings(), "media.picture_nudity"
    percent = (1, 100)
    return NuditySettings(
        model=reader.choice(fields.get("model"), f"{place}.model", NUDITY_MODELS, default=plain.model),
        review=reader.number(fields.get("review_percent"), f"{place}.review_percent", percent, default=plain.review),
        block=reader.number(fields.get("block_percent"), f"{place}.block_percent", percent, default=plain.block),
    )


def _codes(reader: FieldReader, fields: Mapping[str, Node]) -> CodeSettings:
    place = "media.picture_codes"
    return CodeSettings(
        urls=reader.choice(fields.get("urls"), f"{place}.urls", WISHES, default=CodeSettings().urls),
        allowed=_hosts(reader, fields.get("allowed_hosts"), f"{place}.allowed_hosts"),
        blocked=_hosts(reader, fields.get("blocked_hosts"), f"{place}.blocked_hosts"),
    )


def _transcription(reader: FieldReader, node: Node | None) -> TranscriptionSettings:
    place, plain = "media.transcription", TranscriptionSettings()
    allowed = ("base_url", "model", "key_env", "timeout_ms")
    fields = reader.mapping(node, place, allowed, required=("base_url",)) if node is not None else {}
    url = reader.text(fields.get("base_url"), f"{place}.base_url")
    if node is not None and not url.startswith(("http://", "https://")):
        reader.refuse(
            node.line,
            f"{place}.base_url",
            ("应为 http:// 或 https:// 地址。", "must be an http:// or https:// address."),
        )
    return TranscriptionSettings(
        base_url=url,
        model=reader.text(fields.get("model"), f"{place}.model", plain.model),
        key_env=reader.text(fields.get("key_env"), f"{place}.key_env"),
        timeout_ms=reader.number(
            fields.get("timeout_ms"), f"{place}.timeout_ms", (100, 600_000), default=plain.timeout_ms
        ),
    )


def _hosts(reader: FieldReader, node: Node | None, name: str) -> tuple[str, ...]:
    hosts = reader.texts(node, name)
    for host in hosts:
        if not host or not host.isascii() or any(symbol in host for symbol in "/@*? \t\\") or len(host) > 255:  # noqa: PLR2004 - the longest DNS name
            line = node.line if node is not None else 0
            reader.refuse(
                line,
                name,
                (
                    f"“{host[:60]}”不是主机名；请写 img.example.cn 或 img.example.cn:8443。",
                    f"{host[:60]!r} is no host; write img.example.cn or img.example.cn:8443.",
                ),
            )
    if len(hosts) > _MOST_HOSTS:
        line = node.line if node is not None else 0
        reader.refuse(line, name, (f"最多 {_MOST_HOSTS} 项。", f"at most {_MOST_HOSTS} entries."))
    return tuple(host.lower().rstrip(".") for host in hosts)
