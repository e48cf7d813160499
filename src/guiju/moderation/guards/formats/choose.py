"""The format of each kind of guard."""

from collections.abc import Callable, Mapping

from guiju.moderation.guards.formats.llama_guard import LlamaGuard
from guiju.moderation.guards.formats.openai_moderation import OpenAIModeration
from guiju.moderation.guards.formats.prompted import Prompted
from guiju.moderation.guards.formats.qwen3guard import Qwen3Guard
from guiju.moderation.guards.formats.qwen3guard_stream import Qwen3GuardStream
from guiju.moderation.guards.formats.shieldlm import ShieldLM
from guiju.moderation.guards.interface import Format
from guiju.moderation.policy.guards import GuardKind, GuardPolicy

FORMATS: Mapping[GuardKind, Callable[[GuardPolicy], Format]] = {
    GuardKind.QWEN3GUARD: lambda guard: Qwen3Guard(guard.model),
    GuardKind.QWEN3GUARD_STREAM: lambda guard: Qwen3GuardStream(guard.model),
    GuardKind.SHIELDLM: lambda guard: ShieldLM(guard.model, guard.prompt),
    GuardKind.LLAMA_GUARD: lambda guard: LlamaGuard(guard.model),
    GuardKind.OPENAI_MODERATION: lambda guard: OpenAIModeration(guard.model),
    GuardKind.PROMPTED: lambda guard: Prompted(guard.model, guard.prompt),
}
"""How each kind is spoken to; a new kind is entered here and in `data/guards.yaml`."""
