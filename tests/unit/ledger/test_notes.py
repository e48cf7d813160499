"""Signed notes, checkpoints and verifier keys, as C2SP writes them."""

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from guiju.kit.errors import ConfigurationError
from guiju.ledger.errors import NoteError
from guiju.ledger.notes import (
    COSIGNATURE,
    ED25519,
    Signature,
    TreeHead,
    VerifierKey,
    cosigned_message,
    hash_of_origin,
    origin_line,
    parse_checkpoint,
    parse_verifier_key,
)
from guiju.ledger.signers.ed25519 import Ed25519Signer

# The example of C2SP tlog-cosignature: its key id is right by construction, its key is not published.
EXAMPLE = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)


def test_the_published_example_reads_as_what_it_says_and_writes_back() -> None:
    head, signatures = parse_checkpoint(EXAMPLE)
    assert (head.origin, head.size) == ("example.com/behind-the-sofa", 20852163)
    assert len(signatures) == 1
    assert signatures[0].key_id.hex() == "033de0ae"
    assert head.text + "\n" + signatures[0].line == EXAMPLE


def test_a_signature_verifies_only_under_its_key_name_and_text(tmp_path: Path) -> None:
    signer = Ed25519Signer(tmp_path / "checkpoint.key", "log/sha256")
    text = TreeHead("log/sha256", 3, bytes(32)).text
    signatures = signer.sign(text)
    assert signer.has_signed(text, signatures)
    assert not signer.has_signed(text.replace("3", "4"), signatures)
    assert not Ed25519Signer(tmp_path / "other.key", "log/sha256").has_signed(text, signatures)
    key = parse_verifier_key(signer.verifier_keys[0])
    assert key.has_signed(text, signatures)
    assert not VerifierKey("other", ED25519, key.public).has_signed(text, signatures)


def test_a_former_key_still_verifies_what_it_signed(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.key"
    first = Ed25519Signer(path, "log/sha256")
    signed = first.sign("text\n")
    path.unlink()
    second = Ed25519Signer(path, "log/sha256")
    assert second.verifier_keys == (second.verifier_keys[0], first.verifier_keys[0])
    assert second.has_signed("text\n", signed)


def test_a_cosignature_verifies_with_its_time() -> None:
    private = Ed25519PrivateKey.generate()
    key = VerifierKey("w", COSIGNATURE, private.public_key().public_bytes_raw())
    text, at = TreeHead("log", 1, bytes(32)).text, 1_700_000_000
    signature = at.to_bytes(8, "big") + private.sign(cosigned_message(text, at))
    assert key.cosigned_at(text, (Signature("w", key.key_id, signature),)) == at
    moved = (at + 1).to_bytes(8, "big") + signature[8:]
    assert key.cosigned_at(text, (Signature("w", key.key_id, moved),)) is None


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n\n",
        EXAMPLE[:-1],
        EXAMPLE.replace("20852163", "020852163"),
        EXAMPLE.replace("20852163", "-1"),
        EXAMPLE.replace("20852163", "٣"),
        EXAMPLE.replace("CsUY", "????"),
        EXAMPLE.replace("CsUYapGG", ""),
        EXAMPLE.replace("— example", "- example"),
        EXAMPLE.replace("q2I=\n", "q2I=\nextension\n"),
        EXAMPLE.replace("sofa\n", "sofa\r\n"),
    ],
)
def test_what_is_no_checkpoint_is_refused(note: str) -> None:
    with pytest.raises(NoteError):
        parse_checkpoint(note)


@given(st.text(max_size=200))
def test_any_text_is_a_note_or_a_clear_error(text: str) -> None:
    for candidate in (text, EXAMPLE.replace("20852163", text), EXAMPLE + text):
        try:
            head, signatures = parse_checkpoint(candidate)
        except NoteError:
            continue
        assert len(head.root) == 32
        assert signatures
    with pytest.raises(NoteError):
        parse_verifier_key(text)


def test_a_verifier_key_with_a_wrong_id_is_refused() -> None:
    key = VerifierKey("log", ED25519, bytes(32))
    assert parse_verifier_key(key.text) == key
    for wrong in (
        key.text.replace(key.key_id.hex(), "00000000"),
        "log+00000000+" + base64.b64encode(b"\x09" + bytes(32)).decode(),
        VerifierKey("a b", ED25519, bytes(32)).text,
        VerifierKey("log", ED25519, bytes(31)).text,
    ):
        with pytest.raises(NoteError):
            parse_verifier_key(wrong)


def test_the_origin_says_the_hash() -> None:
    assert origin_line("example.cn/log", "sm3") == "example.cn/log/sm3"
    assert origin_line("example.cn/log/sm3", "sm3") == "example.cn/log/sm3"
    assert hash_of_origin("example.cn/log/sm3") == "sm3"
    assert hash_of_origin("example.com/behind-the-sofa") == "sha256"
    for bad in ("", "a b", "a+b", "a\nb", "x" * 200):
        with pytest.raises(ConfigurationError):
            origin_line(bad, "sha256")
