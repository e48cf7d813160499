"""`guiju verify`: is there one lawful label, does its signature hold, and do our records know the file as it is."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from guiju.bootstrap import open_evidence
from guiju.cli.inputs import read_settings, sqlite_file
from guiju.cli.label_files import (
    JOBS,
    MOST_JOBS,
    error_facts,
    find_files,
    provenance_facts,
    read_exclusions,
    reading_facts,
    work_through,
)
from guiju.cli.label_inspect import show, show_provenance
from guiju.cli.terminal import say
from guiju.kit.canonical_json import JsonObject
from guiju.kit.errors import GuijuError, InputError
from guiju.labelling.models import Reading, Verdict
from guiju.labelling.produce_ids import LedgerRegistry
from guiju.labelling.provenance.interface import ProvenanceReading
from guiju.labelling.sealing import read_provenance
from guiju.labelling.security.data import SecurityVerdict, verify_security
from guiju.ledger.service import Ledger
from guiju.settings import Settings
from guiju.wiring_labels import label_public_keys, open_labeller, open_manifest_reader

if TYPE_CHECKING:
    from guiju.labelling.provenance.interface import Reader
    from guiju.labelling.service import Labeller

_PRODUCER_FIELDS = ("Label", "ContentProducer", "ProduceID", "ReservedCode1")
_RECORDS = {
    "as_recorded": "账本有记录，文件未变 / recorded, and the file is as it was",
    "content_changed": "账本有记录，标识未变，文件其他部分已变 / recorded; the label is as it was, the rest is not",
    "other_key": "签名有效，但不是用本服务的密钥签的 / signed, and not with a key of this service",
    "label_changed": "账本有记录，但标识已被改动 / recorded, but the label has been changed",
    "unknown": "账本没有此编号 / our records do not know its number",
    "not_ours": "不是本服务的标识 / the label is not this service's",
    "no_ledger": "本机没有账本，未核对 / there is no ledger here; not compared",
}


def command(  # noqa: PLR0913 - the options of one command
    files: Annotated[list[str], typer.Argument(help="文件、文件夹或通配模式 / files, folders or patterns")],
    *,
    key: Annotated[
        list[str], typer.Option(help="可信公钥，十六进制（Ed25519 或 SM2） / trusted public keys in hex")
    ] = [],  # noqa: B006
    exclude: Annotated[list[str], typer.Option(help="排除的名称或路径模式 / patterns to leave out")] = [],  # noqa: B006
    exclude_from: Annotated[Path | None, typer.Option(help="排除模式清单 / a file of such patterns")] = None,
    jobs: Annotated[int, typer.Option(min=1, max=MOST_JOBS, help="并行数 / how many at once")] = JOBS,
    as_json: Annotated[bool, typer.Option("--json", help="每个文件一行 JSON / one line of JSON a file")] = False,
) -> None:
    """核验标识：形式、签名、账本记录。有不合规则退出码为 1。/ Verify labels; exit 1 unless every file is in order."""
    paths = find_files(files, read_exclusions(exclude, exclude_from))
    settings = read_settings()
    labeller, manifests = open_labeller(settings, writes=False)[0], open_manifest_reader(settings)
    own = label_public_keys(settings)
    trusted = [*own, *(_key(one) for one in key)]
    ledger = _ledger(settings)
    counted: Counter[bool] = Counter()

    try:
        looker = _Looker(labeller, manifests, ledger, trusted=trusted, signs=bool(own))
        for path, looked in work_through(paths, looker.look, jobs, title="核验 / verifying"):
            result, manifest = (looked, None) if isinstance(looked, GuijuError) else looked
            facts = looker.facts(path, result, manifest)
            counted[_is_in_order(facts, result)] += 1
            _tell(path, result, facts, as_json=as_json)
            if manifest is not None and not as_json:
                show_provenance(manifest)
    finally:
        if ledger is not None:
            ledger.stop()
    if not as_json:
        say(f"合规 / in order {counted[True]} · 其他 / others {counted[False]}")
    if counted[False]:
        raise typer.Exit(1)


class _Looker:
    """Looks at one file after the other."""

    def __init__(
        self,
        labeller: "Labeller",
        manifests: "Reader | None",
        ledger: Ledger | None,
        *,
        trusted: Sequence[bytes],
        signs: bool,
    ) -> None:
        self._labeller, self._manifests, self._ledger = labeller, manifests, ledger
        self._trusted, self._signs = trusted, signs

    def look(self, path: Path) -> tuple[Reading, ProvenanceReading]:
        """Read label and manifest."""
        reading = self._labeller.verify(path)
        return reading, read_provenance(self._manifests, path, reading.format)

    def facts(self, path: Path, result: Reading | GuijuError, manifest: ProvenanceReading | None) -> JsonObject:
        """Return what was found, held against our records, as JSON has it."""
        if isinstance(result, GuijuError):
            return error_facts(path, result)
        is_ours = result.label is not None and result.label.content_producer == self._labeller.producer.code
        record = _record(path, result, self._ledger, is_ours=is_ours)
        if is_ours and self._signs and _is_signed_by_others(result, self._trusted):
            record = "other_key"
        told = provenance_facts(manifest) if manifest is not None else None
        return {**reading_facts(path, result, self._trusted), "record": record, "c2pa": told}


def _key(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise InputError("公钥应为十六进制。", "A public key is written in hex.", where="--key") from None


def _ledger(settings: Settings) -> Ledger | None:
    path = sqlite_file(settings)
    return open_evidence(settings) if path is None or path.is_file() else None


def _record(path: Path, reading: Reading, ledger: Ledger | None, *, is_ours: bool) -> str:
    if not is_ours or reading.label is None:
        return "not_ours"
    if ledger is None:
        return "no_ledger"
    known = LedgerRegistry(ledger, "system").find(reading.label.produce_id)
    if not known:
        return "unknown"
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if any(one.facts.get("sha256_after") == digest for one in known):
        return "as_recorded"
    written = [fields for one in known if isinstance(fields := one.facts.get("label"), dict)]
    found = reading.label.fields()
    is_same = any(all(fields.get(name) == found[name] for name in _PRODUCER_FIELDS) for fields in written)
    return "content_changed" if is_same else "label_changed"


def _is_in_order(facts: JsonObject, result: Reading | GuijuError) -> bool:
    if isinstance(result, GuijuError):
        return False
    if result.verdict is not Verdict.CONFORMING:
        return bool(result.explicit_mark)  # plain text has no place for another label
    labels = [one.parsed.label for one in result.found if one.parsed.label]
    is_signed_wrong = any(verify_security(one).verdict is SecurityVerdict.INVALID for one in labels)
    return not is_signed_wrong and facts.get("record") not in ("label_changed", "other_key")


def _is_signed_by_others(reading: Reading, trusted: Sequence[bytes]) -> bool:
    """Whether a label that names this service is signed with a key that is not one of its own."""
    labels = [one.parsed.label for one in reading.found if one.parsed.label is not None]
    found = [verify_security(one, trusted) for one in labels]
    return any(one.verdict is SecurityVerdict.VALID and not one.is_trusted for one in found)


def _tell(path: Path, result: Reading | GuijuError, facts: JsonObject, *, as_json: bool) -> None:
    if as_json:
        say(orjson.dumps(facts).decode())
        return
    if isinstance(result, GuijuError):
        say(f"✗ {path}\n  {result.zh}\n  {result.en}", style="red")
        return
    show(path, result)
    labels = facts["labels"]
    if isinstance(labels, list) and labels and isinstance(labels[0], dict):
        trust = " ✓ 本服务或受信任的密钥 / a key of ours, or one you trust" if labels[0]["security_is_trusted"] else ""
        say(f"  签名 / signature: {labels[0]['security']}{trust}")
        say(f"  {_RECORDS[str(facts['record'])]}")
