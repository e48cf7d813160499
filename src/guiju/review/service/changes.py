"""Changes of the keyword library: proposed, looked at by another person, put in force step by step, taken back."""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

from guiju.kit.canonical_json import JsonObject
from guiju.kit.clock import BEIJING, Clock, to_iso
from guiju.kit.errors import GuijuError, InputError, NotFoundError
from guiju.kit.ids import new_id
from guiju.ledger.models import Draft
from guiju.moderation.models import Finding, Refusal, Scope
from guiju.moderation.service import Moderation
from guiju.review import rules
from guiju.review.evidence import LedgerPort
from guiju.review.models import (
    Caution,
    Change,
    ChangeEvent,
    ChangeState,
    Measured,
    Preview,
    ProposalDraft,
    ReviewSettings,
    StageEffect,
)
from guiju.review.repository import ChangeRepository
from guiju.review.service.intake import Watch
from guiju.review.service.previewing import Previewer
from guiju.review.service.proposing import Proposer
from guiju.review.service.shelf import Shelf
from guiju.review.service.wording import checked, not_advised, nothing_taken

LONGEST_TITLE = 120
LONGEST_REASON = 2000
_PROVISIONS = ("cn/genai-measures-2023/art-4/para-1/item-1", "cn/genai-measures-2023/art-14/para-1")
_HARMLESS_ACTIONS = frozenset(("allow", "observe"))
_WATCHED_AFTER = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal that was taken, and every term of it that was not."""

    change: Change
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class _Step:
    """A step on its way: where to, by whom, why; what is recorded of it, and which columns it changes."""

    to: ChangeState
    person: str
    reason: str
    measured: Measured = field(default_factory=Measured)
    facts: JsonObject = field(default_factory=dict)
    values: Mapping[str, str | None] = field(default_factory=dict)


class KeywordChanges:
    """Everything that may be done to the operator's keyword library. Safe to call from several threads."""

    def __init__(  # noqa: PLR0913 - built once; each is a part of its own
        self,
        repository: ChangeRepository,
        ledger: LedgerPort,
        moderation: Moderation,
        clock: Clock,
        *,
        settings: ReviewSettings,
        shelf: Shelf,
        shadow: Callable[[Path], Moderation],
    ) -> None:
        """Join the parts; nothing is written before a step is taken.

        Args:
            repository: where changes are kept.
            ledger: where every step is recorded.
            moderation: what is in force.
            clock: the time.
            settings: how long a trial should be.
            shelf: writes the operator's files.
            shadow: builds moderation with the operator's files in another folder.
        """
        self._repository = repository
        self._ledger = ledger
        self._moderation = moderation
        self._clock = clock
        self._settings = settings
        self._shelf = shelf
        self._proposer = Proposer(moderation)
        self._previewer = Previewer(ledger, moderation, clock, shadow=shadow, lay_out=self._lay_out)
        self._stepping = threading.RLock()
        self._generation = (-1, "")
        self._watches: tuple[tuple[int, str], Mapping[str, Watch]] = ((-1, ""), {})

    # --- looking ----------------------------------------------------------------------------------------------------

    def change(self, change_id: str) -> Change:
        """Return one change, whole.

        Raises:
            NotFoundError: there is none.
        """
        change = self._repository.change(change_id)
        if change is None:
            raise NotFoundError("没有这个词库变更。", "There is no such change.", where="change")
        return change

    def changes(self, states: Collection[ChangeState], *, limit: int = 50, offset: int = 0) -> list[Change]:
        """Return the changes in `states`, the newest first, without their terms."""
        return self._repository.changes(states, limit=limit, offset=offset)

    def count(self, states: Collection[ChangeState]) -> int:
        """Count the changes in `states`."""
        return self._repository.count(states)

    def effects(self, change_id: str) -> Mapping[str, StageEffect]:
        """Return what a change was measured to do, by stage; nothing for a stage that found nothing."""
        return self._repository.effects(change_id)

    def texts_found(self, change_id: str, limit: int = 20) -> list[tuple[str, str, str]]:
        """Return the newest texts in which a change found something: exchange, scope, stage."""
        return self._repository.texts_found(change_id, limit)

    def hit_count(self, change_ids: Collection[str]) -> Mapping[tuple[str, str], int]:
        """Return in how many texts each change found something, by stage."""
        return self._repository.hit_count(change_ids)

    def cautions(self, change: Change, to: ChangeState) -> tuple[Caution, ...]:
        """Return why a step is not advised yet."""
        effect = self.effects(change.id).get(change.state.value, StageEffect(change.state.value, 0, 0, 0, 0, 0))
        found = rules.cautions(change, to, effect, now=self._clock.now(), settings=self._settings)
        if to is ChangeState.OBSERVE and self._acts_on_observed(change):
            found += (
                Caution(
                    "policy_acts",
                    "策略里有规则会对只观察的命中采取动作，试行不会是只观察。",
                    "A rule of the policy acts on findings that only observe; the trial would do more than observe.",
                ),
            )
        if not change.previews:
            found += (Caution("no_preview", "还没有做过误伤预览。", "No preview of false hits was made."),)
        return found

    def by_hand(self) -> tuple[str, ...]:
        """Return the files of the operator's folder that went round this process."""
        return self._shelf.by_hand()

    # --- proposing --------------------------------------------------------------------------------------------------

    def propose(self, draft: ProposalDraft, author: str) -> Proposed:
        """Take a proposal; what cannot be taken of it is returned with its reasons.

        Raises:
            InputError: no title or reason, or nothing of it can be taken; the error names the first reasons.
            StorageError: it could not be made durable.
        """
        title, reason = checked(draft.title, LONGEST_TITLE, "title"), checked(draft.reason, LONGEST_REASON, "reason")
        terms, refusals = self._proposer.terms_of(draft)
        elsewhere = self._repository.open_terms({term.term_id for term in terms}, rules.OPEN_STATES)
        refusals += tuple(
            Refusal(title, 0, term.entry.term, "另一项未完成的变更正涉及这个词。", "Another open change has this term.")
            for term in terms
            if term.term_id in elsewhere
        )
        terms = tuple(term for term in terms if term.term_id not in elsewhere)
        if not terms:
            raise nothing_taken(refusals)
        now = self._clock.now()
        change = Change(
            id=new_id(),
            title=title,
            reason=reason,
            author=author,
            proposed_at=now,
            state=ChangeState.PROPOSED,
            version=1,
            terms=terms,
            source_item=draft.source_item,
        )
        body: JsonObject = {
            "title": title,
            "reason": reason,
            "terms": [[term.op.value, term.term_id, term.entry.action] for term in terms],
            "refused": len(refusals),
            "source_item": draft.source_item,
        }
        entry_id = self._record("keyword.proposed", change, body, person=author)
        event = ChangeEvent(1, now, author, ChangeState.PROPOSED, reason, Measured(), entry_id)
        self._repository.add(change, event)
        return Proposed(self.change(change.id), refusals)

    def preview(self, change_id: str, person: str, *, folder: Path | None = None) -> Preview:
        """Work out what a change would do to recorded traffic, or to the texts of a folder, and keep that.

        Raises:
            NotFoundError: there is no such change.
            InputError: there is no such folder.
            StorageError: the ledger cannot be read, or the preview cannot be kept.
        """
        change = self.change(change_id)
        found = self._previewer.on_folder(change, folder) if folder else self._previewer.on_traffic(change)
        body: JsonObject = {
            "source": found.source,
            "texts": found.texts,
            "blocked": found.blocked,
            "reviewed": found.reviewed,
            "passed": found.passed,
        }
        self._record("keyword.previewed", change, body, person=person)
        kept = [one for one in self.change(change_id).previews if one.source != found.source]
        self._repository.keep_previews(change_id, [*kept, found])
        return found

    # --- deciding ---------------------------------------------------------------------------------------------------

    def approve(self, change_id: str, person: str, reason: str) -> Change:
        """Approve a change as the second person; it is not in force by that.

        Raises:
            NotFoundError, InputError, StageError, StaleError, StorageError: it cannot be done.
            SecondPersonError: the person is its author.
        """
        change, reason = self.change(change_id), checked(reason, LONGEST_REASON, "reason")
        rules.check_second_person(change.author, person)
        rules.check_step(change, ChangeState.APPROVED)
        values = {"approver": person, "approved_at": to_iso(self._clock.now())}
        return self._step(change, _Step(ChangeState.APPROVED, person, reason, values=values))

    def reject(self, change_id: str, person: str, reason: str) -> Change:
        """Turn a change down; its author withdraws it.

        Raises:
            NotFoundError, InputError, StageError, StaleError, StorageError: it cannot be done.
        """
        change, reason = self.change(change_id), checked(reason, LONGEST_REASON, "reason")
        to = ChangeState.WITHDRAWN if person == change.author else ChangeState.REJECTED
        rules.check_step(change, to)
        return self._step(change, _Step(to, person, reason))

    def stage(self, change_id: str, to: ChangeState, person: str, *, reason: str, is_sure: bool = False) -> Change:
        """Put an approved change in force in a stage, forward or back.

        Raises:
            NotFoundError, InputError, StaleError, StorageError: it cannot be done.
            StageError: the step does not follow, or there are cautions and nobody said to go on all the same.
            LibraryError: the library would not be usable; what was in force stays.
        """
        reason = checked(reason, LONGEST_REASON, "reason")
        with self._stepping:
            change = self.change(change_id)
            if to not in rules.STAGES:
                raise InputError(
                    "阶段只能是 observe、review、block。", "A stage is observe, review or block.", where="to"
                )
            rules.check_step(change, to)
            found = self.cautions(change, to)
            if found and not is_sure:
                raise not_advised(found)
            return self._put_in_force(change, to, person, reason=reason, cautions=found)

    def revert(self, change_id: str, person: str, reason: str) -> Change:
        """Take a change back, from whatever stage it is in.

        Raises:
            NotFoundError, InputError, StageError, StaleError, StorageError, LibraryError: it cannot be done.
        """
        reason = checked(reason, LONGEST_REASON, "reason")
        with self._stepping:
            change = self.change(change_id)
            rules.check_step(change, ChangeState.REVERTED)
            return self._put_in_force(change, ChangeState.REVERTED, person, reason=reason)

    def sync(self) -> bool:
        """Bring the files and what is in force to what the changes say; return whether something was done.

        Another process may have taken a step, or one may have died between writing and recording.

        Raises:
            StorageError, LibraryError: it cannot be done; what was in force stays.
        """
        with self._stepping:
            generation = self._repository.generation()
            if generation == self._generation:
                return False
            wanted = self._shelf.files_for(self._repository.whole(rules.IN_FORCE), self._updated())
            is_first, is_same = self._generation[0] < 0, wanted == self._shelf.files()
            if not is_same or not is_first:
                self._shelf.put_in_force(wanted)
            self._generation = generation
            return not is_same

    def watched(self) -> Mapping[str, Watch]:
        """Return the terms whose hits are measured."""
        generation = self._repository.generation()
        if self._watches[0] != generation:
            self._watches = (generation, self._watch())
        return self._watches[1]

    # --- inside -----------------------------------------------------------------------------------------------------

    def _watch(self) -> Mapping[str, Watch]:
        found: dict[str, Watch] = {}
        since = self._clock.now() - _WATCHED_AFTER
        for change in self._repository.whole((*rules.IN_FORCE, ChangeState.REVERTED)):
            if change.staged_at is None or (change.state not in rules.ON_TRIAL and change.staged_at < since):
                continue
            stages = tuple(
                (event.at, event.state.value if event.state in rules.IN_FORCE else "")
                for event in change.events
                if event.state in (*rules.IN_FORCE, ChangeState.REVERTED)
            )
            found |= {term.watched: Watch(change.id, stages) for term in change.terms}
        return found

    def _put_in_force(
        self, change: Change, to: ChangeState, person: str, *, reason: str, cautions: Sequence[Caution] = ()
    ) -> Change:
        """Write, read anew, record; whatever of it fails, nothing of it stays."""
        now = self._clock.now()
        measured = Measured(tuple(self.effects(change.id).values()), tuple(caution.code for caution in cautions))
        library_before = self._moderation.policy.library_hash
        others = [one for one in self._repository.whole(rules.IN_FORCE) if one.id != change.id]
        ordered = sorted([*others, replace(change, state=to)], key=lambda one: (one.approved_at or now, one.id))
        undo = self._shelf.put_in_force(self._shelf.files_for(ordered, self._today().isoformat()))
        try:
            facts = _facts(measured, library_before, self._moderation.policy.library_hash)
            step = _Step(to, person, reason, measured, facts, {"staged_at": to_iso(now)})
            taken = self._step(change, step)
        except GuijuError:
            undo()
            raise
        self._generation = self._repository.generation()
        return taken

    def _step(self, change: Change, step: "_Step") -> Change:
        body: JsonObject = {"from": change.state.value, "to": step.to.value, "reason": step.reason, **step.facts}
        action = "keyword.staged" if step.to in rules.STAGES else f"keyword.{step.to.value}"
        entry_id = self._record(action, change, body, person=step.person)
        now = self._clock.now()
        event = ChangeEvent(change.version + 1, now, step.person, step.to, step.reason, step.measured, entry_id)
        return self._repository.step(change, event, **step.values)

    def _record(self, action: str, change: Change, body: JsonObject, *, person: str) -> str:
        draft = Draft(
            action,
            f"staff:{person}",
            f"keyword_change:{change.id}",
            body,
            provisions=_PROVISIONS,
            policy_hash=self._moderation.policy.hash,
        )
        return self._ledger.append(draft).id

    def _lay_out(self, change: Change, folder: Path) -> None:
        others = [one for one in self._repository.whole(rules.IN_FORCE) if one.id != change.id]
        full = replace(change, state=ChangeState.BLOCK)
        self._shelf.copy_to(folder, self._shelf.files_for([*others, full], self._today().isoformat()))

    def _acts_on_observed(self, change: Change) -> bool:
        policy = self._moderation.policy
        kinds = {(term.entry.risk, term.entry.lists.get("risks", ()), term.entry.level) for term in change.terms}
        for risk, further, level in kinds:
            finding = Finding("keywords", (risk, *further), level, "observe", 0, 1, "trial")
            if any(policy.action_for(finding, scope).value not in _HARMLESS_ACTIONS for scope in Scope):
                return True
        return False

    def _updated(self) -> str:
        last = self._repository.last_staged()
        return (last.astimezone(BEIJING).date() if last else self._today()).isoformat()

    def _today(self) -> date:
        return self._clock.now().astimezone(BEIJING).date()


def _facts(measured: Measured, before: str, after: str) -> JsonObject:
    """Write for the ledger what was measured until a step, and what the step made of the library."""
    effects: JsonObject = {
        effect.stage: {
            "texts": effect.texts,
            "hits": effect.hits,
            "waiting": effect.waiting,
            "harmful": effect.harmful,
            "harmless": effect.harmless,
        }
        for effect in measured.effects
    }
    return {
        "measured": effects,
        "cautions": list(measured.cautions),
        "library_before": before,
        "library_after": after,
    }
