"""Joins labelling with the law's numbers, the operator's wishes and what is installed on this machine."""

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from guiju.gateway.configuration import load_configuration
from guiju.kit.clock import BEIJING, Clock, SystemClock
from guiju.kit.errors import ConfigurationError
from guiju.kit.ids import new_id
from guiju.labelling.configuration import C2paSettings, LabelSettings, load_label_settings, policy_facts
from guiju.labelling.marks.models import MarkLaw
from guiju.labelling.models import ForeignLabel, MarkWords
from guiju.labelling.rules import check_producer, explicit_text_mark
from guiju.labelling.security.interface import SigningScheme
from guiju.law.models import Parameter
from guiju.law.service import Law, load_law
from guiju.ledger.keyring import read_or_make_secret
from guiju.ledger.service import Ledger
from guiju.settings import Settings

if TYPE_CHECKING:
    from guiju.labelling.exporting import Exported, Exporter
    from guiju.labelling.inspecting import Inspected
    from guiju.labelling.marks.service import Marks
    from guiju.labelling.produce_ids import LedgerRegistry
    from guiju.labelling.provenance.interface import Reader, Sealer
    from guiju.labelling.service import Labeller, Sign
    from guiju.labelling.watermarks.interface import Watermark
    from guiju.moderation.media.checkers.text import TextChecker

BUILT_FONT = Path(__file__).parent / "web" / "static" / "build" / "fonts" / "noto-sans-sc"
WATERMARK_KEY = "watermark.key"
_KEY_BYTES = 32
_READING = threading.Lock()


def mark_words(law: Law, clock: Clock) -> MarkWords:
    """Return the words of which a mark needs one each, as the standard has them today."""
    today = _today(clock)
    return MarkWords(
        _words(law.parameter("gb-45438/explicit/artificial-intelligence-element", today)),
        _words(law.parameter("gb-45438/explicit/generation-element", today)),
    )


def mark_law(law: Law, clock: Clock) -> MarkLaw:
    """Return the numbers of the standard for marks, as they are today."""
    today = _today(clock)

    def number(name: str) -> float:
        return float(str(law.parameter(f"gb-45438/{name}", today).value))

    return MarkLaw(
        words=mark_words(law, clock),
        picture_ratio=number("image/text-height-ratio"),
        video_ratio=number("video/text-height-ratio"),
        video_seconds=number("video/duration-seconds"),
        slowest=number("audio/speech-rate-min"),
        fastest=number("audio/speech-rate-max"),
        rhythm=str(law.parameter("gb-45438/audio/rhythm", today).value),
    )


def open_labeller(
    settings: Settings,
    clock: Clock | None = None,
    *,
    text_mark: str = "",
    law: Law | None = None,
    writes: bool = True,
) -> tuple["Labeller", str]:
    """Build what labels files for the service's provider; the text is what is unusual about its code, in Chinese.

    Args:
        settings: where the configuration stands.
        clock: what day it is, for the words of the law; the system's when None.
        text_mark: the explicit mark that plain text gets.
        law: where it is loaded already.
        writes: whether labels will be written: reading asks for no certificate.

    Raises:
        GuijuError: the configuration cannot be read, or its provider code cannot stand in a label.
    """
    from guiju.labelling.sealing import Sealing  # noqa: PLC0415 - a house that labels no files does not pay for it
    from guiju.labelling.service import Labeller  # noqa: PLC0415 - as above

    producer, warning = check_producer(load_configuration(settings.resolved_config).provider_code)
    clock = clock or SystemClock()
    wanted = load_label_settings(settings.resolved_config)
    c2pa = wanted.c2pa
    sealing = Sealing(_sealer(c2pa, clock), is_required=c2pa.is_required) if c2pa.key and writes else None
    words = mark_words(law or load_law(), clock)
    sign = _sign(settings, wanted.sign, clock) if writes else None
    return Labeller(producer, words=words, text_mark=text_mark, sign=sign, sealing=sealing), warning


def label_public_keys(settings: Settings) -> list[bytes]:
    """Return every public key that this service signed labels with.

    Raises:
        ConfigurationError: their list cannot be read.
    """
    from guiju.labelling.security.keys import public_keys  # noqa: PLC0415 - a house that labels no files pays nothing

    return [one.key for one in public_keys(settings.var / "keys")]


def _sign(settings: Settings, scheme: SigningScheme, clock: Clock) -> "Sign | None":
    if scheme is SigningScheme.NONE:
        return None
    from guiju.labelling.security.data import with_signature  # noqa: PLC0415 - only who signs pays
    from guiju.labelling.security.keys import open_signer  # noqa: PLC0415 - as above

    signer = open_signer(settings.var / "keys", scheme, now=clock.now())
    return lambda label: with_signature(label, signer)


def open_registry(settings: Settings, ledger: Ledger, actor: str) -> "LedgerRegistry":
    """Build what records labels that are written under the operator's wishes of now.

    Raises:
        ConfigurationError: these cannot be used.
    """
    from guiju.labelling.produce_ids import LedgerRegistry  # noqa: PLC0415 - a house that labels no files pays nothing

    return LedgerRegistry(ledger, actor, policy=policy_facts(load_label_settings(settings.resolved_config)))


def open_manifest_reader(settings: Settings) -> "Reader | None":
    """Build what reads C2PA manifests; None where nothing is installed that can.

    Raises:
        ConfigurationError: the authorities that the operator trusts cannot be read.
    """
    if find_spec("c2pa") is None:
        return None
    from guiju.labelling.provenance.manifests import Manifests  # noqa: PLC0415 - stands on an extra
    from guiju.labelling.provenance.signing_keys import read_pem  # noqa: PLC0415 - only who reads manifests pays

    trust = load_label_settings(settings.resolved_config).c2pa.trust
    return Manifests(trusted=read_pem(trust) if trust else b"")


def _sealer(wanted: C2paSettings, clock: Clock) -> "Sealer":
    if find_spec("c2pa") is None:
        raise ConfigurationError(
            "labels.c2pa 需要 c2pa-python。请安装：pip install 'guiju[c2pa]'。",
            "labels.c2pa needs c2pa-python. Install it: pip install 'guiju[c2pa]'.",
        )
    from guiju.labelling.provenance.manifests import Manifests  # noqa: PLC0415 - stands on an extra
    from guiju.labelling.provenance.signing_keys import read_pem, read_signing_keys  # noqa: PLC0415 - as above

    assert wanted.certificates is not None  # noqa: S101 - the reader of the block says so
    assert wanted.key is not None  # noqa: S101 - as above
    keys = read_signing_keys(wanted.certificates, wanted.key, now=clock.now(), timestamp=wanted.timestamp)
    return Manifests(keys, trusted=read_pem(wanted.trust) if wanted.trust else b"")


def open_marks(settings: Settings, clock: Clock | None = None) -> "Marks":
    """Build what puts explicit marks into content, as the block `labels` of the configuration has them.

    Raises:
        GuijuError: the configuration cannot be read, its text is no lawful mark, or Pillow is not installed.
    """
    return _marks(settings, clock or SystemClock(), load_law())


def open_watermark(settings: Settings, *, may_make_key: bool) -> "Watermark | None":
    """Build the invisible watermark of this service with its secret key; None where there is none and none is made.

    Raises:
        ConfigurationError: the key cannot be used, or numpy and Pillow are not installed.
    """
    path = settings.var / WATERMARK_KEY
    if not may_make_key and not path.exists():
        return None
    with _needs_pillow():
        from guiju.labelling.watermarks.tiles import TileWatermark  # noqa: PLC0415 - stands on Pillow, an extra

    settings.var.mkdir(parents=True, exist_ok=True)
    return TileWatermark(read_or_make_secret(path, _KEY_BYTES))


def open_exporter(settings: Settings, clock: Clock, law: Law, *, ledger: Ledger | None = None) -> "Exporter":
    """Build what marks and labels content that leaves the house.

    Args:
        settings: where configuration and keys stand.
        clock: what day it is.
        law: the numbers of the standard.
        ledger: where pointers are kept of pictures that are labelled as bytes; without it these get none.

    Raises:
        GuijuError: as `open_labeller` and `open_marks`.
    """
    from guiju.labelling.exporting import Exporter  # noqa: PLC0415 - a house that labels no files does not pay for it
    from guiju.labelling.produce_ids import LedgerRegistry  # noqa: PLC0415 - as above

    marks = _marks(settings, clock, law)
    labeller = open_labeller(settings, clock, text_mark=marks.style.text, law=law)[0]
    keep = LedgerRegistry(ledger, "system").record_pointer if ledger is not None else None
    return Exporter(labeller, marks, record_pointer=keep)


class ExporterOnDemand:
    """What media that a model makes pass through; built with the first of them, since most services make none."""

    def __init__(self, settings: Settings, law: Law, clock: Clock, *, ledger: Ledger) -> None:
        """Check what the operator wrote; `ledger` keeps the pointers of watermarks.

        Raises:
            GuijuError: it cannot be used.
        """
        explicit_text_mark(load_label_settings(settings.resolved_config).style.text, mark_words(law, clock))
        self._open = functools.cache(functools.partial(open_exporter, settings, clock, law, ledger=ledger))

    def can_label(self, mime: str) -> bool:
        """Tell whether content of a media type gets mark and label; nothing does where Pillow is not installed."""
        return find_spec("PIL") is not None and self._open().can_label(mime)

    def label(self, content: bytes, mime: str, *, content_id: str) -> bytes:
        """Return `content` marked and labelled; blocks.

        Raises:
            GuijuError: it cannot be.
        """
        return self._open().label(content, mime, content_id=content_id)


class LabelDesk:
    """What the console shows of labels: how this service marks, and what stands in a file that is handed in."""

    def __init__(self, settings: Settings, law: Law, clock: Clock, ledger: Ledger) -> None:
        """Read the operator's wishes when they are asked for; `ledger` is the registry of numbers."""
        self._settings, self._law, self._clock, self._ledger = settings, law, clock, ledger

    def wishes(self) -> LabelSettings:
        """Return how marks look and sound.

        Raises:
            ConfigurationError: what the operator wrote cannot be used.
        """
        return load_label_settings(self._settings.resolved_config)

    def producer(self) -> str:
        """Return the code, or the name, that stands in this service's labels.

        Raises:
            ConfigurationError: the configuration cannot be read.
        """
        return load_configuration(self._settings.resolved_config).provider_code

    def inspect(self, path: Path, *, is_declared: bool) -> "Inspected":
        """Look at a file whole.

        Raises:
            GuijuError: the configuration cannot be used, or the file cannot be opened.
        """
        from guiju.labelling.inspecting import Inspector  # noqa: PLC0415 - pays for labels only who asks
        from guiju.labelling.produce_ids import LedgerRegistry  # noqa: PLC0415 - as above

        marks = _marks(self._settings, self._clock, self._law) if find_spec("PIL") else None
        labeller = open_labeller(self._settings, self._clock, law=self._law, writes=False)[0]
        inspector = Inspector(
            labeller,
            marks,
            LedgerRegistry(self._ledger, "system"),
            manifests=open_manifest_reader(self._settings),
        )
        return inspector.inspect(path, is_declared=is_declared, trusted=label_public_keys(self._settings))

    def export(self, path: Path, target: Path, *, actor: str) -> tuple[str, "Exported"]:
        """Mark, label and record a file; return its number and what was done. Nothing is written where one fails.

        Args:
            path: the file; its name tells the family where its bytes cannot.
            target: where the marked and labelled copy goes.
            actor: who asks, for the entry.

        Raises:
            GuijuError: it cannot be marked, labelled or recorded.
        """
        number, registry = new_id(), open_registry(self._settings, self._ledger, actor)
        done = open_exporter(self._settings, self._clock, self._law).export(
            path,
            content_id=number,
            foreign=ForeignLabel.PROPAGATE,
            target=target,
            record=lambda labelled, mark: registry.record(labelled, number, mark),
        )
        return number, done

    def suffix_of(self, mime: str) -> str:
        """Return how names of files of a media type end; "" of one that only bytes tell."""
        from guiju.labelling.carriers.registry import by_mime  # noqa: PLC0415 - pays for labels only who asks

        carrier = by_mime(mime)
        plain = ".txt" if mime.partition(";")[0].strip().lower() == "text/plain" else ""
        return carrier.suffixes[0] if carrier else plain

    def sample(self) -> bytes:
        """Return a small PNG with the mark as it is drawn on pictures; empty where nothing here can draw.

        Raises:
            GuijuError: the configuration cannot be used.
        """
        if find_spec("PIL") is None:
            return b""
        from guiju.labelling.marks.pictures import plain_picture  # noqa: PLC0415 - stands on Pillow, an extra

        return _marks(self._settings, self._clock, self._law).mark(plain_picture(480, 270), "image/png")[0]


def _marks(settings: Settings, clock: Clock, law: Law) -> "Marks":
    with _needs_pillow():
        from guiju.labelling.marks.service import Marks, Tools  # noqa: PLC0415 - stands on Pillow, which is an extra
    wanted = load_label_settings(settings.resolved_config)
    watermark = open_watermark(settings, may_make_key=wanted.watermark)
    tools = Tools(
        wanted.font or BUILT_FONT,
        wanted.ffmpeg,
        wanted.voice,
        read_text=_text_reader(),
        watermark=watermark,
        puts_watermark=wanted.watermark,
    )
    return Marks(wanted.style, mark_law(law, clock), tools)


@contextlib.contextmanager
def _needs_pillow() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise ConfigurationError(
            "显式标识与隐形水印需要 Pillow。请安装：pip install 'guiju[media]'。",
            "Marks and watermarks need Pillow. Install it: pip install 'guiju[media]'.",
        ) from error


def _text_reader() -> Callable[[bytes], Sequence[str]] | None:
    return _read_text if find_spec("rapidocr") else None


def _read_text(content: bytes) -> list[str]:
    from guiju.labelling.marks.pictures import first_frame  # noqa: PLC0415 - stands on Pillow
    from guiju.moderation.media.interface import Picture  # noqa: PLC0415 - for who reads pictures alone

    picture = Picture(first_frame(content))
    with _READING:  # the reader serves one thread at a time
        return [one.text for one in _reader().look(picture).texts]


@functools.cache
def _reader() -> "TextChecker":
    from guiju.moderation.media.checkers.text import TextChecker  # noqa: PLC0415 - loads models

    return TextChecker()


def _today(clock: Clock) -> date:
    return clock.now().astimezone(BEIJING).date()


def _words(parameter: Parameter) -> tuple[str, ...]:
    return parameter.value if isinstance(parameter.value, tuple) else (str(parameter.value),)
