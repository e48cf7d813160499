"""The law's YAML into models: strict, whole, or an error that names file and id.

A data folder holds `instruments.yaml`, `risks.yaml` and `facts.yaml`, and the folders `measures/` (provisions with
their obligations) and `parameters/`, whose files are read in the order of their names. Every file is a list.
"""

from dataclasses import dataclass, replace
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TypeVar

from guiju.kit.errors import ConfigurationError
from guiju.law.checking import check_law
from guiju.law.decoding import decode_list
from guiju.law.models import Fact, Instrument, Parameter, Provision, Risk
from guiju.law.yaml_nodes import parse_yaml

T = TypeVar("T", bound=Instrument | Provision | Parameter | Risk | Fact)


@dataclass(frozen=True, slots=True)
class LawData:
    """Everything that the data folder holds, in the order of the files."""

    instruments: tuple[Instrument, ...]
    provisions: tuple[Provision, ...]
    parameters: tuple[Parameter, ...]
    risks: tuple[Risk, ...]
    facts: tuple[Fact, ...]


def package_folder() -> Traversable:
    """Return the data folder that ships with the package."""
    return files("guiju.law") / "data"


def load_data(folder: Traversable | None = None) -> LawData:
    """Read and check the whole data folder (the package's own when `folder` is None).

    Raises:
        ConfigurationError: a file is missing or cannot be read, or what stands in it is not sound law data.
    """
    reader = _Reader(folder or package_folder())
    data = LawData(
        instruments=reader.file("instruments.yaml", Instrument),
        provisions=tuple(_with_provision_ids(item) for item in reader.folder("measures", Provision)),
        parameters=reader.folder("parameters", Parameter),
        risks=reader.file("risks.yaml", Risk),
        facts=reader.file("facts.yaml", Fact),
    )
    try:
        check_law(data.instruments, data.provisions, parameters=data.parameters, risks=data.risks, facts=data.facts)
    except ConfigurationError as error:
        raise reader.located(error) from error
    return data


def load_facts(folder: Traversable | None = None) -> tuple[Fact, ...]:
    """Read the facts that a service profile may declare.

    Raises:
        ConfigurationError: the file is missing, cannot be read, or is not sound.
    """
    return _Reader(folder or package_folder()).file("facts.yaml", Fact)


class _Reader:
    """Reads the files of one data folder, and remembers which id came from which file."""

    def __init__(self, root: Traversable) -> None:
        self._root = root
        self._origins: dict[str, list[str]] = {}

    def folder(self, name: str, model: type[T]) -> tuple[T, ...]:
        """Read every YAML file in the folder `name`."""
        try:
            found = sorted(item.name for item in (self._root / name).iterdir() if item.name.endswith(".yaml"))
        except OSError as error:
            raise _unreadable(name, error) from error
        items: list[T] = []
        for file in found:
            items.extend(self.file(f"{name}/{file}", model))
        return tuple(items)

    def file(self, name: str, model: type[T]) -> tuple[T, ...]:
        """Read one file."""
        try:
            content = self._root.joinpath(*name.split("/")).read_bytes()
        except OSError as error:
            raise _unreadable(name, error) from error
        items = decode_list(parse_yaml(content, name), model, name)
        for item in items:
            owned = item.obligations if isinstance(item, Provision) else ()
            for named in (item.id, *(obligation.id for obligation in owned)):
                self._origins.setdefault(named, []).append(name)
        return items

    def located(self, error: ConfigurationError) -> ConfigurationError:
        """Put the file, or files, in front of an error that is about an id."""
        found = self._origins.get(error.where, [])
        place = " ".join([*dict.fromkeys(found), error.where])
        return ConfigurationError(error.zh, error.en, where=place)


def _unreadable(name: str, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"读不到法律数据（{error.strerror or error}），请重新安装或恢复该文件。",
        f"The law's data cannot be read ({error.strerror or error}); install again or restore the file.",
        where=name,
    )


def _with_provision_ids(provision: Provision) -> Provision:
    """Tell every obligation which provision it stands in."""
    if not provision.obligations:
        return provision
    owned = tuple(replace(item, provision_id=provision.id) for item in provision.obligations)
    return replace(provision, obligations=owned)
