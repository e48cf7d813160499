"""Joins admission from its tables, the operator's settings and the ledger."""

from collections.abc import Callable
from typing import Protocol

from guiju.gateway.admission_settings import AdmissionSettings
from guiju.gateway.entrance.identity.tokens import TokenReader
from guiju.gateway.entrance.limits import Limits
from guiju.gateway.entrance.meters.desk import MeterDesk
from guiju.gateway.entrance.meters.interface import MeterStore
from guiju.gateway.entrance.meters.redis_store import RedisMeters
from guiju.gateway.entrance.meters.slots import SlotDesk
from guiju.gateway.entrance.people import People, PeopleStore
from guiju.gateway.entrance.refusals import RefusalLog
from guiju.gateway.entrance.sanctions.conduct import ConductWatch, History
from guiju.gateway.entrance.sanctions.desk import SanctionDesk
from guiju.gateway.entrance.sanctions.interface import SanctionRegister
from guiju.gateway.entrance.sanctions.models import AbuseRule
from guiju.gateway.entrance.sanctions.register import OwnRegister, SanctionStore
from guiju.gateway.entrance.sanctions.watch import SanctionWatch
from guiju.gateway.entrance.service import Admission, AdmissionParts
from guiju.gateway.entrance.usage import Usage, UsageStore
from guiju.gateway.ports import Recording
from guiju.kit.clock import Clock


class AdmissionStores(Protocol):
    """Where admission keeps what it must remember."""

    @property
    def people(self) -> PeopleStore:
        """What was declared of users."""
        ...

    @property
    def meters(self) -> MeterStore:
        """Meters and slots, where no Redis is configured."""
        ...

    @property
    def sanctions(self) -> SanctionStore:
        """Sanctions, until another room keeps them."""
        ...

    @property
    def usage(self) -> UsageStore:
        """What apps used."""
        ...


def build_admission(  # noqa: PLR0913 - what it joins, told apart by name
    stores: AdmissionStores,
    settings: AdmissionSettings,
    ledger: Recording,
    *,
    clock: Clock,
    history: History,
    rule: Callable[[], AbuseRule | None],
    register: SanctionRegister | None = None,
) -> Admission:
    """Join admission.

    Args:
        stores: where it keeps what it must remember.
        settings: the operator's.
        ledger: where the evidence goes.
        clock: the time.
        history: finds exchanges of a user, newest first.
        rule: the automatic rule in force today; None where it is switched off.
        register: who imposes sanctions, where another room does.

    Raises:
        ConfigurationError: the settings ask for what is not installed.
    """
    meters = RedisMeters(settings.redis_url) if settings.redis_url else stores.meters
    register = register or OwnRegister(stores.sanctions, ledger.append, clock)
    return Admission(
        AdmissionParts(
            tokens=TokenReader(settings.issuers, clock),
            people=People(stores.people, ledger.append, clock),
            refusals=RefusalLog(ledger.submit_async, clock),
            limits=Limits(MeterDesk(meters, clock), SlotDesk(meters, clock), settings.prices, clock),
            watch=SanctionWatch(register, clock),
            conduct=ConductWatch(register, history, rule, clock),
            usage=Usage(stores.usage, clock),
        ),
        SanctionDesk(register, ledger),
    )
