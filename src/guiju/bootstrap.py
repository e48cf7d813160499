"""The only place that builds concrete rooms and joins neighbours by plain typed callables."""

import asyncio
import contextlib
import functools
import logging
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from guiju import __version__
from guiju.gateway.configuration import load_configuration
from guiju.gateway.entrance.build import build_admission
from guiju.gateway.entrance.repository import AdmissionRepositories
from guiju.gateway.guard_transport import GuardTransport
from guiju.gateway.repository import GatewayRepository
from guiju.gateway.service import Gateway
from guiju.gateway.telemetry.build import Telemetry, build_telemetry
from guiju.gateway.upstreams.build import build_upstreams
from guiju.gateway.upstreams.law_assistant import LawAssistant
from guiju.kit.clock import BEIJING, Clock, SystemClock
from guiju.kit.errors import GuijuError
from guiju.kit.ids import new_id
from guiju.labelling.rules import check_producer, explicit_text_mark
from guiju.law.models import Profile
from guiju.law.profile import load_profile
from guiju.law.service import Law, load_law
from guiju.ledger.models import Draft
from guiju.ledger.repository import LedgerRepository
from guiju.ledger.service import Ledger, LedgerOptions, open_ledger
from guiju.moderation.guards.interface import Transport
from guiju.moderation.library import LibrarySources
from guiju.moderation.media.on_demand import MediaOnDemand
from guiju.moderation.service import Moderation, builtin_folder
from guiju.review.models import ReviewSettings
from guiju.review.repository import ChangeRepository, IntakeRepository, ItemRepository
from guiju.review.service import Neighbours, Repositories, Review
from guiju.settings import Settings
from guiju.staff.repository import StaffRepository
from guiju.staff.service import Staff
from guiju.storage.database import Database, connect_database
from guiju.storage.jobs import JobQueue
from guiju.storage.migrate import migrate
from guiju.supervision.service import Supervision
from guiju.wiring import RoomReadings, abuse_rule, parameter_on, read_exchange_facts
from guiju.wiring_labels import ExporterOnDemand, LabelDesk, mark_words

_log = logging.getLogger(__name__)

_HEARTBEAT_SECONDS = 600
_ROUND_SECONDS = 30.0
_VERIFY = "ledger.verify"
_LEASE_SECONDS = 900.0
_REVIEW_PAUSE_SECONDS = 2.0
_REVIEW_REST = 4  # for each second of looking at what happened, so many of rest: answering comes first


@dataclass(frozen=True, slots=True)
class FirstRun:
    """What is shown once and never again; an empty text where it was there already."""

    api_key: str
    owner_password: str


@dataclass
class House:
    """Every room, built and joined; `start` before use, `stop` after."""

    settings: Settings
    clock: Clock
    database: Database
    law: Law
    ledger: Ledger
    moderation: Moderation
    gateway: Gateway
    supervision: Supervision
    staff: Staff
    review: Review
    readings: RoomReadings
    queue: JobQueue
    labels: LabelDesk
    telemetry: Telemetry | None = None
    _rounds: "list[asyncio.Task[None]]" = field(default_factory=list, repr=False)

    async def start(self) -> None:
        """Begin: the detectors and the ledger first, then the gateway, then the work of every day.

        Raises:
            GuijuError: a room cannot start; the message says which, and how to mend it.
        """
        await asyncio.to_thread(self.moderation.get_ready)
        await asyncio.to_thread(self.ledger.start)
        await asyncio.to_thread(self.review.changes.sync)
        await self.gateway.start()
        await self.ledger.append_async(self._policy_in_force())
        self._rounds = [asyncio.create_task(self._work_through_jobs()), asyncio.create_task(self._look_again())]

    async def stop(self) -> None:
        """End in the other order, so that the last entries are still taken."""
        for rounds in self._rounds:
            rounds.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await rounds
        await self.gateway.stop()
        if self.telemetry is not None:
            await asyncio.to_thread(self.telemetry.stop)
        await self.moderation.aclose()
        await asyncio.to_thread(self.ledger.stop)
        self.database.close()

    def _policy_in_force(self) -> Draft:
        policy = self.moderation.policy
        return Draft(
            "policy.activated",
            "system",
            f"policy:{policy.hash}",
            {"name": policy.name, "version": policy.version, "library": policy.library_hash},
            policy_hash=policy.hash,
        )

    def first_run(self) -> FirstRun:
        """Make the first app with its key and the first console account where there are none."""
        key = "" if self.gateway.apps() else self.gateway.create_app("default")[1]
        return FirstRun(key, self.staff.ensure_first_owner() or "")

    async def _work_through_jobs(self) -> None:
        """Put and do what each day asks for; a failure is kept with the job and never ends the rounds."""
        while True:
            try:
                await asyncio.to_thread(self._one_round)
            except GuijuError as error:
                _log.warning("a round of daily work failed: %s", error.en, extra={"code": error.code})
            await asyncio.sleep(_ROUND_SECONDS)

    async def _look_again(self) -> None:
        """Fill the review queue behind the hot path; what fails is looked at again in the next round."""
        while True:
            worked = 0.0
            try:
                worked = await asyncio.to_thread(self.review.round)
            except GuijuError as error:
                _log.warning("a round of the review room failed: %s", error.en, extra={"code": error.code})
            await asyncio.sleep(max(_REVIEW_PAUSE_SECONDS, _REVIEW_REST * worked))

    def _one_round(self) -> None:
        today = _today(self.clock).isoformat()
        self.queue.put(_VERIFY, {"day": today}, dedupe_key=f"{_VERIFY}:{today}")
        job = self.queue.lease((_VERIFY,), seconds=_LEASE_SECONDS)
        if job is None:
            return
        try:
            self.ledger.verify()
        except GuijuError as error:
            self.queue.fail(job, str(error))
        else:
            self.queue.finish(job)


def keywords_folder(settings: Settings) -> Path:
    """Return where the operator's own keyword files stand."""
    return settings.var / "keywords"


def policy_path(settings: Settings) -> Path | None:
    """Return the operator's policy bundle, or None where ours is in force."""
    path = settings.var / "policy.yaml"
    return path if path.exists() else None


def profile_path(settings: Settings) -> Path:
    """Return where the declared facts of the service stand."""
    return settings.var / "profile.yaml"


def migrate_database(settings: Settings) -> None:
    """Bring the database to the newest schema.

    Raises:
        StorageError: it cannot be reached or written.
    """
    database = connect_database(settings.resolved_database_url)
    try:
        migrate(database)
    finally:
        database.close()


def open_moderation(
    settings: Settings, clock: Clock | None = None, *, transport: Transport | None = None
) -> Moderation:
    """Build moderation from our library and the operator's; guards can be asked where there is a transport.

    Raises:
        ConfigurationError: the policy or a library file cannot be used.
    """
    return moderation_with(settings, keywords_folder(settings), clock, transport=transport)


def moderation_with(
    settings: Settings, keywords: Path, clock: Clock | None = None, *, transport: Transport | None = None
) -> Moderation:
    """Build moderation from our library and the operator's files in `keywords`, wherever that is.

    Raises:
        ConfigurationError: the policy or a library file cannot be used.
    """
    sources = LibrarySources(builtin_folder(), keywords)
    return Moderation(sources, policy_path(settings), clock=clock or SystemClock(), transport=transport)


def block_list_path(settings: Settings) -> Path:
    """Return where the operator's list of blocked pictures stands."""
    return settings.var / "media" / "blocked.csv"


def open_media(settings: Settings, moderation: Moderation, clock: Clock | None = None) -> MediaOnDemand:
    """Build the moderation of pictures, sound and video; nothing is loaded before the first medium."""
    return MediaOnDemand(moderation, block_list_path(settings), clock or SystemClock())


def open_evidence(settings: Settings, clock: Clock | None = None) -> Ledger:
    """Open the ledger for reading, verifying and exporting; stop it afterwards.

    Raises:
        GuijuError: the database cannot be read, or holds another log.
    """
    database = connect_database(settings.resolved_database_url)
    ledger = _build_ledger(settings, database, clock or SystemClock(), heartbeat_seconds=0)
    ledger.prepare()
    return ledger


def build_house(settings: Settings, clock: Clock | None = None) -> House:
    """Build every room; the database is brought to the newest schema, nothing else is written.

    Raises:
        GuijuError: a setting, a file or the database cannot be used.
    """
    clock = clock or SystemClock()
    settings.var.mkdir(parents=True, exist_ok=True)
    database = connect_database(settings.resolved_database_url)
    migrate(database)
    law = load_law()
    ledger = _build_ledger(settings, database, clock)
    moderation = open_moderation(settings, clock, transport=GuardTransport())
    gateway, producer_warning = _build_gateway(
        settings, clock, database=database, law=law, ledger=ledger, moderation=moderation
    )
    telemetry = _build_telemetry(settings, gateway, ledger)
    staff = Staff(StaffRepository(database), clock, ledger.append)
    review = _build_review(settings, clock, database=database, law=law, ledger=ledger, moderation=moderation)
    profile = functools.partial(_read_profile, settings, law)
    readings = RoomReadings(
        ledger=ledger,
        stored_bodies=lambda start, end: [row.content for row in LedgerRepository(database).bodies(start, end)],
        moderation=moderation,
        gateway=gateway,
        staff=staff,
        clock=clock,
        producer_is_valid=not producer_warning,
    )
    supervision = Supervision(
        law, ledger, readings, profile, clock, exchange_facts=functools.partial(read_exchange_facts, gateway)
    )
    return House(
        settings=settings,
        clock=clock,
        database=database,
        law=law,
        ledger=ledger,
        moderation=moderation,
        gateway=gateway,
        supervision=supervision,
        staff=staff,
        review=review,
        readings=readings,
        queue=JobQueue(database, clock, owner=f"house:{new_id()}"),
        labels=LabelDesk(settings, law, clock, ledger),
        telemetry=telemetry,
    )


def _build_ledger(
    settings: Settings, database: Database, clock: Clock, *, heartbeat_seconds: int = _HEARTBEAT_SECONDS
) -> Ledger:
    options = LedgerOptions(checkpoint_folder=settings.var / "checkpoints", heartbeat_seconds=heartbeat_seconds)
    repository = LedgerRepository(database)
    return open_ledger(repository, settings.var, clock, hash_name=settings.ledger_hash, options=options)


def _build_gateway(  # noqa: PLR0913 - the rooms it joins
    settings: Settings, clock: Clock, *, database: Database, law: Law, ledger: Ledger, moderation: Moderation
) -> tuple[Gateway, str]:
    configuration = load_configuration(settings.resolved_config)
    producer, warning = check_producer(configuration.provider_code)
    if warning:
        _log.warning("provider code: %s", warning)
    words = mark_words(law, clock)
    in_english = functools.partial(law.search_texts, language="en")
    pool = build_upstreams(configuration, clock, lambda: LawAssistant(law.search_texts, clock, glosses=in_english))
    repository = GatewayRepository(database)
    gateway = Gateway(
        repository=repository,
        ledger=ledger,
        moderation=moderation,
        pool=pool,
        clock=clock,
        spool_folder=settings.var / "spool",
        producer=producer,
        check_mark=lambda text: explicit_text_mark(text, words),
        limits=configuration.limits,
        media=open_media(settings, moderation, clock),
        labelling=ExporterOnDemand(settings, law, clock, ledger=ledger),
        pass_through=configuration.pass_through,
        admission=build_admission(
            AdmissionRepositories(database),
            configuration.admission,
            ledger,
            clock=clock,
            history=repository.search,
            rule=functools.partial(abuse_rule, law, clock, configuration.admission),
        ),
    )
    return gateway, warning


def _build_telemetry(settings: Settings, gateway: Gateway, ledger: Ledger) -> Telemetry | None:
    """Join what is counted with who asks for it."""
    telemetry = build_telemetry(
        settings.otlp_endpoint,
        headers=settings.otlp_headers,
        share=settings.trace_share,
        instance=settings.instance,
        version=__version__,
    )
    gateway.metrics.tracing = telemetry
    gateway.metrics.samples.append(lambda: [("guiju_queue_depth", (("queue", "ledger"),), ledger.waiting)])
    return telemetry


def _build_review(  # noqa: PLR0913 - the rooms it joins
    settings: Settings, clock: Clock, *, database: Database, law: Law, ledger: Ledger, moderation: Moderation
) -> Review:
    repositories = Repositories(ItemRepository(database), IntakeRepository(database), ChangeRepository(database))
    neighbours = Neighbours(
        ledger=ledger,
        moderation=moderation,
        clock=clock,
        shadow=lambda folder: moderation_with(settings, folder, clock),
        parameter=functools.partial(parameter_on, law),
        keywords=keywords_folder(settings),
    )
    return Review(
        repositories,
        neighbours,
        ReviewSettings(
            sample_share=settings.review_sample_share,
            due_hours=settings.review_due_hours,
            stage_hours=settings.keyword_stage_hours,
        ),
    )


def _today(clock: Clock) -> date:
    return clock.now().astimezone(BEIJING).date()


def _read_profile(settings: Settings, law: Law) -> Profile:
    return load_profile(profile_path(settings), law.facts())
