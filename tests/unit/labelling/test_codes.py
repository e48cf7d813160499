"""Provider codes are built and read; security data is signed and told apart."""

import json
import subprocess
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from shutil import which

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st
from tests.factories.labels import CODE, OUR_ID

from guiju.labelling.codes import ServiceKind, build_provider_code, parse_provider_code
from guiju.labelling.errors import LabelError
from guiju.labelling.models import Producer
from guiju.labelling.parsing import parse_label
from guiju.labelling.rules import first_label, label_json
from guiju.labelling.security.data import SecurityVerdict, signed_text, verify_security, with_signature
from guiju.labelling.security.ed25519 import Ed25519LabelSigner
from guiju.labelling.security.interface import Signer
from guiju.labelling.security.sm2 import Sm2LabelSigner, Sm2Scheme
from guiju.labelling.security.sm2_curve import G, N, multiplied

LABEL = first_label(Producer(CODE), OUR_ID)
SM2_KEY = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8
SIGNERS: tuple[Signer, ...] = (Ed25519LabelSigner(b"\7" * 32), Sm2LabelSigner(SM2_KEY))


@pytest.mark.parametrize(
    ("code", "service", "model"),
    [
        ("001191440300708461136T1WFUO", ServiceKind.GENERATION, "WFUO"),
        ("001191440101MA9Y9T4H7A00000", ServiceKind.UNSTATED, "0000"),
        ("001191110102MACQD9K64018705", ServiceKind.GENERATION, "8705"),
        ("001191110102MACQD9K64028705", ServiceKind.PROPAGATION, "8705"),
    ],
)
def test_real_codes_are_read_in_their_parts_and_built_from_them(code: str, service: ServiceKind, model: str) -> None:
    parsed = parse_provider_code(code)
    assert (parsed.service, parsed.model, str(parsed)) == (service, model, code)
    assert build_provider_code(parsed.credit_code, service, "" if service is ServiceKind.UNSTATED else model) == code


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("00119144030070846", "27 digits"),
        ("001191440300708461136t1WFUO", "27 digits"),
        ("002191440300708461136T1WFUO", "begins with 0021"),
        ("001191440300708461137T1WFUO", "check character"),
        ("001191440300708461136T3WFUO", "character 23"),
        ("001191440300708461136T0WFUO", "character 23"),
    ],
)
def test_what_is_wrong_with_a_code_is_told(code: str, says: str) -> None:
    with pytest.raises(LabelError) as caught:
        parse_provider_code(code)
    assert says in caught.value.en


@pytest.mark.parametrize(
    ("credit_code", "service", "model"),
    [
        ("91440300708461136A", ServiceKind.GENERATION, "0001"),
        ("91440300708461136T", ServiceKind.GENERATION, "toolong"),
        ("91440300708461136T", ServiceKind.UNSTATED, "0001"),
    ],
)
def test_no_code_is_built_from_wrong_parts(credit_code: str, service: ServiceKind, model: str) -> None:
    with pytest.raises(LabelError):
        build_provider_code(credit_code, service, model)


@given(st.text(max_size=40))
def test_reading_a_code_says_yes_or_why_not(code: str) -> None:
    with suppress(LabelError):
        assert str(parse_provider_code(code)) == code


@pytest.mark.parametrize("signer", SIGNERS, ids=["ed25519", "sm2"])
def test_a_signature_holds_until_what_it_covers_changes(signer: Signer) -> None:
    signed = with_signature(LABEL, signer)
    assert parse_label(label_json(signed)).problems == ()
    own = verify_security(signed)
    assert (own.verdict, own.algorithm, own.is_trusted) == (SecurityVerdict.VALID, signer.algorithm, False)
    assert verify_security(signed, [b"\1" * 32, signer.public_key]).is_trusted
    for changed in (replace(signed, produce_id="other"), replace(signed, label="2")):
        assert verify_security(changed, [signer.public_key]).verdict is SecurityVerdict.INVALID
    assert verify_security(replace(signed, propagate_id="other")).verdict is SecurityVerdict.VALID


def test_absent_unknown_and_invalid_are_told_apart() -> None:
    assert verify_security(LABEL).verdict is SecurityVerdict.ABSENT
    assert verify_security(replace(LABEL, reserved_code_1="9f86d081")).verdict is SecurityVerdict.UNKNOWN_SCHEME
    data = json.loads(with_signature(LABEL, SIGNERS[0]).reserved_code_1)
    data["SecurityData"]["PubSD"][0]["AlgID"] = "1.2.3"
    other = replace(LABEL, reserved_code_1=json.dumps(data))
    assert verify_security(other).verdict is SecurityVerdict.UNKNOWN_SCHEME
    data["SecurityData"]["PubSD"][0] |= {"AlgID": SIGNERS[0].algorithm, "Signature": "00"}
    broken = replace(LABEL, reserved_code_1=json.dumps(data))
    assert verify_security(broken).verdict is SecurityVerdict.INVALID


@given(st.text(max_size=300))
def test_whatever_stands_in_the_field_gets_a_verdict(text: str) -> None:
    assert verify_security(replace(LABEL, reserved_code_1=text)).verdict is not SecurityVerdict.VALID


def test_sm2_agrees_with_the_example_of_the_standard() -> None:
    """GB/T 32918.5-2017, annex A: key, message and signature on the recommended curve."""
    key = Sm2LabelSigner(SM2_KEY).public_key
    assert key[1:33].hex().upper() == "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    r = 0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3
    s = 0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA
    assert Sm2Scheme().is_valid(key, b"message digest", encode_dss_signature(r, s))
    assert not Sm2Scheme().is_valid(key, b"message digesT", encode_dss_signature(r, s))


def test_the_order_of_the_curve_leads_to_infinity() -> None:
    assert multiplied(G, N).z == 0
    assert multiplied(G, N - 1).affine()[0] == G.x


def test_openssl_verifies_what_we_sign(tmp_path: Path) -> None:
    if which("openssl") is None:
        pytest.skip("openssl is not installed")
    key, message, signature = tmp_path / "key.pem", tmp_path / "message", tmp_path / "signature"
    message.write_bytes(signed_text(LABEL))
    openssl(f"genpkey -algorithm SM2 -out {key}")
    text = openssl(f"pkey -in {key} -noout -text").replace(":", "").split("priv")[1].split("pub")[0]
    private = int("".join(text.split()), 16)
    signature.write_bytes(Sm2LabelSigner(private).sign(message.read_bytes()))
    said = openssl(f"dgst -sm3 -sigopt distid:1234567812345678 -prverify {key} -signature {signature} {message}")
    assert "Verified OK" in said
    openssl(f"dgst -sm3 -sigopt distid:1234567812345678 -sign {key} -out {signature} {message}")
    assert Sm2Scheme().is_valid(Sm2LabelSigner(private).public_key, message.read_bytes(), signature.read_bytes())


def openssl(words: str) -> str:
    done = subprocess.run(["openssl", *words.split()], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"this openssl does not do it: {done.stderr[:200]}")
    return done.stdout
