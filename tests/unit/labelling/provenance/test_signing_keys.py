"""Certificates and keys that cannot sign are told before anything is signed with them."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.factories.certificates import Chain, make_chain

from guiju.kit.errors import ConfigurationError
from guiju.labelling.provenance.signing_keys import read_signing_keys


def read(chain: Chain) -> object:
    return read_signing_keys(chain.certificates, chain.key, now=datetime.now(UTC))


@pytest.mark.parametrize(("edwards", "algorithm"), [(False, "es256"), (True, "ed25519")])
def test_what_belongs_together_is_taken(edwards: bool, algorithm: str, tmp_path: Path) -> None:  # noqa: FBT001
    chain = make_chain(tmp_path, edwards=edwards)
    keys = read_signing_keys(chain.certificates, chain.key, now=datetime.now(UTC))
    assert keys.algorithm == algorithm
    assert len(keys.digest) == 64
    assert keys.ends > datetime.now(UTC)


def other_key(chain: Chain) -> None:
    chain.key.write_bytes(make_chain(chain.key.parent / "other").key.read_bytes())


def self_signed(chain: Chain) -> None:
    alone = make_chain(chain.key.parent / "other")
    chain.certificates.write_bytes(alone.root.read_bytes())


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (other_key, "not that of the first certificate"),
        (self_signed, "not that of the first certificate"),
        (lambda chain: chain.key.chmod(0o644), "chmod 600"),
        (lambda chain: chain.key.unlink(), "cannot be read"),
        (lambda chain: chain.certificates.unlink(), "cannot be read"),
        (lambda chain: chain.certificates.write_bytes(b""), "no PEM"),
        (lambda chain: chain.certificates.write_bytes(b"x" * 300_000), "no PEM"),
        (lambda chain: chain.certificates.write_text("-----BEGIN CERTIFICATE-----\n!\n"), "cannot be read"),
        (lambda chain: chain.certificates.write_bytes(chain.key.read_bytes()), "cannot be read"),
        (lambda chain: chain.key.write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), "read"),
    ],
)
def test_what_does_not_is_told(change: Callable[[Chain], object], why: str, tmp_path: Path) -> None:
    chain = make_chain(tmp_path)
    change(chain)
    with pytest.raises(ConfigurationError, match=why):
        read(chain)


def test_a_certificate_of_yesterday_or_of_tomorrow_signs_nothing(tmp_path: Path) -> None:
    for number, days in enumerate(((-9, -1), (1, 9))):
        with pytest.raises(ConfigurationError, match="valid from"):
            read(make_chain(tmp_path / str(number), days=days))


def test_a_signer_who_signed_himself_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="self-signed"):
        read(make_chain(tmp_path, is_alone=True))
