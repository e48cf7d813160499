"""Answers that are no conversation: a model server is asked once, and the stage of their kind lets them out."""

from guiju.gateway.endpoints import Answer
from guiju.gateway.errors import UnsupportedContentError
from guiju.gateway.exchange import Exchange
from guiju.gateway.ports import MediaLabelling
from guiju.gateway.stages.closing import Made
from guiju.gateway.stages.desk import Desk
from guiju.gateway.stages.media import MediaStage
from guiju.gateway.stages.release_count import release_count
from guiju.gateway.stages.release_media import MediaRelease
from guiju.gateway.stages.release_vectors import release_vectors
from guiju.gateway.stages.release_verdict import release_verdict
from guiju.gateway.stages.release_words import release_anything, release_transcript
from guiju.gateway.wire.audio import SPEECH
from guiju.gateway.wire.request import ChatRequest

_BUILT_IN = frozenset(("echo", "law-assistant", "gguf"))


class OtherAnswers:
    """The last stage of every endpoint that does not answer with a conversation."""

    def __init__(self, desk: Desk, media: MediaStage, labelling: MediaLabelling | None) -> None:
        """Work at `desk`; media that are made are looked at by `media` and labelled by `labelling`."""
        self._desk = desk
        self._media = MediaRelease(media, labelling)

    def check(self, kind: Answer, request: ChatRequest) -> None:
        """Make sure, before anybody is asked, that such an answer could be given and could leave.

        Raises:
            UnknownModelError: nobody serves the model.
            UnsupportedContentError: whoever serves it can only converse.
            UnlabelledMediaError: what would be made could not be looked at or labelled.
        """
        if kind is Answer.VERDICT:
            return
        self._desk.pool.check_model(request.model)
        if kind is Answer.COUNT:
            return
        if request.reshape is None and not request.is_conversation:
            self._check_kind(request.model)
        if kind is Answer.PICTURES:
            self._media.check_pictures()
        elif kind is Answer.SPEECH:
            self._media.check_type(SPEECH[str(request.fields["response_format"])])

    def _check_kind(self, model: str) -> None:
        kinds = {state.kind for state in self._desk.pool.states() if model in state.models}
        if kinds and kinds <= _BUILT_IN:
            raise UnsupportedContentError(
                f"模型 {model[:64]!r} 只能对话，不支持此端点；请换用接入了该端点的模型。",
                f"The model {model[:64]!r} can only converse; ask a model whose server has this endpoint.",
                where="model",
            )

    async def answer(self, exchange: Exchange, kind: Answer) -> Made:
        """Ask, and return what may leave; the exchange is closed by then.

        Raises:
            UpstreamError: there is no answer; the exchange is open still.
            OutputRefusedError: the answer may not leave; the exchange is closed.
            UnlabelledMediaError: it cannot be labelled; the exchange is closed.
            EvidenceUnavailableError: it cannot be evidenced.
        """
        desk = self._desk
        if kind is Answer.VERDICT:
            return await release_verdict(desk, exchange)
        if kind is Answer.COUNT:
            return await release_count(desk, exchange)
        exchange.upstream, answer = await desk.pool.complete(exchange.for_upstream)
        exchange.upstream_first_ms = round((desk.clock.monotonic() - exchange.started) * 1000)
        if kind is Answer.VECTORS:
            return await release_vectors(desk, exchange, answer)
        if kind is Answer.PICTURES:
            return await self._media.release_pictures(desk, exchange, answer)
        if kind is Answer.SPEECH:
            return await self._media.release_speech(desk, exchange, answer)
        release = release_transcript if kind is Answer.TRANSCRIPT else release_anything
        return await release(desk, exchange, answer)
