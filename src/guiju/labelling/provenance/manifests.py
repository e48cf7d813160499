"""Manifests through c2pa-rs (c2pa-python, an extra): nothing is fetched, no thumbnails, one manifest a file."""

import json
from collections.abc import Iterator, Mapping
from typing import BinaryIO

import c2pa

from guiju.labelling.errors import SealError
from guiju.labelling.provenance.interface import ProvenanceReading, ProvenanceState, SealWish
from guiju.labelling.provenance.signing_keys import SigningKeys

_SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_BY_MODEL = f"{_SOURCE_TYPES}trainedAlgorithmicMedia"
_GENERATOR = {"name": "Guiju"}
_LONGEST, _MOST = 200, 50
_STATES = {
    "Trusted": ProvenanceState.TRUSTED,
    "Valid": ProvenanceState.VALID,
    "Invalid": ProvenanceState.INVALID,
}
Tree = Mapping[str, object]


class Manifests:
    """Reads manifests, and signs them where there is something to sign with."""

    def __init__(self, keys: SigningKeys | None = None, *, trusted: bytes = b"") -> None:
        """Sign with `keys`; `trusted` are certificates of authorities as PEM, whose signers are trusted."""
        self._keys = keys
        self._settings: dict[str, object] = {
            "builder": {"thumbnail": {"enabled": False}},
            "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": bool(trusted)},
        }
        if trusted:
            self._settings["trust"] = {"user_anchors": trusted.decode("ascii", "replace")}

    @property
    def certificate(self) -> str:
        """SHA-256 of the signing certificate, in hex; empty where nothing can be signed."""
        return self._keys.digest if self._keys is not None else ""

    def seal(self, source: BinaryIO, target: BinaryIO, wish: SealWish) -> None:
        """Write the content of `source` with a signed manifest into `target`; see the interface."""
        if self._keys is None:
            raise SealError("没有签名证书", "there is nothing to sign with")
        keys = self._keys
        info = c2pa.C2paSignerInfo(keys.algorithm.encode(), keys.chain, keys.key, keys.timestamp.encode() or None)
        try:
            with (
                c2pa.Signer.from_info(info) as signer,
                c2pa.Context.from_dict(self._settings) as context,
                c2pa.Builder(_manifest(wish), context) as builder,
            ):
                if wish.parent is not None:
                    builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
                    wish.parent.seek(0)
                    parent = {"title": wish.title, "relationship": "parentOf"}
                    builder.add_ingredient(parent, wish.media_type, wish.parent)
                source.seek(0)
                builder.sign(signer, wish.media_type, source, target)
        except c2pa.C2paError as error:
            raise SealError(f"C2PA：{_short(error)}", f"C2PA: {_short(error)}") from error

    def read(self, stream: BinaryIO, media_type: str) -> ProvenanceReading:
        """Read the manifest in content of a media type; see the interface."""
        stream.seek(0)
        try:
            with c2pa.Context.from_dict(self._settings) as context:
                reader = c2pa.Reader.try_create(media_type, stream, context=context)
                if reader is None:
                    return ProvenanceReading(ProvenanceState.ABSENT)
                with reader:
                    return _reading(json.loads(reader.json()))
        except (c2pa.C2paError, ValueError, RecursionError) as error:
            return ProvenanceReading(ProvenanceState.UNREADABLE, detail=_short(error))


def _manifest(wish: SealWish) -> dict[str, object]:
    action: dict[str, object] = {"action": "c2pa.edited.metadata"}
    if wish.is_created and wish.parent is None:
        action = {"action": "c2pa.created", "digitalSourceType": _BY_MODEL}
    elif wish.is_created:
        action["digitalSourceType"] = _BY_MODEL
    return {
        "claim_generator_info": [_GENERATOR],
        "title": wish.title,
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [action]}}],
    }


def _reading(tree: Tree) -> ProvenanceReading:
    manifests = _dict(tree.get("manifests"))
    active = _dict(manifests.get(str(tree.get("active_manifest"))))
    failed = _list(_dict(_dict(tree.get("validation_results")).get("activeManifest")).get("failure"))
    failures = [str(_dict(one).get("code"))[:_LONGEST] for one in failed[:_MOST]]
    generators = _list(active.get("claim_generator_info"))
    signature = _dict(active.get("signature_info"))
    types = {one for manifest in list(manifests.values())[:_MOST] for one in _source_types(_dict(manifest))}
    return ProvenanceReading(
        _STATES.get(str(tree.get("validation_state")), ProvenanceState.INVALID),
        generator=str(_dict(generators[0]).get("name", ""))[:_LONGEST] if generators else "",
        signer=str(signature.get("issuer") or signature.get("common_name") or "")[:_LONGEST],
        source_types=tuple(sorted(types))[:_MOST],
        failures=tuple(dict.fromkeys(failures)),
        parents=sum(_dict(one).get("relationship") == "parentOf" for one in _list(active.get("ingredients"))),
    )


def _source_types(manifest: Tree) -> Iterator[str]:
    for assertion in _list(manifest.get("assertions"))[:_MOST]:
        for action in _list(_dict(_dict(assertion).get("data")).get("actions"))[:_MOST]:
            named = _dict(action).get("digitalSourceType")
            if isinstance(named, str) and named:
                yield named.rsplit("/", 1)[-1][:_LONGEST]


def _dict(value: object) -> Tree:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _short(error: Exception) -> str:
    return str(error).replace("\n", " ")[:_LONGEST]
