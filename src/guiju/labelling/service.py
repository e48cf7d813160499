"""Labels content: the one label of the standard, in its place, read back before anything is handed on."""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from guiju.kit.errors import InputError
from guiju.labelling import plain
from guiju.labelling.carriers.interface import Carrier
from guiju.labelling.carriers.registry import by_mime, carrier_for
from guiju.labelling.carriers.splicing import Edit, Source, spliced, spliced_bytes
from guiju.labelling.errors import (
    ForeignLabelError,
    LabelNotHeldError,
    UnsupportedFormatError,
    unreachable,
    unsupported,
)
from guiju.labelling.judging import judge
from guiju.labelling.models import (
    ForeignLabel,
    Label,
    Labelled,
    LabelProblem,
    MarkWords,
    Producer,
    Reading,
    Verdict,
)
from guiju.labelling.provenance.interface import Sealed, SealOutcome
from guiju.labelling.rules import first_label, label_json, propagated
from guiju.labelling.sealing import Sealing, Subject

Sign = Callable[[Label], Label]
Record = Callable[[Labelled], None]


def _unsigned(label: Label) -> Label:
    return label


class Labeller:
    """Labels, reads and verifies content for one producer."""

    def __init__(
        self,
        producer: Producer,
        *,
        words: MarkWords | None = None,
        text_mark: str = "",
        sign: Sign | None = None,
        sealing: Sealing | None = None,
    ) -> None:
        """Label as `producer`.

        Args:
            producer: who answers for the content.
            words: what an explicit text mark is made of; without them plain text cannot be marked.
            text_mark: the line that plain text gets, which has no place for an implicit label.
            sign: puts security data into a label before it is written; none is when None.
            sealing: signs C2PA manifests of what was labelled; none are signed when None.

        Raises:
            LabelError: the producer's code cannot stand in a label.
        """
        first_label(producer, "check")
        self._producer = producer
        self._words = words
        self._mark = text_mark
        self._sign = sign or _unsigned
        self._sealing = sealing or Sealing()

    @property
    def producer(self) -> Producer:
        """Whose labels are written."""
        return self._producer

    def can_label(self, mime: str) -> bool:
        """Tell whether content of a media type can get an implicit label."""
        return by_mime(mime) is not None

    def label(
        self,
        content: bytes,
        mime: str,
        *,
        content_id: str,
        foreign: ForeignLabel = ForeignLabel.REPLACE,
        origin: bytes | None = None,
    ) -> bytes:
        """Return `content` with our label as its only one.

        Args:
            content: a whole file.
            mime: its media type; only texts are told by it, everything else by its bytes.
            content_id: the ProduceID: our number for this content.
            foreign: what becomes of the label of another producer.
            origin: what `content` was made of, for its C2PA manifest; `content` itself when None.

        Raises:
            UnsupportedFormatError: no carrier is for it.
            DamagedFileError: it cannot be read as what it is.
            ForeignLabelError: another producer's label stands in it and `foreign` refuses.
            LabelError: `content_id` cannot stand in a label.
            LabelNotHeldError: what was written could not be read back.
        """
        source = Source.of(content)
        carrier = carrier_for(source, mime=mime)
        label = self.label_for(judge(carrier.name, carrier.sites(source)), content_id, foreign)
        text = label_json(label)
        labelled = spliced_bytes(content, carrier.edits(source, text))
        _read_back(carrier, Source.of(labelled), text)
        subject = self._subject(carrier.name, label, title=content_id, check=lambda new: _read_back(carrier, new, text))
        return self._sealing.seal(labelled, content if origin is None else origin, subject)

    def _subject(self, format_name: str, label: Label, *, title: str, check: Callable[[Source], None]) -> Subject:
        return Subject(format_name, title, label.content_producer == self._producer.code, check)

    def label_file(
        self,
        path: Path,
        *,
        content_id: str,
        foreign: ForeignLabel = ForeignLabel.REFUSE,
        target: Path | None = None,
        record: Record | None = None,
    ) -> Labelled:
        """Label a file in its place, or into `target`; a crash at any line leaves the old file or the new one.

        Args:
            path: the file.
            content_id: the ProduceID: our number for this content.
            foreign: what becomes of the label of another producer.
            target: where the labelled file goes; the file itself when None.
            record: hears what is about to be handed on, before it is; where it raises, nothing is.

        Raises:
            InputError: the file cannot be read, or is of no kind or shape that can be labelled.
            LabelError: `content_id` cannot stand in a label.
            LabelNotHeldError: what was written could not be read back.
            StorageError: it cannot be written.
        """
        return self._label_file(
            path, lambda reading: self.label_for(reading, content_id, foreign), target=target, record=record
        )

    def write_label(
        self,
        path: Path,
        label: Label,
        *,
        target: Path | None = None,
        record: Record | None = None,
        origin: Path | None = None,
    ) -> Labelled:
        """Write a label that was decided before, as `label_file` does; `origin` is what `path` was made of."""
        return self._label_file(path, lambda _: label, target=target, record=record, origin=origin)

    def _label_file(
        self,
        path: Path,
        label_for: Callable[[Reading], Label],
        *,
        target: Path | None,
        record: Record | None,
        origin: Path | None = None,
    ) -> Labelled:
        try:
            path = path.resolve()  # a link stays one: what it points at is labelled
            with path.open("rb") as file:
                source = Source(file)
                try:
                    plan = self._plan(source, path, label_for)
                except InputError as error:
                    raise type(error)(error.zh, error.en, where=str(path)) from error
                return self._hand_on(source, plan, _Way(path, target or path, origin or path, record))
        except OSError as error:
            raise unreachable(error, str(path)) from error

    def _hand_on(self, source: Source, plan: "_Plan", way: "_Way") -> Labelled:
        """Write to a temporary file beside the target, read it back, seal and record it, then put it in its place."""
        target = way.target
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".labelling-")
        made = Path(name)
        try:
            with os.fdopen(handle, "w+b") as file:
                written = spliced(source, plan.edits, file)
                file.flush()
                os.fsync(file.fileno())
                plan.check(Source(file))
            done = Labelled(
                name=way.path.name,
                format=plan.format,
                place=plan.place,
                label=plan.label,
                sha256_before=written.sha256_before,
                sha256_after=written.sha256_after,
                size_before=source.size,
                size_after=written.size_after,
                replaced=plan.replaced,
            )
            if plan.label is not None:
                subject = self._subject(plan.format, plan.label, title=way.origin.name, check=plan.check)
                done = _with_seal(done, made, self._sealing.seal_file(made, way.origin, subject))
            _as_before(way.path, made)
            if way.record is not None:
                way.record(done)
            made.replace(target)
        except BaseException:
            made.unlink(missing_ok=True)
            raise
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return done

    def _plan(self, source: Source, path: Path, label_for: Callable[[Reading], Label]) -> "_Plan":
        if plain.is_plain(path) and not _is_known(source):
            return self._plain_plan(source)
        carrier = carrier_for(source, name=path.name)
        reading = judge(carrier.name, carrier.sites(source))
        label = label_for(reading)
        text = label_json(label)
        return _Plan(
            carrier.name,
            carrier.place,
            label,
            carrier.edits(source, text),
            lambda new: _read_back(carrier, new, text),
            tuple(one.text for one in reading.found),
        )

    def _plain_plan(self, source: Source) -> "_Plan":
        if self._words is None or not self._mark:
            raise unsupported(
                "纯文本只能加显式标识，而没有配置标识文字", "plain text takes an explicit mark only, and none is set"
            )
        words, mark = self._words, self._mark
        edits = plain.mark_edits(source, mark, words)

        def check(new: Source) -> None:
            if not plain.explicit_mark(new, words):
                raise _not_held("plain")

        return _Plan("plain", plain.PLACE, None, edits, check, ())

    def read(self, subject: bytes | Path, *, mime: str = "") -> Reading:
        """Find and judge the labels in bytes or in a file; what cannot be read is inconclusive, with the reason.

        Raises:
            StorageError: the file cannot be opened.
        """
        if isinstance(subject, bytes):
            return self._read(Source.of(subject), mime=mime, name="")
        try:
            with subject.open("rb") as file:
                return self._read(Source(file), mime=mime, name=subject.name)
        except OSError as error:
            raise unreachable(error, str(subject)) from error

    def _read(self, source: Source, *, mime: str, name: str) -> Reading:
        carrier_name = ""
        try:
            if plain.is_plain(Path(name)) and not _is_known(source):
                mark = plain.explicit_mark(source, self._words) if self._words else ""
                return Reading(Verdict.ABSENT, "plain", explicit_mark=mark)
            carrier = carrier_for(source, mime=mime, name=name)
            carrier_name = carrier.name
            return judge(carrier.name, carrier.sites(source))
        except InputError as error:
            problem = LabelProblem(error.code, "", error.zh, error.en)
            return Reading(Verdict.INCONCLUSIVE, carrier_name, problems=(problem,))

    def verify(self, subject: bytes | Path, *, mime: str = "") -> Reading:
        """Read the label and hold its producer against ours too: another's is told as a problem of its own.

        Raises:
            StorageError: the file cannot be opened.
        """
        reading = self.read(subject, mime=mime)
        label = reading.label
        if label is None or label.content_producer == self._producer.code:
            return reading
        producer = label.content_producer[:80]
        problem = LabelProblem(
            "other_producer",
            "ContentProducer",
            f"生成者是 {producer!r}，不是本服务",
            f"the producer is {producer!r}, not this service",
        )
        return Reading(reading.verdict, reading.format, reading.found, (*reading.problems, problem))

    def label_for(self, reading: Reading, content_id: str, foreign: ForeignLabel) -> Label:
        """Return the label that a file gets in which `reading` was found.

        Raises:
            ForeignLabelError: another producer's label stands in it, and `foreign` does not say what becomes of it.
            LabelError: `content_id` cannot stand in a label.
        """
        producers = {one.parsed.label.content_producer if one.parsed.label else "?" for one in reading.found}
        others = producers - {"", self._producer.code}
        if not others or foreign is ForeignLabel.REPLACE:
            return self._sign(first_label(self._producer, content_id))
        labels = [one.parsed.label for one in reading.found if one.parsed.label is not None]
        if foreign is ForeignLabel.PROPAGATE and len(set(labels)) == 1 and "?" not in producers:
            return propagated(labels[0], self._producer, content_id)
        named = ", ".join(sorted(producer[:80] for producer in others))
        if foreign is ForeignLabel.PROPAGATE:
            raise ForeignLabelError(
                f"文件中的标识（{named}）无法读出或互相矛盾，无法保留其生成要素。请人工查看（guiju inspect）后决定。",
                f"The labels in the file ({named}) cannot be read or contradict each other, so that their producer "
                "cannot be kept. Look at them (guiju inspect) and decide.",
            )
        raise ForeignLabelError(
            f"文件已有另一生成者（{named}）的标识。若本服务是传播者，"
            "请选择保留其标识并补写传播要素（--foreign propagate）；若内容由本服务生成，"
            "请选择替换（--foreign replace）。",
            f"The file carries the label of another producer ({named}). Choose to keep it and "
            "add the fields of a propagator (--foreign propagate), or, where the content is this service's own, to "
            "replace it (--foreign replace).",
        )


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is about to be done to one file."""

    format: str
    place: str
    label: Label | None
    edits: Sequence[Edit]
    check: Callable[[Source], None]
    replaced: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Way:
    """Where one file is, where it goes, what it was made of, and who hears of it before."""

    path: Path
    target: Path
    origin: Path
    record: Record | None


def _is_known(source: Source) -> bool:
    try:
        carrier_for(source)
    except UnsupportedFormatError:
        return False
    return True


def _read_back(carrier: Carrier, source: Source, text: str) -> None:
    """Make sure that exactly our label stands in the new file.

    Raises:
        LabelNotHeldError: it does not.
    """
    sites = carrier.sites(source)
    if len(sites) != 1 or sites[0].text != text:
        raise _not_held(carrier.name)


def _not_held(name: str) -> LabelNotHeldError:
    return LabelNotHeldError(
        f"标识写入后读不回来（{name}），文件未交出。请把这个文件报告给维护者。",
        f"The label could not be read back after it was written ({name}); the file was not handed on. "
        "Report this file to the maintainers.",
    )


def _as_before(old: Path, new: Path) -> None:
    """Give the new file the owner, as far as we may, and the mode of the old one."""
    status = old.stat()
    with contextlib.suppress(PermissionError):
        os.chown(new, status.st_uid, status.st_gid)
    new.chmod(status.st_mode & 0o7777)


def _with_seal(done: Labelled, made: Path, sealed: Sealed | None) -> Labelled:
    if sealed is None or sealed.outcome is not SealOutcome.SEALED:
        return replace(done, sealed=sealed)
    with made.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return replace(done, sealed=sealed, sha256_after=digest, size_after=file.tell())
