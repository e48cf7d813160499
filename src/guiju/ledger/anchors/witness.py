"""Shows each checkpoint to a witness (C2SP tlog-witness), which signs it only when it continues what it saw before."""

import base64

from guiju.kit.clock import Clock
from guiju.kit.errors import ConfigurationError
from guiju.ledger.anchors.http import Answer, Poster
from guiju.ledger.anchors.interface import ProveConsistency
from guiju.ledger.errors import AnchorError, NoteError
from guiju.ledger.models import AnchorReceipt, SignedCheckpoint
from guiju.ledger.notes import COSIGNATURE, parse_checkpoint, parse_signatures, parse_verifier_key

_CONFLICT = 409
_TRIES = 3


class WitnessAnchor:
    """A witness at an address, known by its public key."""

    def __init__(self, url: str, verifier_key: str, clock: Clock, *, timeout_seconds: float = 5.0) -> None:
        """Ask the witness whose submission address is `url` and whose key is `verifier_key`.

        Raises:
            ConfigurationError: the address cannot be used, or the key is no cosigning key.
        """
        try:
            self._key = parse_verifier_key(verifier_key)
        except NoteError as error:
            raise ConfigurationError(error.zh, error.en, where="anchors") from error
        if self._key.kind != COSIGNATURE:
            raise ConfigurationError("见证者公钥须为联署公钥。", "A witness has a cosigning key.", where="anchors")
        self._poster = Poster(url.rstrip("/") + "/add-checkpoint", timeout_seconds=timeout_seconds)
        self._clock = clock
        self._url = url
        self._seen = 0
        self.name = self._key.name

    def anchor(self, checkpoint: SignedCheckpoint, prove: ProveConsistency) -> AnchorReceipt | None:
        """Return the witness's cosignature lines; None where the witness has seen a larger log already.

        Raises:
            AnchorError: it did not answer, refused, or its cosignature does not verify.
        """
        for _ in range(_TRIES):
            if self._seen > checkpoint.size:
                return None
            answer = self._poster.post(self._request(checkpoint, prove), "text/plain; charset=utf-8")
            if answer.is_ok:
                self._seen = checkpoint.size
                return self._receipt(checkpoint, answer)
            seen = _size(answer) if answer.status == _CONFLICT else None
            if seen is None or seen == self._seen:
                raise self._refused(answer)
            self._seen = seen
        raise self._refused(answer)

    def _request(self, checkpoint: SignedCheckpoint, prove: ProveConsistency) -> bytes:
        path = prove(self._seen, checkpoint.size).path
        proof = "".join(base64.b64encode(bytes.fromhex(step)).decode() + "\n" for step in path)
        return f"old {self._seen}\n{proof}\n{checkpoint.note}".encode()

    def _receipt(self, checkpoint: SignedCheckpoint, answer: Answer) -> AnchorReceipt:
        head, _ = parse_checkpoint(checkpoint.note)
        try:
            signatures = parse_signatures(answer.body.decode())
        except (NoteError, UnicodeDecodeError) as error:
            raise self._refused(answer) from error
        own = tuple(one for one in signatures if (one.name, one.key_id) == (self._key.name, self._key.key_id))
        if self._key.cosigned_at(head.text, own) is None:
            raise AnchorError(
                f"见证者 {self.name} 的联署验证不通过；请核对它的公钥。",
                f"The cosignature of witness {self.name} does not verify; check its public key.",
                where=self._url,
            )
        content = "".join(one.line for one in own).encode()
        return AnchorReceipt("witness", self.name, checkpoint.size, content, self._clock.now())

    def _refused(self, answer: Answer) -> AnchorError:
        reason = answer.body[:200].decode(errors="replace").strip()
        return AnchorError(
            f"见证者 {self.name} 拒绝了检查点（{answer.status}）：{reason}。若它见过另一个根，账本可能被改写，请立即核查。",  # noqa: E501
            f"The witness {self.name} refused the checkpoint ({answer.status}): {reason}. If it has seen another root, "
            "the log may have been rewritten: look into it now.",
            where=self._url,
        )


def _size(answer: Answer) -> int | None:
    text = answer.body.strip()
    return int(text) if text.isdigit() and len(text) <= 16 else None  # noqa: PLR2004 - sizes stay below 2^53
