"""The gateway: one call in, one governed, labelled, evidenced answer out."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from guiju.gateway import rules
from guiju.gateway.app_rules import NO_RULES, AppRules
from guiju.gateway.apps import Apps
from guiju.gateway.availability import Availability
from guiju.gateway.draining import Drain
from guiju.gateway.endpoints import with_passed
from guiju.gateway.entrance.service import Admission
from guiju.gateway.entrance.tickets import Guest
from guiju.gateway.errors import CallError
from guiju.gateway.evidence import EvidenceDesk
from guiju.gateway.flow import NOT_RUNNING, ChatFlow
from guiju.gateway.index import ExchangeIndex
from guiju.gateway.metrics import Metrics, Sample
from guiju.gateway.models import (
    ApiKey,
    App,
    ChatCall,
    ChatReply,
    ExchangeQuery,
    ExchangeRecord,
    KeyWish,
    Limits,
    ModelInfo,
    OutcomeTally,
    Transcript,
    UpstreamState,
)
from guiju.gateway.ports import MediaChecking, MediaLabelling, Moderating, Recording
from guiju.gateway.publishing import Published
from guiju.gateway.reconcile import reconcile
from guiju.gateway.repository import GatewayRepository
from guiju.gateway.rounds import Rounds
from guiju.gateway.spool import Spool
from guiju.gateway.stages.authenticate import Callers
from guiju.gateway.stages.desk import Desk
from guiju.gateway.stages.media import MediaStage
from guiju.gateway.transcripts import read_transcript
from guiju.gateway.upstreams.pool import UpstreamPool
from guiju.kit.clock import Clock
from guiju.kit.errors import InputError, NotFoundError
from guiju.labelling.models import Producer
from guiju.labelling.rules import first_label
from guiju.ledger.models import SYSTEM_PERSON, Draft, Receipt

_SETTLE_SECONDS = 10.0
_KEY_USE_SECONDS = 2.0
_ADMISSION_SECONDS = 0.25
_OBJECTION_CHARACTERS = 4000
_CONTACT_CHARACTERS = 200
_INDEX_LOOKS = 60
_INDEX_LOOK_SECONDS = 0.05


class Gateway:
    """Everything that the doors call."""

    def __init__(  # noqa: PLR0913 - the rooms it joins are told apart by name
        self,
        *,
        repository: GatewayRepository,
        ledger: Recording,
        moderation: Moderating,
        pool: UpstreamPool,
        clock: Clock,
        spool_folder: Path,
        producer: Producer,
        check_mark: Callable[[str], str],
        limits: Limits | None = None,
        media: MediaChecking | None = None,
        labelling: MediaLabelling | None = None,
        pass_through: tuple[str, ...] = (),
        admission: Admission | None = None,
    ) -> None:
        """Join the rooms; nothing is written or connected before `start`.

        Args:
            repository: the gateway's tables.
            ledger: where the evidence goes.
            moderation: which decides about texts.
            pool: the upstreams.
            clock: the time.
            spool_folder: where the write-ahead spool stands.
            producer: who the implicit label names.
            check_mark: returns a lawful explicit text mark, raises on another.
            limits: how much a call may be.
            media: which decides about pictures, sound and video; without, none are taken.
            labelling: which labels media that a model makes; without, none are made.
            pass_through: paths that are served though nobody here knows them.
            admission: which decides who comes in beyond having a key, and how much; without, whoever has a key does.

        Raises:
            LabelError: the producer's code cannot stand in a label.
        """
        first_label(producer, "check")
        self.metrics = Metrics()
        self.limits = limits or Limits()
        self._repository = repository
        self._ledger = ledger
        self._moderation = moderation
        self._media_checking, self._labelling = media, labelling
        self.endpoints = with_passed(pass_through)
        self.admission = admission
        self._pool = pool
        self._clock = clock
        self._spool_folder = spool_folder
        self._producer = producer
        self._apps = Apps(repository, ledger, clock, check_mark)
        self._callers = Callers(repository.app_of_key, ledger.person_for, clock)
        self._index = ExchangeIndex(repository, ledger)
        self._published = Published(repository.hours, clock)
        self._spool: Spool | None = None
        self._evidence: EvidenceDesk | None = None
        self._media: MediaStage | None = None
        self._flow: ChatFlow | None = None
        self._drain: Drain | None = None
        self._rounds = self._planned_rounds()

    # --- life -------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Reconcile what dead processes left, then begin to take calls; the ledger must be running.

        Raises:
            StorageError: the spool or the ledger cannot be written.
        """
        if self.admission is not None:
            await self.admission.watch()
        masked = self._moderation.without_personal_information
        await asyncio.to_thread(reconcile, self._spool_folder, self._ledger, masked)
        self._spool = Spool(self._spool_folder)
        evidence = EvidenceDesk(self._ledger, self._spool, self._clock, metrics=self.metrics, note=self._index.note)
        self._evidence = evidence
        self._index.newly_open = evidence.newly_open
        self._drain = Drain()
        desk = Desk(self._moderation, evidence, self._pool, self._clock, self.metrics, self.limits, self._drain)
        self._media = MediaStage(self._media_checking, evidence)
        self._flow = ChatFlow(
            desk,
            self._callers,
            self._producer,
            media=self._media,
            endpoints=self.endpoints,
            labelling=self._labelling,
            entrance=self.admission,
        )
        self._index.start()
        self._pool.start()
        self._rounds.start()

    async def drain(self, seconds: float) -> bool:
        """Take no new calls, let those under way finish for `seconds`, end the rest; whether all finished."""
        return self._drain is None or await self._drain.close(seconds)

    def cut(self) -> None:
        """End at once what is under way; each is recorded as interrupted."""
        if self._drain is not None:
            self._drain.cut()

    async def stop(self) -> None:
        """Finish what is under way and give everything back; call it before the ledger stops."""
        if self._evidence is None or self._spool is None:
            return
        flow, self._flow = self._flow, None
        if flow is not None:
            await flow.admission.settle()
        if self._media is not None:
            self._media.stop()
        await self._evidence.settle(_SETTLE_SECONDS)
        await self._rounds.stop()
        if self.admission is not None:
            await self.admission.stop()
        await self._pool.stop()
        await self._index.stop()
        self._spool.stop()
        self._spool = self._evidence = None

    def _count_failure(self, upstream: str, code: str) -> None:
        self.metrics.count("guiju_upstream_failures_total", upstream=upstream, code=code)

    def _planned_rounds(self) -> Rounds:
        self.metrics.samples.append(self._samples)
        self._pool.on_failure = self._count_failure
        rounds = Rounds()
        if self.admission is not None:
            rounds.every(_ADMISSION_SECONDS, "limits", self.admission.count)
            rounds.every(_ADMISSION_SECONDS, "refused calls and use", self.admission.keep_up)
            rounds.every(_ADMISSION_SECONDS, "sanctions", self.admission.watch)
            rounds.every(_ADMISSION_SECONDS, "conduct of users", self.admission.judge)
        rounds.every(_KEY_USE_SECONDS, "when keys were last used", self._note_used_keys)
        return rounds

    async def _note_used_keys(self) -> None:
        if used := self._callers.take_used():
            await asyncio.to_thread(self._repository.touch_keys, used)

    # --- calls ------------------------------------------------------------------------------------------------------

    async def chat(self, call: ChatCall) -> ChatReply:
        """Answer one call to the endpoint `call.endpoint`; errors come back as replies in its own shape.

        The caller iterates `pieces`, when there are any, and always ends with `aclose`.
        """
        return NOT_RUNNING if self._flow is None else await self._flow.chat(call)

    async def declare_identity(self, call: ChatCall) -> ChatReply:
        """Take what an app declares of the real identity of one of its users; errors come back as replies."""
        return NOT_RUNNING if self._flow is None else await self._flow.declare_identity(call)

    async def let_in(self, call: ChatCall) -> Guest | ChatReply:
        """Let a call in that is no exchange, past sanctions and limits; or return why not, as a reply."""
        return NOT_RUNNING if self._flow is None else await self._flow.let_in(call)

    async def admit(self, call: ChatCall) -> ChatReply | None:
        """Return why a caller may not come in, as a reply; None when it may."""
        return NOT_RUNNING if self._flow is None else await self._flow.admit(call)

    async def refuse(self, call: ChatCall, error: CallError, *, size: int) -> ChatReply:
        """Answer a call that the door could not take whole; a known app's is evidenced, anybody else's only counted."""
        return NOT_RUNNING if self._flow is None else await self._flow.refuse(call, error, size=size)

    # --- looking ----------------------------------------------------------------------------------------------------

    def models(self) -> tuple[ModelInfo, ...]:
        """Return the models that can be asked for."""
        return self._pool.models()

    def upstream_states(self) -> tuple[UpstreamState, ...]:
        """Return how the upstreams do."""
        return self._pool.states()

    def readiness(self) -> dict[str, bool]:
        """Return what must be true for calls to be answered: running, evidence can be written, an upstream is well."""
        return {
            "running": self._flow is not None and self._drain is not None and not self._drain.is_draining,
            "evidence": self._evidence is not None and self._evidence.is_writing,
            "upstream": any(state.is_healthy for state in self._pool.states()),
        }

    def _samples(self) -> list[Sample]:
        """Return the gauges of the moment."""
        found: list[Sample] = [("guiju_queue_depth", (("queue", "index"),), self._index.waiting)]
        if self._evidence is not None:
            depths = self._evidence.depths.items()
            found += [("guiju_queue_depth", (("queue", queue),), depth) for queue, depth in depths]
            found.append(("guiju_evidence_writable", (), float(self._evidence.is_writing)))
        found += [
            ("guiju_upstream_healthy", (("upstream", state.name),), float(state.is_healthy))
            for state in self._pool.states()
        ]
        return found

    def search_exchanges(self, query: ExchangeQuery) -> list[ExchangeRecord]:
        """Return the exchanges that match, newest first; blocks."""
        return self._repository.search(query)

    def tally(self, since: datetime | None, until: datetime | None) -> dict[str, OutcomeTally]:
        """Return how the exchanges that closed in [since, until) ended; blocks."""
        return self._repository.tally(since, until)

    def availability(self) -> Availability:
        """Return what the published page shows of the last ninety days, at most a minute old; blocks."""
        return self._published.read()

    def exchange(self, exchange_id: str) -> ExchangeRecord:
        """Return one exchange, waiting a moment for one that is only just being indexed; blocks.

        Raises:
            NotFoundError: there is none with this id.
        """
        for _ in range(_INDEX_LOOKS):
            is_under_way = self._is_under_way(exchange_id)  # asked first: it may be written between the two
            record = self._repository.exchange(exchange_id)
            if record is not None or not is_under_way:
                break
            time.sleep(_INDEX_LOOK_SECONDS)
        if record is None:
            raise NotFoundError(
                f"没有编号为 {exchange_id} 的对话。", f"There is no exchange {exchange_id}.", where="id"
            )
        return record

    def _is_under_way(self, exchange_id: str) -> bool:
        evidence = self._evidence
        return self._index.is_pending(exchange_id) or (evidence is not None and evidence.is_open(exchange_id))

    def transcript(self, exchange_id: str) -> Transcript:
        """Return what was said in an exchange, as far as it is kept; blocks.

        Raises:
            NotFoundError: there is none with this id.
        """
        return read_transcript(self.exchange(exchange_id), self._ledger)

    def object_to(self, exchange_id: str, text: str, *, contact: str, person: str) -> Receipt:
        """Take an objection to what the gateway did with an exchange (article 15); blocks until it is durable.

        Raises:
            NotFoundError: there is no such exchange.
            InputError: the text is empty or too long.
        """
        text, contact = text.strip(), contact.strip()
        if not 0 < len(text) <= _OBJECTION_CHARACTERS or len(contact) > _CONTACT_CHARACTERS:
            raise InputError(
                f"请写明理由（1 到 {_OBJECTION_CHARACTERS} 字）；联系方式不超过 {_CONTACT_CHARACTERS} 字。",
                f"Say why (1 to {_OBJECTION_CHARACTERS} characters); a contact has at most {_CONTACT_CHARACTERS}.",
                where="text",
            )
        record = self.exchange(exchange_id)
        draft = Draft(
            action="objection.received",
            actor=f"person:{person}",
            subject=f"exchange:{record.id}",
            person=person or record.person or SYSTEM_PERSON,
            provisions=(rules.COMPLAINTS,),
            body={"text": text, "contact": contact, "outcome": record.outcome},
        )
        return self._ledger.append(draft)

    # --- apps -------------------------------------------------------------------------------------------------------

    def apps(self) -> list[App]:
        """Return every app, oldest first; blocks."""
        return self._apps.all()

    def create_app(  # noqa: PLR0913 - one a field
        self,
        name: str,
        *,
        refuses_with_error: bool = False,
        text_mark: str = "",
        actor: str = "system",
        reason: str = "",
        rules: AppRules = NO_RULES,
    ) -> tuple[App, str]:
        """Make an app and its first key; the secret is returned here and never again; blocks.

        Raises:
            InputError: the name or a rule cannot be taken.
            ConfigurationError: the text mark is not lawful.
        """
        return self._apps.create(
            name, refuses_with_error=refuses_with_error, text_mark=text_mark, actor=actor, reason=reason, rules=rules
        )

    def change_app(self, app: App, *, actor: str, reason: str = "") -> App:
        """Give an app new settings; blocks. Raises as `create_app` does, and NotFoundError."""
        changed = self._apps.change(app, actor=actor, reason=reason)
        self._callers.forget()
        return changed

    def keys(self, app_id: str) -> list[ApiKey]:
        """Return the keys of an app; blocks."""
        return self._apps.keys(app_id)

    def create_key(
        self, app_id: str, wish: KeyWish | None = None, *, actor: str, reason: str = ""
    ) -> tuple[ApiKey, str]:
        """Make one more key; the secret is returned here and never again; blocks. Raises NotFoundError, InputError."""
        return self._apps.create_key(app_id, wish, actor=actor, reason=reason)

    def rotate_key(
        self, app_id: str, key_id: str, *, overlap: timedelta, actor: str, reason: str = ""
    ) -> tuple[ApiKey, str]:
        """Make a key in another's place, both good for `overlap`; blocks. Raises NotFoundError, InputError."""
        made = self._apps.rotate_key(app_id, key_id, overlap=overlap, actor=actor, reason=reason)
        self._callers.forget()
        return made

    def revoke_key(self, app_id: str, key_id: str, *, actor: str, reason: str = "") -> None:
        """Revoke a key; blocks. Raises NotFoundError."""
        self._apps.revoke_key(app_id, key_id, actor=actor, reason=reason)
        self._callers.forget()

    def forget_persons(self) -> None:
        """Look persons up again: one was erased."""
        self._callers.forget()
