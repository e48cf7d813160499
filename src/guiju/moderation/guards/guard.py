"""One guard: cache, breaker, budget, pieces of long texts, and its verdict as findings."""

import asyncio
import hashlib
import logging
import re
from collections.abc import Iterator, Mapping

import orjson

from guiju.kit.clock import Clock
from guiju.moderation.errors import PolicyError
from guiju.moderation.guards.breaker import Breaker
from guiju.moderation.guards.cache import VerdictCache
from guiju.moderation.guards.formats.choose import FORMATS
from guiju.moderation.guards.interface import (
    Address,
    GuardError,
    GuardTally,
    NonsenseError,
    Question,
    Said,
    Transport,
    Verdict,
)
from guiju.moderation.models import Decision, Finding
from guiju.moderation.policy.categories import load_categories
from guiju.moderation.policy.guards import Ask, GuardPolicy

logger = logging.getLogger(__name__)

MOST_PIECES = 16
_OVERLAP_SHARE = 10
_GRACE_SECONDS = 0.05
_LEVELS = {"unsafe": "high", "controversial": "medium"}


class Guard:
    """A guard that can be asked, under one policy."""

    def __init__(
        self,
        policy: GuardPolicy,
        policy_hash: str,
        transport: Transport,
        *,
        clock: Clock,
        environment: Mapping[str, str],
    ) -> None:
        """Speak to the guard of `policy`.

        Raises:
            PolicyError: the environment has not the key that the policy names.
        """
        self.policy = policy
        self._salt = f"{policy_hash}|{policy.name}|".encode()
        self._transport = transport
        self._clock = clock
        self._format = FORMATS[policy.kind](policy)
        base = policy.url if re.search(r"/v\d+$", policy.url) else f"{policy.url}/v1"
        self._address = Address(base, _headers(policy, environment))
        self._breaker = Breaker(clock, policy.breaker_failures, policy.breaker_seconds)
        self._cache = VerdictCache(clock, policy.cache_entries, policy.cache_seconds)
        self._places = asyncio.Semaphore(policy.concurrency)
        self._categories = load_categories()[0][policy.kind]

    def wants(self, question: Question, decision: Decision) -> bool:
        """Tell whether policy asks about such a text; which texts are sampled follows from their hash alone."""
        policy = self.policy
        if policy.ask is Ask.ALWAYS:
            return True
        if policy.ask is Ask.UNCERTAIN:
            return any(
                policy.at_least <= finding.score < policy.below or finding.wish in policy.uncertain_wishes
                for finding in decision.findings
            )
        digest = hashlib.sha256(policy.name.encode() + b"|" + _encoded(question.text)).digest()
        return int.from_bytes(digest[:8], "big") < policy.share * 2**64

    async def ask(self, question: Question, tally: GuardTally) -> Verdict:
        """Return the verdict on a text, from memory or by asking.

        Raises:
            GuardError: there is none.
        """
        pieces = tuple(self._pieces(question))
        if len(pieces) > MOST_PIECES:
            tally.failed += 1
            raise GuardError(f"文本超过 {MOST_PIECES} 段")
        began = self._clock.monotonic()
        answers = [asyncio.ensure_future(self._ask_piece(piece, tally)) for piece in pieces]
        try:
            verdicts = await asyncio.gather(*answers)
        except GuardError:
            tally.failed += 1
            raise
        finally:
            for answer in answers:
                answer.cancel()
            tally.milliseconds += round((self._clock.monotonic() - began) * 1000)
        verdict = tuple(dict.fromkeys(said for one in verdicts for said in one))
        tally.flagged += bool(verdict)
        return verdict

    def findings(self, verdict: Verdict, span: tuple[int, int]) -> list[Finding]:
        """Return a verdict on the stretch `span` as findings; a class that is none of the 31 risks gives none."""
        found = ((said, self._categories.of(said.category, self.policy.categories)) for said in verdict)
        return [self._finding(said, risks, span) for said, risks in found if risks]

    def _finding(self, said: Said, risks: tuple[str, ...], span: tuple[int, int]) -> Finding:
        return Finding(
            detector=self.policy.name,
            risks=risks,
            level=_LEVELS[said.label],
            wish=self.policy.wishes[said.label],
            start=span[0],
            end=span[1],
            term_id=f"guard:{self.policy.name}:{said.category}",
            view="guard",
            reason=f"审核模型判为 {said.label}",
            score=said.score,
        )

    def _pieces(self, question: Question) -> Iterator[Question]:
        most = self.policy.max_chars
        stride = most - most // _OVERLAP_SHARE
        for start in range(0, max(1, len(question.text) - most // _OVERLAP_SHARE), stride):
            yield Question(question.text[start : start + most], question.scope, question.prompt[-most:])

    async def _ask_piece(self, piece: Question, tally: GuardTally) -> Verdict:
        asked = (piece.scope.value, piece.prompt, piece.text)
        key = hashlib.sha256(self._salt + b"|".join(hashlib.sha256(_encoded(part)).digest() for part in asked)).digest()
        known = self._cache.get(key)
        if known is not None:
            tally.cached += 1
            return known
        if not self._breaker.may_ask():
            raise GuardError(f"连续失败，{self.policy.breaker_seconds} 秒内不再询问")
        tally.asked += 1
        verdict = await self._judged(piece)
        self._cache.put(key, verdict)
        return verdict

    async def _judged(self, piece: Question) -> Verdict:
        now = asyncio.get_running_loop().time
        ends_at = now() + self.policy.budget_ms / 1000
        is_over = False
        try:
            async with asyncio.timeout_at(ends_at + _GRACE_SECONDS), self._places:
                asked = orjson.dumps(self._format.request(piece))
                left = max(_GRACE_SECONDS, ends_at - now())
                body = await self._transport.post(self._address, self._format.path, asked, seconds=left)
            self._breaker.succeeded()
            is_over = True
            return self._format.verdict(body, piece)
        except NonsenseError as error:
            logger.warning("guard %s gave no verdict: %s", self.policy.name, error)
            raise
        except TimeoutError:
            # Waiting for a place is our own load, not the guard's failure; its own silence ends inside.
            raise GuardError(f"{self.policy.budget_ms} 毫秒内没有轮到") from None
        except GuardError as error:
            self._breaker.failed()
            is_over = True
            logger.warning("guard %s failed: %s", self.policy.name, error)
            raise
        finally:
            if not is_over:
                self._breaker.gave_up()


def _encoded(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def _headers(policy: GuardPolicy, environment: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    if not policy.api_key_env:
        return ()
    key = environment.get(policy.api_key_env, "")
    if not key:
        raise PolicyError(
            f"审核模型 {policy.name} 需要环境变量 {policy.api_key_env}；请先设置它再启动。",
            f"The guard {policy.name} needs the environment variable {policy.api_key_env}; set it and start again.",
            where=f"guards.{policy.name}.api_key_env",
        )
    return (("Authorization", f"Bearer {key}"),)
