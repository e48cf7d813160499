"""The 27 characters that name a service provider (TC260-PG-20252A): built, read, and told what is wrong with them."""

import re
from dataclasses import dataclass
from enum import StrEnum

from guiju.labelling.errors import LabelError
from guiju.labelling.rules import is_credit_code, is_provider_code

_FORM = "00"
_ORGANISATION = "1"
_CREDIT_CODE = "1"
_LENGTH = 27
_ALPHABET = re.compile(r"[0-9A-Z]*")
_MODEL = re.compile(r"[0-9A-Z]{4}")
_UNUSED = "00000"


class ServiceKind(StrEnum):
    """What the provider does with the content (character 23)."""

    GENERATION = "1"
    PROPAGATION = "2"
    UNSTATED = "0"


@dataclass(frozen=True, slots=True)
class ProviderCode:
    """A provider code in its parts.

    Attributes:
        credit_code: the unified social credit code of the organisation.
        service: whether it generates or spreads content; unstated where the last five characters are not used.
        model: four characters of the provider's own for a model or an app; `0000` where they are not used.
    """

    credit_code: str
    service: ServiceKind
    model: str

    def __str__(self) -> str:
        """Write the 27 characters."""
        return f"{_FORM}{_ORGANISATION}{_CREDIT_CODE}{self.credit_code}{self.service}{self.model}"


def build_provider_code(credit_code: str, service: ServiceKind = ServiceKind.UNSTATED, model: str = "") -> str:
    """Build the code of an organisation.

    Args:
        credit_code: its unified social credit code, 18 characters.
        service: what it does with the content; unstated leaves the last five characters `00000`.
        model: four characters for a model or an app, digits and capital letters; `0000` when empty.

    Raises:
        LabelError: the credit code does not check, or a part is not of its form.
    """
    credit_code = credit_code.strip().upper()
    if not is_credit_code(credit_code):
        raise _wrong(
            f"统一社会信用代码 {credit_code[:40]!r} 不是 18 位，或校验位不符（GB 32100）",
            f"the credit code {credit_code[:40]!r} has not 18 characters, or its check character is wrong (GB 32100)",
        )
    model = model.strip().upper() or "0000"
    if not _MODEL.fullmatch(model):
        raise _wrong("模型代码应为 4 位数字或大写字母", "the model code must be four digits or capital letters")
    if service is ServiceKind.UNSTATED and model != "0000":
        raise _wrong("写模型代码时须指明服务类型", "a model code wants the kind of service to be stated")
    return str(ProviderCode(credit_code, service, model))


def parse_provider_code(code: str) -> ProviderCode:
    """Read a code, or say what in it is not of the form.

    Raises:
        LabelError: it is none; the message names the first thing that is wrong.
    """
    if len(code) != _LENGTH or not _ALPHABET.fullmatch(code):
        raise _wrong(
            f"应为 {_LENGTH} 位数字或大写字母，实为 {len(code)} 位",
            f"{_LENGTH} digits or capital letters are expected, {len(code)} characters are there",
        )
    if code[:4] != _FORM + _ORGANISATION + _CREDIT_CODE:
        raise _wrong(
            f"前四位 {code[:4]} 不是 0011：只有以统一社会信用代码为依据的组织编码是已知的",
            f"it begins with {code[:4]}, not 0011: only codes of organisations by credit code are known",
        )
    if not is_credit_code(code[4:22]):
        raise _wrong(
            f"其中的统一社会信用代码 {code[4:22]} 校验位不符（GB 32100）",
            f"the check character of the credit code {code[4:22]} in it is wrong (GB 32100)",
        )
    if not is_provider_code(code):
        raise _wrong(
            f"第 23 位 {code[22]} 应为 1（生成）或 2（传播），不用时后五位为 {_UNUSED}",
            f"character 23, {code[22]}, must be 1 (generation) or 2 (propagation), or the last five {_UNUSED}",
        )
    return ProviderCode(code[4:22], ServiceKind(code[22]), code[23:])


def _wrong(zh: str, en: str) -> LabelError:
    return LabelError(
        f"服务提供者编码不合规：{zh}。请对照 TC260-PG-20252A 改正。",
        f"The provider code is wrong: {en}. Correct it after TC260-PG-20252A.",
        where="provider_code",
    )
