"""The operator's certificates and key: read, and held against each other before anything is signed with them."""

import hashlib
import stat
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from guiju.kit.errors import ConfigurationError

_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
_OTHERS = 0o077
_LONGEST = 256 * 1024


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """What manifests are signed with.

    Attributes:
        chain: certificates as PEM, the signer's first.
        key: the signer's private key as PEM.
        algorithm: as C2PA names it: es256, es384, es512, ed25519, ps256.
        digest: SHA-256 of the signer's certificate, in hex.
        ends: until when that certificate is valid.
        timestamp: address of a time-stamping authority; empty for none.
    """

    chain: bytes
    key: bytes
    algorithm: str
    digest: str
    ends: datetime
    timestamp: str = ""


def read_signing_keys(certificates: Path, key: Path, *, now: datetime, timestamp: str = "") -> SigningKeys:
    """Read certificates and key.

    Args:
        certificates: the chain as PEM, the signer's first.
        key: its private key as PEM without a password, for its owner alone.
        now: what time it is.
        timestamp: address of a time-stamping authority.

    Raises:
        ConfigurationError: one cannot be read, they do not belong together, or the certificate is not valid now.
    """
    chain, secret = read_pem(certificates), read_pem(key, is_secret=True)
    try:
        signer = x509.load_pem_x509_certificates(chain)[0]
        private = load_pem_private_key(secret, None)
        encoding = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        is_its_key = private.public_key().public_bytes(*encoding) == signer.public_key().public_bytes(*encoding)
    except (ValueError, TypeError, IndexError, UnsupportedAlgorithm) as error:
        raise _wrong(
            certificates, f"证书或私钥读不出：{error}", f"certificates or key cannot be read: {error}"
        ) from error
    if not is_its_key:
        raise _wrong(key, "私钥与第一张证书不配", "the key is not that of the first certificate")
    if not signer.not_valid_before_utc <= now <= signer.not_valid_after_utc:
        raise _wrong(
            certificates,
            f"证书只在 {signer.not_valid_before_utc:%Y-%m-%d} 至 {signer.not_valid_after_utc:%Y-%m-%d} 有效",
            f"the certificate is valid from {signer.not_valid_before_utc:%Y-%m-%d} to "
            f"{signer.not_valid_after_utc:%Y-%m-%d} only",
        )
    if signer.issuer == signer.subject:
        raise _wrong(
            certificates,
            "签名证书是自签的，C2PA 不接受；请用一张由自己的根证书签发的证书",
            "the signer's certificate is self-signed, which C2PA refuses; use one that a root of your own has issued",
        )
    digest = hashlib.sha256(signer.public_bytes(Encoding.DER)).hexdigest()
    algorithm = _algorithm(private, key)
    return SigningKeys(chain, secret, algorithm, digest, signer.not_valid_after_utc, timestamp)


def _algorithm(private: object, path: Path) -> str:
    if isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name in _CURVES:
        return _CURVES[private.curve.name]
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(private, rsa.RSAPrivateKey):
        return "ps256"
    raise _wrong(path, "C2PA 不用这种密钥", "C2PA does not know keys of this kind; take ECDSA P-256 or Ed25519")


def read_pem(path: Path, *, is_secret: bool = False) -> bytes:
    """Read a PEM file.

    Raises:
        ConfigurationError: it cannot be read, or others may read a secret.
    """
    try:
        if is_secret and stat.S_IMODE(path.stat().st_mode) & _OTHERS:
            raise _wrong(path, "私钥对其他用户可读，请执行 chmod 600", "others may read the key; run chmod 600 on it")
        with path.open("rb") as file:
            content = file.read(_LONGEST + 1)
    except OSError as error:
        raise _wrong(path, f"读不到：{error.strerror}", f"cannot be read: {error.strerror}") from error
    if len(content) > _LONGEST or b"-----BEGIN" not in content:
        raise _wrong(path, "不是 PEM 文件", "is no PEM file")
    return content


def _wrong(path: Path, zh: str, en: str) -> ConfigurationError:
    return ConfigurationError(f"C2PA 签名不可用：{zh}。", f"C2PA cannot sign: {en}.", where=str(path))
