"""Joins admission from its tables, the operator's settings and the ledger."""

from typing import Protocol

from guiju.gateway.admission.identity.tokens import TokenReader
from guiju.gateway.admission.limits import Limits
from guiju.gateway.admission.meters.desk import MeterDesk
from guiju.gateway.admission.meters.interface import MeterStore
from guiju.gateway.admission.meters.redis_store import RedisMeters
from guiju.gateway.admission.meters.slots import SlotDesk
from guiju.gateway.admission.people import People, PeopleStore
from guiju.gateway.admission.refusals import RefusalLog
from guiju.gateway.admission.service import Admission, AdmissionParts
from guiju.gateway.admission_settings import AdmissionSettings
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


def build_admission(stores: AdmissionStores, settings: AdmissionSettings, ledger: Recording, clock: Clock) -> Admission:
    """Join admission.

    Raises:
        ConfigurationError: the settings ask for what is not installed.
    """
    meters = RedisMeters(settings.redis_url) if settings.redis_url else stores.meters
    return Admission(
        AdmissionParts(
            tokens=TokenReader(settings.issuers, clock),
            people=People(stores.people, ledger.append, clock),
            refusals=RefusalLog(ledger.submit_async, clock),
            limits=Limits(MeterDesk(meters, clock), SlotDesk(meters, clock), settings.prices, clock),
        )
    )
