"""Moderation's verbs: decide about a text, watch a stream, explain, reload, check a policy, search the library."""

import gc
import itertools
import logging
import os
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from guiju.kit.clock import Clock, SystemClock
from guiju.moderation.detectors.interface import Detector, Tape
from guiju.moderation.detectors.keywords import KeywordDetector
from guiju.moderation.detectors.null import NullDetector
from guiju.moderation.detectors.personal_information import PersonalInformationDetector
from guiju.moderation.errors import PolicyError
from guiju.moderation.guards.interface import NoTransport, Transport
from guiju.moderation.guards.panel import Panel
from guiju.moderation.library import Library, LibrarySources, load_library
from guiju.moderation.models import (
    ANYONE,
    Context,
    Decision,
    ExplainedFinding,
    Explanation,
    Finding,
    LibraryStats,
    PolicyCheck,
    Refusal,
    Scope,
    Segment,
    Term,
    TermPage,
)
from guiju.moderation.policy import KINDS, MAX_POLICY_BYTES, PolicyBundle, Upstream, parse_policy, read_policy
from guiju.moderation.policy.streams import Release
from guiju.moderation.rules import decide_from, masked
from guiju.moderation.stream import ModeratedStream
from guiju.moderation.vault import Vault
from guiju.text.models import Normalised
from guiju.text.normalising import Normaliser, base_normaliser

logger = logging.getLogger(__name__)

MAX_SHOWN = 500
"""So many findings are highlighted in an explanation."""


def builtin_folder() -> Path:
    """Return the folder of our own keyword library."""
    return Path(str(resources.files("guiju.moderation").joinpath("data", "keywords")))


def builtin_policy() -> Path:
    """Return the path of our own policy."""
    return Path(str(resources.files("guiju.moderation").joinpath("data", "policy.yaml")))


def builtin_schema() -> Path:
    """Return the path of the JSON Schema of policies."""
    return Path(str(resources.files("guiju.moderation").joinpath("data", "policy.schema.json")))


@dataclass(frozen=True, slots=True)
class Workshop:
    """What a detector is built from."""

    library: Library
    policy: PolicyBundle
    normaliser: Normaliser


def _keywords(shop: Workshop) -> Detector:
    return KeywordDetector(shop.library, shop.policy, shop.normaliser)


def _personal_information(shop: Workshop) -> Detector:
    settings, personal = shop.policy.detectors["personal_information"], shop.policy.personal
    refused = personal.kinds if personal.upstream is Upstream.REFUSE else ()
    kinds = {Scope.INPUT: (*settings.kinds, *refused), Scope.OUTPUT: settings.kinds}
    return PersonalInformationDetector(kinds, settings.wishes, shop.policy.may_act)


def _put_away(policy: PolicyBundle) -> PersonalInformationDetector | None:
    """Make the detector that says what a vault puts away; None where nothing is."""
    if not policy.personal.needs_vault:
        return None
    wishes = dict.fromkeys(Scope, "observe")
    return PersonalInformationDetector(
        dict.fromkeys(Scope, policy.personal.kinds), wishes, lambda _finding, _scope: False
    )


def _classifier(shop: Workshop) -> Detector:
    # numpy is memory that a policy without a classifier never pays for.
    from guiju.moderation.classifier.model import load_classifier  # noqa: PLC0415
    from guiju.moderation.detectors.classifier import ClassifierDetector, judge_of  # noqa: PLC0415

    settings = shop.policy.detectors["classifier"]
    judge = judge_of(with_encoder=settings.encoder, heads=tuple(map(Path, settings.heads)))
    # Now: the first question would overrun its budget, and weights that are missing show at once.
    load_classifier(with_encoder=settings.encoder).get_ready()
    judge.heads()
    return ClassifierDetector(judge, shop.policy.may_act)


BUILDERS: Mapping[str, Callable[[Workshop], Detector]] = {
    "keywords": _keywords,
    "personal_information": _personal_information,
    "classifier": _classifier,
}
"""What makes each detector of `policy.DETECTORS`, in the order in which they look; a new detector is entered here."""


_EVERY_KIND = PersonalInformationDetector(
    dict.fromkeys(Scope, KINDS), dict.fromkeys(Scope, "observe"), lambda _finding, _scope: False
)


class _Detectors:
    """The detectors of an engine, built when they are first asked: most commands ask none, and wait for none."""

    def __init__(self, shop: Workshop, further: tuple[Detector, ...]) -> None:
        self._shop = shop
        self._further = further
        self._building = threading.Lock()
        self._built: Mapping[Scope, tuple[Detector, ...]] | None = None

    def __getitem__(self, scope: Scope) -> tuple[Detector, ...]:
        built = self._built
        return (self.build() if built is None else built)[scope]

    def build(self) -> Mapping[Scope, tuple[Detector, ...]]:
        with self._building:
            if self._built is None:
                self._built = self._build()
            return self._built

    def _build(self) -> Mapping[Scope, tuple[Detector, ...]]:
        policy = self._shop.policy
        built = {
            name: build(self._shop) if policy.detectors[name].enabled else NullDetector(name)
            for name, build in BUILDERS.items()
        }
        working = [(name, detector) for name, detector in built.items() if not isinstance(detector, NullDetector)]
        scopes = {name: policy.detectors[name].scopes for name, _ in working}
        return {scope: (*(one for name, one in working if scope in scopes[name]), *self._further) for scope in Scope}


@dataclass(frozen=True, slots=True)
class _Engine:
    """What is in force: one reference, swapped whole."""

    library: Library
    policy: PolicyBundle
    detectors: _Detectors
    panel: Panel | None
    put_away: PersonalInformationDetector | None


class Moderation:
    """Decides about texts by the library and the policy in force. Safe to call from several threads."""

    def __init__(  # noqa: PLR0913 - what it works with, told apart by name
        self,
        sources: LibrarySources,
        policy_path: Path | None = None,
        *,
        clock: Clock | None = None,
        further_detectors: Sequence[Detector] = (),
        environment: Mapping[str, str] | None = None,
        transport: Transport | None = None,
    ) -> None:
        """Read library and policy; without a path, our own policy.

        Args:
            sources: the keyword library.
            policy_path: the operator's policy.
            clock: the time.
            further_detectors: look after those that policy configures.
            environment: holds the keys of guards.
            transport: carries calls to guards; without one every guard fails, as its own fail policy says.

        Raises:
            LibraryError: a keyword file cannot be used.
            PolicyError: the policy cannot be used.
        """
        self._sources = sources
        self._policy_path = policy_path or builtin_policy()
        self._clock = clock or SystemClock()
        self._further = tuple(further_detectors)
        self._normaliser = base_normaliser()
        self._environment = os.environ if environment is None else environment
        self._transport = transport or NoTransport()
        self._reloading = threading.Lock()
        self._engine = self._build()

    @property
    def policy(self) -> PolicyBundle:
        """The bundle in force."""
        return self._engine.policy

    @property
    def panel(self) -> Panel | None:
        """The guards to ask after `decide`; None where policy has none."""
        return self._engine.panel

    def open_vault(self) -> Vault | None:
        """Begin to put personal information away; None where policy lets it pass."""
        engine = self._engine
        detector = engine.put_away
        if detector is None:
            return None
        personal = engine.policy.personal
        restores = personal.upstream is Upstream.RESTORE
        return Vault(
            lambda text: self._personal_information(detector, text), restores=restores, masks_logs=personal.masks_logs
        )

    def without_personal_information(self, text: str) -> str:
        """Return a text with placeholders in the place of every kind of personal information that we know."""
        return Vault(
            lambda said: self._personal_information(_EVERY_KIND, said), restores=False, masks_logs=True
        ).masked(text)

    def _personal_information(self, detector: PersonalInformationDetector, text: str) -> Sequence[Finding]:
        return detector.find(Tape.of(text, self._normaliser.normalise(text)), Scope.INPUT)

    async def aclose(self) -> None:
        """Give back the connections to guards."""
        await self._transport.aclose()

    def get_ready(self) -> None:
        """Build the detectors now, so that the first question does not wait for them; blocks for seconds.

        Raises:
            GuijuError: a detector that policy asks for cannot be built.
        """
        with self._reloading, without_collecting():
            self._engine.detectors.build()

    def reload(self) -> PolicyBundle:
        """Read library and policy anew and put them in force at once; streams that are open keep what they began with.

        Raises:
            LibraryError: a keyword file cannot be used; what was in force stays.
            PolicyError: the policy cannot be used; what was in force stays.
        """
        with self._reloading, without_collecting():
            engine = self._build()
            engine.detectors.build()
            self._engine = engine
        logger.info(
            "moderation reloaded", extra={"policy_hash": engine.policy.hash, "terms": len(engine.library.terms)}
        )
        return engine.policy

    def decide(self, text: str, scope: Scope, context: Context = ANYONE) -> Decision:
        """Decide about a whole text (GenAI Measures art. 14; design: fail closed)."""
        return self._decide(self._engine, text, scope, context=context)[0]

    def decide_by_words(self, text: str, scope: Scope, context: Context = ANYONE) -> Decision:
        """Decide about a whole text by the keyword library alone."""
        return self._decide(self._engine, text, scope, context=context, only="keywords")[0]

    def decide_found(self, findings: Sequence[Finding], scope: Scope, failures: Collection[str]) -> Decision:
        """Decide by what others found: about pictures and sound, which no detector here can read."""
        return decide_from(findings, self._engine.policy, scope, failures=failures)

    def masked(self, text: str, decision: Decision, context: Context = ANYONE) -> str:
        """Return `text` as it may go on after `decision`: with what policy replaces masked or replaced."""
        policy = self._engine.policy
        return masked(text, decision.findings, policy, scope=decision.scope, context=policy.relevant(context))

    def open_stream(self, scope: Scope, context: Context = ANYONE) -> ModeratedStream:
        """Start to watch a text that comes in pieces."""
        engine = self._engine
        return ModeratedStream(
            engine.detectors[scope],
            engine.policy,
            scope,
            normaliser=self._normaliser,
            clock=self._clock,
            context=engine.policy.relevant(context),
        )

    def explain(self, text: str, scope: Scope, context: Context = ANYONE) -> Explanation:
        """Say what a text would decide, and why, with the findings in the original text."""
        engine = self._engine
        decision, view = self._decide(engine, text, scope, context=context)
        explained = tuple(
            ExplainedFinding(
                finding=finding,
                found=text[finding.start : finding.end],
                term=term.text if (term := engine.library.term(finding.term_id)) else "",
                action=engine.policy.action_for(finding, scope, engine.policy.relevant(context)),
            )
            for finding in decision.findings
        )
        stream = self.open_stream(scope, context)
        released = stream.push(text).text + stream.finish().text
        return Explanation(decision, explained, _segments(text, decision.findings), view.symbols, released)

    def policy_check(self, source: Path | bytes) -> PolicyCheck:
        """Say whether a policy could be put in force, and if not, every line that is wrong."""
        try:
            content, where = (source, "policy") if isinstance(source, bytes) else (_read(source), str(source))
        except PolicyError as error:
            return PolicyCheck("", "", (Refusal(error.where, 0, "", error.zh, error.en),))
        bundle, errors = read_policy(content, where, self._engine.library.content_hash)
        return PolicyCheck(bundle.name, bundle.hash, ()) if bundle else PolicyCheck("", "", errors)

    def library_stats(self) -> LibraryStats:
        """Return the library in force in numbers."""
        return self._engine.library.stats

    def terms(self) -> tuple[Term, ...]:
        """Return every term in force, sorted by id."""
        return self._engine.library.terms

    def term(self, term_id: str) -> Term | None:
        """Return the term in force with this id, or None."""
        return self._engine.library.term(term_id)

    def search_terms(self, query: str, risk: str = "", *, offset: int = 0, limit: int = 50) -> TermPage:
        """Return a page of the terms that contain `query`, of one risk or chapter or of all."""
        return self._engine.library.search(query, risk, offset=offset, limit=limit)

    def _decide(
        self, engine: _Engine, text: str, scope: Scope, *, context: Context, only: str = ""
    ) -> tuple[Decision, Normalised]:
        view = self._normaliser.normalise(text)
        tape = Tape.of(text, view)
        findings: list[Finding] = []
        failures: list[str] = []
        for detector in (one for one in engine.detectors[scope] if not only or one.name == only):
            began = self._clock.monotonic()
            try:
                findings.extend(detector.find(tape, scope))
            except Exception as error:  # whatever a detector dies of, it has not seen the text: fail as policy says
                logger.exception("detector %s failed", detector.name)
                failures.append(f"{detector.name} 出错（{type(error).__name__}）")
                continue
            budget_ms = engine.policy.budget_ms(detector.name, scope)
            if (self._clock.monotonic() - began) * 1000 > budget_ms:
                logger.error("detector %s overran %d ms", detector.name, budget_ms)
                failures.append(f"{detector.name} 超时（{budget_ms} 毫秒）")
        policy = engine.policy
        return decide_from(findings, policy, scope, failures=failures, context=policy.relevant(context)), view

    def _build(self) -> _Engine:
        library = load_library(self._sources)
        policy = parse_policy(_read(self._policy_path), str(self._policy_path), library.content_hash)
        detectors = _Detectors(Workshop(library, policy, self._normaliser), self._further)
        panel = None
        if policy.guards or policy.streams.release is not Release.EXACT:
            panel = Panel(policy, self._transport, clock=self._clock, environment=self._environment)
        return _Engine(library, policy, detectors, panel, _put_away(policy))


@contextmanager
def without_collecting() -> Iterator[None]:
    """Build without the garbage collector: to look through a large library keeps every stream waiting.

    What is built has no cycles, so nothing is lost; it is put where later collections do not look.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_POLICY_BYTES + 1)
    except OSError as error:
        raise PolicyError(
            f"无法读取策略文件：{error.strerror}。", f"The policy cannot be read: {error.strerror}.", where=str(path)
        ) from error


def _segments(text: str, findings: Sequence[Finding]) -> tuple[Segment, ...]:
    shown = findings[:MAX_SHOWN]
    edges = sorted({0, len(text), *(edge for finding in shown for edge in (finding.start, finding.end))})
    return tuple(
        Segment(
            text[low:high],
            tuple(at for at, finding in enumerate(shown) if finding.start <= low and high <= finding.end),
        )
        for low, high in itertools.pairwise(edges)
    )
