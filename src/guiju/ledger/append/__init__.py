"""How an entry gets into the log: one sequencer a process, group commit, one answer when it is durable."""

from guiju.ledger.append.persons import Persons
from guiju.ledger.append.sequencer import Sequencer

__all__ = ["Persons", "Sequencer"]
