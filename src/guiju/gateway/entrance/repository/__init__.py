"""All SQL of admission."""

from guiju.gateway.entrance.repository.meters import DatabaseMeters
from guiju.gateway.entrance.repository.people import PeopleRepository
from guiju.gateway.entrance.repository.sanctions import SanctionRepository
from guiju.gateway.entrance.repository.usage import UsageRepository
from guiju.storage.database import Database


class AdmissionRepositories:
    """Every table of admission."""

    def __init__(self, database: Database) -> None:
        """Keep everything in `database`."""
        self.people = PeopleRepository(database)
        self.meters = DatabaseMeters(database)
        self.sanctions = SanctionRepository(database)
        self.usage = UsageRepository(database)
