"""What supervision hears of the other rooms: plain words and counts, each looked at, none assumed."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from importlib import resources

from guiju.gateway.models import ExchangeQuery
from guiju.gateway.service import Gateway
from guiju.kit.canonical_json import JsonObject
from guiju.kit.clock import BEIJING, Clock, to_iso
from guiju.kit.errors import NotFoundError
from guiju.law.models import Parameter
from guiju.law.service import Law
from guiju.ledger.models import Verification
from guiju.ledger.service import Ledger
from guiju.moderation.models import LibraryStats, Scope
from guiju.moderation.service import Moderation
from guiju.staff.service import Staff
from guiju.supervision.models import EvidenceFacts
from guiju.supervision.state_names import StateName

_SAMPLE = 20
_PSEUDONYM = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|system")

Answer = bool | int | str | None


@dataclass
class RoomReadings:
    """Answers the questions of `StateName` by looking at the rooms now.

    Attributes:
        stored_bodies: reads the bodies of the entries from one number up to another, as they lie in the database.
        portal: what the browser's door was seen to show when it was opened; empty where there is no such door.
    """

    ledger: Ledger
    stored_bodies: Callable[[int, int], Sequence[bytes | None]]
    moderation: Moderation
    gateway: Gateway
    staff: Staff
    clock: Clock
    producer_is_valid: bool
    portal: dict[StateName, bool] = field(default_factory=dict)

    def value(self, name: str) -> Answer:
        """Return the named fact, or None when the room cannot tell."""
        answers = _ANSWERS.get(name)
        return None if answers is None else answers(self)


def read_exchange_facts(
    gateway: Gateway, since: datetime | None, until: datetime | None
) -> Mapping[str, EvidenceFacts] | None:
    """Return how the exchanges that closed in [since, until) ended, from the gateway's index."""
    tally = gateway.tally(since, until)
    return {outcome: EvidenceFacts(one.count, one.newest_entries, one.newest_at) for outcome, one in tally.items()}


def parameter_on(law: Law, parameter_id: str, day: date) -> Parameter | None:
    """Return a number of the law on a day, or None where no version of it is in force then."""
    try:
        return law.parameter(parameter_id, day)
    except NotFoundError:
        return None


def _smallest(stats: LibraryStats, chapter: str) -> int:
    return min(row.terms for row in stats.by_risk if row.risk.startswith(chapter))


def _library_age(rooms: RoomReadings) -> Answer:
    updated = rooms.moderation.library_stats().updated
    if not updated:
        return None
    return (rooms.clock.now().astimezone(BEIJING).date() - date.fromisoformat(updated)).days


def _detector_is_on(rooms: RoomReadings, name: str) -> Answer:
    detector = rooms.moderation.policy.detectors.get(name)
    return None if detector is None else detector.enabled


def _fails_closed(rooms: RoomReadings, scope: Scope) -> Answer:
    return not rooms.moderation.policy.scopes[scope].fails_open


def _newest_exchanges_are_pseudonymous(rooms: RoomReadings) -> Answer:
    newest = rooms.gateway.search_exchanges(ExchangeQuery(limit=_SAMPLE))
    return all(_PSEUDONYM.fullmatch(one.person) for one in newest) if newest else None


def _newest_answers_are_labelled(rooms: RoomReadings) -> Answer:
    newest = rooms.gateway.search_exchanges(ExchangeQuery(limit=_SAMPLE, outcome="answered"))
    bodies = [rooms.ledger.body(one.closed_entry) for one in newest if one.closed_entry]
    kept = [body for body in bodies if isinstance(body, dict) and _has_made(body)]
    return all(body.get("label") for body in kept) if kept else None


def _has_made(closing: JsonObject) -> bool:
    """Whether anything that was generated left; vectors and verdicts are no content, and have no label."""
    output = closing.get("output")
    choices = output if isinstance(output, list) else []
    return any(isinstance(choice, dict) and choice.get("released") for choice in choices)


def _newest_bodies_are_encrypted(rooms: RoomReadings) -> Answer:
    size = rooms.ledger.size()
    contents = [content for content in rooms.stored_bodies(max(0, size - _SAMPLE), size) if content is not None]
    return not any(_is_readable(content) for content in contents) if contents else None


def _is_readable(content: bytes) -> bool:
    """Whether what is stored could be read without a key: it is JSON, or holds some."""
    try:
        json.loads(content)
    except ValueError:
        return b'{"' in content
    return True


def _can_export(rooms: RoomReadings) -> Answer:
    return bool(rooms.ledger.verifier_keys) and resources.files("guiju.ledger").joinpath("verify.py").is_file()


def _inspector_is_read_only(rooms: RoomReadings) -> Answer:
    matrix = rooms.staff.matrix
    role = matrix.roles.get("inspector")
    if role is None:
        return None
    return role.longest_days is not None and not any(matrix.actions[action].changes for action in role.actions)


def _viewing_is_recorded(rooms: RoomReadings) -> Answer:
    count, _, _ = _facts(rooms, "staff.body_viewed")
    return True if count else None


def _facts(rooms: RoomReadings, action: str) -> tuple[int, tuple[str, ...], datetime | None]:
    facts = rooms.ledger.facts((action,), None, None, limit=1)
    return facts.count, facts.newest_ids, facts.newest_at


def _of_verification(read: Callable[[Verification], str]) -> Callable[[RoomReadings], Answer]:
    def answer(rooms: RoomReadings) -> Answer:
        verification = rooms.ledger.last_verification()
        return None if verification is None else read(verification)

    return answer


def _of_portal(name: StateName) -> Callable[[RoomReadings], Answer]:
    return lambda rooms: rooms.portal.get(name)


_ANSWERS: Mapping[str, Callable[[RoomReadings], Answer]] = {
    StateName.LIBRARY_TERMS: lambda rooms: rooms.moderation.library_stats().terms,
    StateName.LIBRARY_A1_SMALLEST: lambda rooms: _smallest(rooms.moderation.library_stats(), "A.1"),
    StateName.LIBRARY_A2_SMALLEST: lambda rooms: _smallest(rooms.moderation.library_stats(), "A.2"),
    StateName.LIBRARY_AGE_DAYS: _library_age,
    StateName.POLICY_KEYWORDS: lambda rooms: _detector_is_on(rooms, "keywords"),
    StateName.POLICY_PERSONAL_INFORMATION: lambda rooms: _detector_is_on(rooms, "personal_information"),
    StateName.POLICY_INPUT_FAIL_CLOSED: lambda rooms: _fails_closed(rooms, Scope.INPUT),
    StateName.POLICY_OUTPUT_FAIL_CLOSED: lambda rooms: _fails_closed(rooms, Scope.OUTPUT),
    StateName.UPSTREAMS_HEALTHY: lambda rooms: sum(one.is_healthy for one in rooms.gateway.upstream_states()),
    StateName.UPSTREAMS_TOTAL: lambda rooms: len(rooms.gateway.upstream_states()),
    StateName.PERSONS_PSEUDONYMOUS: _newest_exchanges_are_pseudonymous,
    StateName.LABEL_ON_EVERY_ANSWER: _newest_answers_are_labelled,
    StateName.LABEL_PRODUCER_IS_VALID_CODE: lambda rooms: rooms.producer_is_valid,
    StateName.PORTAL_CHAT_MARK: _of_portal(StateName.PORTAL_CHAT_MARK),
    StateName.PORTAL_OBJECTION_LINK: _of_portal(StateName.PORTAL_OBJECTION_LINK),
    StateName.LEDGER_INTEGRITY: _of_verification(lambda found: found.integrity.word.value),
    StateName.LEDGER_COMPLETENESS: _of_verification(lambda found: found.completeness.word.value),
    StateName.LEDGER_FRESHNESS: _of_verification(lambda found: found.freshness.word.value),
    StateName.LEDGER_VERIFIED_AT: _of_verification(lambda found: to_iso(found.verified_at)),
    StateName.LEDGER_BODIES_ENCRYPTED: _newest_bodies_are_encrypted,
    StateName.LEDGER_EXPORT: _can_export,
    StateName.STAFF_MEMBERS: lambda rooms: len(rooms.staff.members()),
    StateName.STAFF_VIEWING_RECORDED: _viewing_is_recorded,
    StateName.STAFF_INSPECTOR_READ_ONLY: _inspector_is_read_only,
}
