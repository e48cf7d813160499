"""What policy says about a guard model: where it is, when it is asked, what follows. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from guiju.moderation.models import Action


class GuardKind(StrEnum):
    """The wire formats that we speak."""

    QWEN3GUARD = "qwen3guard"
    QWEN3GUARD_STREAM = "qwen3guard-stream"
    SHIELDLM = "shieldlm"
    LLAMA_GUARD = "llama-guard"
    OPENAI_MODERATION = "openai-moderation"
    PROMPTED = "prompted"


class Ask(StrEnum):
    """When a guard is asked."""

    ALWAYS = "always"
    UNCERTAIN = "uncertain"
    SAMPLED = "sampled"


class Window(StrEnum):
    """How much of an answer a guard is asked about at a time; what it was not asked about is held."""

    SENTENCES = "sentences"
    WHOLE = "whole"


ON_FAILURE: Mapping[str, Action] = {"closed": Action.UNDETERMINED, "hold": Action.HOLD, "open": Action.ALLOW}
LABELS = ("unsafe", "controversial")


@dataclass(frozen=True, slots=True)
class GuardPolicy:
    """One guard.

    Attributes:
        name: the detector's name in findings and rules.
        kind: how it is spoken to.
        url: its base address, with or without `/v1`.
        model: the name of the model there.
        api_key_env: the environment variable with its key; empty for none.
        scopes: of `ANYWHERE`.
        ask: when it is asked.
        at_least: with `uncertain`, the lowest score of a finding that is not certain.
        below: the score from which on a finding is certain.
        uncertain_wishes: with `uncertain`, findings with these wishes are not certain either, whatever their score.
        share: with `sampled`, the share of texts, chosen by the hash of the text.
        window: how much of an answer at a time.
        window_chars: a window of sentences ends after so many characters at the latest.
        budget_ms: how long one text may take; longer is a failure.
        on_failure: what follows when it has not judged.
        breaker_failures: after so many failures in a row it is not asked for a while.
        breaker_seconds: how long.
        cache_entries: how many verdicts are remembered.
        cache_seconds: how long.
        max_chars: longer texts are asked about in pieces.
        concurrency: how many texts at once.
        wishes: unsafe or controversial → what its findings ask for.
        categories: its name for a class → risks, where that differs from ours.
        prompt: the policy prompt of `prompted`, the template of `shieldlm`; empty for ours.
    """

    name: str
    kind: GuardKind
    url: str
    model: str
    api_key_env: str
    scopes: tuple[str, ...]
    ask: Ask
    at_least: float
    below: float
    uncertain_wishes: tuple[str, ...]
    share: float
    window: Window
    window_chars: int
    budget_ms: int
    on_failure: Action
    breaker_failures: int
    breaker_seconds: int
    cache_entries: int
    cache_seconds: int
    max_chars: int
    concurrency: int
    wishes: Mapping[str, str]
    categories: Mapping[str, tuple[str, ...]]
    prompt: str
