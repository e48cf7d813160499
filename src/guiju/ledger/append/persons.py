"""Who an entry is about: the pseudonym of a looked-up person, and the key that seals what is said about them."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from guiju.kit.errors import GuijuError
from guiju.kit.ids import new_id
from guiju.ledger.keyring import Keyring, PersonKey
from guiju.ledger.repository import LedgerRepository, PersonRow

_CACHED = 8192
_WAITING = 100_000


class LookedUp(Protocol):
    """Anything that has, or has not, a keyed hash by which a person is looked up."""

    @property
    def lookup(self) -> bytes | None:
        """The keyed hash."""
        ...


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A person whose row is written together with the first entry about them."""

    id: str
    lookup: bytes | None
    key: PersonKey
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys for one batch: those that work, those that must be written with it, and those that do not open."""

    ready: dict[str, PersonKey]
    new: list[NewPerson]
    failed: dict[str, GuijuError]


class Persons:
    """Pseudonyms and keys, cached; the database is asked only about people this process has not seen lately."""

    def __init__(self, repository: LedgerRepository, keyring: Keyring) -> None:
        """Look people up in `repository`; make and open keys with `keyring`."""
        self._repository = repository
        self._keyring = keyring
        self._lock = threading.Lock()
        self._ids: OrderedDict[bytes, str] = OrderedDict()
        self._keys: OrderedDict[str, PersonKey] = OrderedDict()
        self._new: OrderedDict[str, NewPerson] = OrderedDict()
        self._former: dict[str, bytes] = {}

    def person_for(self, lookup: str) -> str:
        """Return the pseudonym of whoever `lookup` names; a stranger gets one, written with their first entry.

        Raises:
            StorageError: the database cannot be read.
        """
        mark = self._keyring.master.lookup(lookup)
        with self._lock:
            known = self._ids.get(mark)
            if known is not None:
                self._ids.move_to_end(mark)
                return known
        row = self._repository.person_of(mark)
        with self._lock:
            known = self._ids.get(mark) or (row.id if row is not None else self._make(new_id(), mark).id)
            self._remember_id(mark, known)
            return known

    def keys_for(self, persons: Collection[str], load: Callable[[list[str]], Sequence[PersonRow]]) -> Keys:
        """Return a key for each of `persons`; `load` reads rows inside the transaction that will use them."""
        keys = Keys({}, [], {})
        with self._lock:
            keys.ready.update((person, self._keys[person]) for person in persons if person in self._keys)
        missing = [person for person in persons if person not in keys.ready]
        for row in load(missing) if missing else ():
            missing.remove(row.id)
            try:
                keys.ready[row.id] = self._keyring.opened(row.wrapped_key, row.id)
            except GuijuError as error:
                keys.failed[row.id] = error
        with self._lock:
            keys.new.extend(self._new.get(person) or self._make(person, self._former.get(person)) for person in missing)
            for person, key in keys.ready.items():
                self._new.pop(person, None)  # another process wrote this person's key first, and that one counts
                self._remember_key(person, key)
        keys.ready.update((person.id, person.key) for person in keys.new)
        return keys

    def committed(self, new: Iterable[NewPerson], known: Iterable[PersonRow]) -> None:
        """Take note that `new` people are stored, and of who was `known` first by each lookup.

        Two processes may meet a stranger at the same time; the one that committed second finds the first here.
        """
        with self._lock:
            for person in new:
                self._new.pop(person.id, None)
                self._remember_key(person.id, person.key)
            for row in reversed(list(known)):
                if row.lookup is not None:
                    self._remember_id(row.lookup, row.id)

    def forget(self) -> None:
        """Drop every cached name and key: somebody was erased, perhaps by another process.

        What still waits to be written about an erased person gets a new key under the same lookup, so that the next
        erasure covers it.
        """
        with self._lock:
            self._former = {person: mark for mark, person in self._ids.items()}
            self._ids.clear()
            self._keys.clear()
            self._ids.update((row.lookup, row.id) for row in self._new.values() if row.lookup is not None)

    def drop_unwritten(self, persons: Iterable[str]) -> None:
        """Drop the keys of people who are erased before anything about them was written."""
        with self._lock:
            for person in persons:
                never_written = self._new.pop(person, None)
                if never_written is not None and never_written.lookup is not None:
                    self._ids.pop(never_written.lookup, None)

    def _make(self, person: str, mark: bytes | None) -> NewPerson:
        key, wrapped = self._keyring.new_key(person)
        made = self._new[person] = NewPerson(person, mark, key, wrapped)
        if len(self._new) > _WAITING:
            self._new.popitem(last=False)
        return made

    def _remember_id(self, mark: bytes, person: str) -> None:
        self._ids[mark] = person
        self._ids.move_to_end(mark)
        if len(self._ids) > _CACHED:
            self._ids.popitem(last=False)

    def _remember_key(self, person: str, key: PersonKey) -> None:
        self._keys[person] = key
        self._keys.move_to_end(person)
        if len(self._keys) > _CACHED:
            self._keys.popitem(last=False)


def lookups(persons: Iterable[LookedUp]) -> list[bytes]:
    """Return the lookups of those that have one."""
    return [person.lookup for person in persons if person.lookup is not None]
