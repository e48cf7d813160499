"""A witness: a small server, run by another department or an auditor, that cosigns a log only while it merely grows.

It speaks C2SP tlog-witness and signs as C2SP tlog-cosignature v1. Its folder holds `witness.key` (made when missing),
`witness.vkey` (to be given to the log's operator), `logs.txt` (the verifier keys of the logs it serves, one a line) and
the last checkpoint that it cosigned for each log.
"""

import base64
import binascii
import fcntl
import hashlib
import json
import logging
import os
import re
import threading
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from guiju.kit.clock import Clock, SystemClock
from guiju.kit.errors import ConfigurationError
from guiju.ledger.errors import NoteError
from guiju.ledger.keyring import KEY_BYTES, read_or_make_secret
from guiju.ledger.merkle import TreeHash, is_consistent
from guiju.ledger.notes import (
    COSIGNATURE,
    ED25519,
    Signature,
    TreeHead,
    VerifierKey,
    cosigned_message,
    hash_of_origin,
    parse_checkpoint,
    parse_verifier_key,
)
from guiju.storage.blobs import write_atomically

_MAX_REQUEST = 64 * 1024
_MAX_PROOF_LINES = 63
_REQUEST = re.compile(r"old (0|[1-9][0-9]{0,15})\n((?:[A-Za-z0-9+/=]{1,100}\n)*)\n(.+)", re.DOTALL)
_TIMEOUT_SECONDS = 10

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer."""

    status: HTTPStatus
    text: str
    content_type: str = "text/plain; charset=utf-8"


class Witness:
    """Decides about checkpoints and remembers the last one of each log; knows nothing of HTTP but the status."""

    def __init__(self, folder: Path, clock: Clock, *, name: str = "guiju-witness") -> None:
        """Keep everything in `folder`; sign as `name`.

        Raises:
            ConfigurationError: a key cannot be used, or another witness works in this folder.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._held = (folder / ".lock").open("w", encoding="ascii")
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ConfigurationError(
                "另一个见证者正在使用这个文件夹。", "Another witness works in this folder.", where=str(folder)
            ) from error
        self._private = Ed25519PrivateKey.from_private_bytes(read_or_make_secret(folder / "witness.key", KEY_BYTES))
        self.key = VerifierKey(name, COSIGNATURE, self._private.public_key().public_bytes_raw())
        parse_verifier_key(self.key.text)  # a name that cannot stand in a note is refused here
        write_atomically(folder / "witness.vkey", (self.key.text + "\n").encode(), mode=0o644)
        self._folder = folder
        self._clock = clock
        self._lock = threading.Lock()

    def close(self) -> None:
        """Give the folder free."""
        self._held.close()

    def add_checkpoint(self, request: str) -> Reply:
        """Answer one `add-checkpoint` request: a cosignature, or why there is none (C2SP tlog-witness)."""
        found = _REQUEST.fullmatch(request)
        lines = found.group(2).split() if found else []
        if found is None or len(lines) > _MAX_PROOF_LINES:
            return Reply(HTTPStatus.BAD_REQUEST, "no add-checkpoint request\n")
        try:
            head, signatures = parse_checkpoint(found.group(3))
            proof = [base64.b64decode(line, validate=True) for line in lines]
        except (NoteError, binascii.Error) as error:
            return Reply(HTTPStatus.BAD_REQUEST, f"{error}\n")
        keys = [key for key in self._logs() if key.name == head.origin]
        if not keys:
            return Reply(HTTPStatus.NOT_FOUND, "this witness does not serve that log\n")
        if not any(key.has_signed(head.text, signatures) for key in keys):
            return Reply(HTTPStatus.FORBIDDEN, "no signature of a trusted key verifies\n")
        old = int(found.group(1))
        if old > head.size:
            return Reply(HTTPStatus.BAD_REQUEST, "the old size is greater than the checkpoint's\n")
        with self._lock:  # comparing with the last checkpoint and writing the new one are one step
            return self._cosign(head, old, proof)

    def last_checkpoint(self, origin: str) -> str | None:
        """Return the last cosigned checkpoint of `origin`, with the cosignature."""
        path = self._path(origin)
        return str(json.loads(path.read_bytes())["note"]) if path.exists() else None

    def _cosign(self, head: TreeHead, old: int, proof: list[bytes]) -> Reply:
        size, root = self._last(head.origin)
        if old != size:
            return Reply(HTTPStatus.CONFLICT, f"{size}\n", "text/x.tlog.size")
        if old == head.size and old and root != head.root:
            _log.error("a log showed two roots for one size", extra={"origin": head.origin, "size": head.size})
            return Reply(HTTPStatus.CONFLICT, f"{size}\n", "text/x.tlog.size")
        tree_hash = TreeHash(hash_of_origin(head.origin))
        if not is_consistent(tree_hash, (old, root or tree_hash.empty()), (head.size, head.root), path=proof):
            _log.error(
                "a log showed a checkpoint that does not continue its last",
                extra={"origin": head.origin, "size": head.size},
            )
            return Reply(HTTPStatus.UNPROCESSABLE_ENTITY, "the consistency proof does not verify\n")
        at = int(self._clock.now().timestamp())
        signature = at.to_bytes(8, "big") + self._private.sign(cosigned_message(head.text, at))
        line = Signature(self.key.name, self.key.key_id, signature).line
        kept = {"origin": head.origin, "size": head.size, "root": head.root.hex(), "note": f"{head.text}\n{line}"}
        write_atomically(self._path(head.origin), json.dumps(kept, ensure_ascii=False).encode())
        return Reply(HTTPStatus.OK, line)

    def _last(self, origin: str) -> tuple[int, bytes]:
        path = self._path(origin)
        if not path.exists():
            return 0, b""
        kept = json.loads(path.read_bytes())
        return int(kept["size"]), bytes.fromhex(kept["root"])

    def _logs(self) -> list[VerifierKey]:
        """Read the served logs anew each time: whoever runs the witness adds one without a restart."""
        path = self._folder / "logs.txt"
        keys = []
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
            if line.strip() and not line.startswith("#"):
                try:
                    key = parse_verifier_key(line)
                except NoteError as error:
                    _log.warning("a line of logs.txt is no verifier key", extra={"reason": error.en})
                    continue
                keys += [key] if key.kind == ED25519 else []
        return keys

    def _path(self, origin: str) -> Path:
        return self._folder / "state" / f"{hashlib.sha256(origin.encode()).hexdigest()}.json"


class WitnessServer(ThreadingHTTPServer):
    """The witness behind HTTP: `POST /add-checkpoint`, and `GET /` for its public key."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], witness: Witness) -> None:
        """Listen on `address`; port 0 takes a free one."""
        self.witness = witness
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: WitnessServer
    protocol_version = "HTTP/1.1"
    timeout = _TIMEOUT_SECONDS

    def do_GET(self) -> None:
        if self.path == "/":
            self._send(Reply(HTTPStatus.OK, self.server.witness.key.text + "\n"))
        else:
            self._send(Reply(HTTPStatus.NOT_FOUND, "not found\n"))

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self.path != "/add-checkpoint":
            self.close_connection = True
            self._send(Reply(HTTPStatus.NOT_FOUND, "not found\n"))
        elif not (length.isascii() and length.isdigit() and len(length) < 8 and int(length) <= _MAX_REQUEST):  # noqa: PLR2004
            self.close_connection = True
            self._send(Reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "a request has a Content-Length of at most 64 KiB\n"))
        else:
            self._add(self.rfile.read(int(length)))

    def _add(self, content: bytes) -> None:
        try:
            reply = self.server.witness.add_checkpoint(content.decode())
        except UnicodeDecodeError:
            reply = Reply(HTTPStatus.BAD_REQUEST, "not UTF-8\n")
        except (OSError, ValueError) as error:
            _log.exception("the witness could not keep its state")
            reply = Reply(HTTPStatus.INTERNAL_SERVER_ERROR, f"{type(error).__name__}\n")
        self._send(reply)

    def _send(self, reply: Reply) -> None:
        content = reply.text.encode()
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *values: object) -> None:  # noqa: A002 - the name that http.server gives it
        _log.info(format, *values)


def run_witness(host: str, port: int, folder: Path, *, name: str = "guiju-witness", clock: Clock | None = None) -> None:
    """Serve until interrupted. The public key to give to the log's operator stands in `folder/witness.vkey`.

    Raises:
        ConfigurationError: a key cannot be used, another witness works in this folder, or the port is taken.
    """
    witness = Witness(folder, clock or SystemClock(), name=name)
    try:
        with WitnessServer((host, port), witness) as server:
            _log.info(
                "witness %s listens on %s:%d, process %d", witness.key.name, host, server.server_port, os.getpid()
            )
            server.serve_forever()
    except OSError as error:
        raise ConfigurationError(
            f"见证者无法在 {host}:{port} 监听：{error.strerror}。",
            f"The witness cannot listen on {host}:{port}: {error.strerror}.",
        ) from error
    finally:
        witness.close()
