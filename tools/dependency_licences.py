"""Write `docs/reference/dependencies.md` from what is installed; with `--check`, only compare.

Reads the locks, pyproject.toml, package-lock.json, the installed packages' own metadata, and
`dependency_licences.yaml` for the reasons. Fails where something that runs is under the GPL, LGPL or AGPL, where a
licence is not known, or where nobody wrote down why a dependency is here.
"""

import argparse
import json
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import yaml
from packaging.markers import Marker

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference" / "dependencies.md"
COPYLEFT = re.compile(r"\b[AL]?GPL|Affero|Lesser General Public|GNU General Public", re.IGNORECASE)
LOCKED = re.compile(r"^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)(?:\s*;\s*([^\\]+))?")
SPDX = {
    "Apache 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD 2-Clause License": "BSD-2-Clause",
    "BSD 3-Clause License": "BSD-3-Clause",
    "BSD License": "BSD",
    "ISC License": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}


@dataclass(frozen=True)
class Package:
    """One package of a lock: what it is, under which licence, and who brings it."""

    name: str
    version: str
    licence: str
    brought_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Notes:
    """What a person wrote beside the program: reasons, licences read in files, copyleft parts looked at."""

    why: Mapping[str, str]
    npm: Mapping[str, str]
    dev: Mapping[str, str]
    extras: Mapping[str, Mapping[str, Mapping[str, str]]]
    licences: Mapping[str, str]
    bundled: Mapping[str, str]


def plain(name: str) -> str:
    """Write a package's name as the index does: lower case, hyphens."""
    return re.sub(r"[-_.]+", "-", name).lower()


def is_copyleft(licence: str) -> bool:
    """Whether every choice that the licence leaves is the GPL, LGPL or AGPL."""
    return all(COPYLEFT.search(choice) for choice in re.split(r"\bOR\b", licence))


def said_in(found: Distribution, field: str) -> str:
    """Read one field of a package's metadata; empty where it is not there."""
    return str((found.metadata.get_all(field) or [""])[0]).strip()


def licence_of(found: Distribution, notes: Notes) -> str:
    """Read a package's licence: what a person read, the SPDX expression, the field, the classifier; else nothing."""
    meta = found.metadata
    field = said_in(found, "License")
    classifiers = [line.split("::")[-1].strip() for line in meta.get_all("Classifier") or [] if line[:7] == "License"]
    written = said_in(found, "License-Expression") or (
        field if field and "\n" not in field else " OR ".join(classifiers)
    )
    said = notes.licences.get(plain(meta["Name"])) or written
    return " OR ".join(SPDX.get(part.strip(), part.strip()) for part in said.split(" OR ")) if said else ""


def copyleft_inside(found: Distribution) -> bool:
    """Whether a licence file of the package names a copyleft licence of something that it carries."""
    named = re.compile(r"^License:\s*(.*GPL.*)$", re.MULTILINE)
    files = [file for file in found.files or () if re.match(r"(LICEN[CS]E|COPYING)", file.name, re.IGNORECASE)]
    return any(named.search(file.read_text("utf-8")) for file in files if ".dist-info" in str(file))


def read_lock(path: Path) -> dict[str, str]:
    """Read the names and versions of a lock, of those that this platform installs."""
    rows = [LOCKED.match(line) for line in path.read_text("utf-8").splitlines()]
    return {plain(row[1]): row[2] for row in rows if row and (not row[3] or Marker(row[3].strip()).evaluate())}


def read_notes(path: Path) -> Notes:
    """Read the reasons."""
    return Notes(**yaml.safe_load(path.read_text("utf-8")))


def installed(lock: Mapping[str, str], notes: Notes, problems: list[str]) -> list[Package]:
    """Look every package of a lock up in what is installed."""
    found: dict[str, Distribution] = {}
    for name in lock:
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            problems.append(f"{name}: not installed; run `make test` once, it installs requirements/dev.txt")
    brought: dict[str, list[str]] = {name: [] for name in lock}
    for name, package in found.items():
        for line in package.requires or ():
            needed = plain(re.split(r"[\s;<>=!~\[(]", line, maxsplit=1)[0])
            if needed in brought and "extra ==" not in line and name not in brought[needed]:
                brought[needed].append(name)
    return [
        Package(name, lock[name], licence_of(package, notes), tuple(brought[name])) for name, package in found.items()
    ]


def npm_packages(lock: Path) -> list[Package]:
    """Read the front end's packages, without the builds of one tool for many platforms."""
    rows = json.loads(lock.read_text("utf-8"))["packages"].items()
    return [
        Package(path.removeprefix("node_modules/"), row["version"], row.get("license", ""))
        for path, row in rows
        if path and not row.get("optional")
    ]


def direct(project: Mapping[str, object]) -> tuple[set[str], set[str]]:
    """Name the direct dependencies of pyproject.toml: those that run, and those of the tests."""
    table = project["project"]
    assert isinstance(table, dict)  # noqa: S101 - the shape of pyproject.toml; says so to the type checker
    name = re.compile(r"[\w.-]+")

    def names(lines: Iterable[str]) -> set[str]:
        return {plain(found[0]) for line in lines if (found := name.match(line))}

    extras = table["optional-dependencies"]
    return names([*table["dependencies"], *extras["build"]]), names(extras["dev"])


def extras_of(project: Mapping[str, object]) -> dict[str, set[str]]:
    """Name the packages of each extra that a user may ask for."""
    table = project["project"]
    assert isinstance(table, dict)  # noqa: S101 - the shape of pyproject.toml; says so to the type checker
    extras = {name: lines for name, lines in table["optional-dependencies"].items() if name not in {"build", "dev"}}
    return {name: {plain(re.split(r"[<>=!~\[; ]", line)[0]) for line in lines} for name, lines in extras.items()}


def extra_problems(wanted: Mapping[str, set[str]], notes: Notes) -> list[str]:
    """Name packages of extras without a licence and a reason, and the other way round."""
    problems = reason_problems(wanted, dict.fromkeys(notes.extras, ""), "extras")
    for extra, names in wanted.items():
        told = notes.extras.get(extra, {})
        problems += reason_problems(names, dict.fromkeys(told, ""), f"extras.{extra}")
        problems += [f"{name}: say its licence and why it is here" for name in told if not all(told[name].values())]
    return problems


def licence_problems(packages: Sequence[Package], *, may_be_copyleft: bool = False) -> list[str]:
    """Name every package whose licence is unknown, or copyleft where that is not wanted."""
    unknown = [
        f"{package.name}: its licence is not known; read it and add it" for package in packages if not package.licence
    ]
    copyleft = [
        f"{package.name}: {package.licence} must not be in the default install; choose another package"
        for package in packages
        if not may_be_copyleft and package.licence and is_copyleft(package.licence)
    ]
    return unknown + copyleft


def reason_problems(wanted: Iterable[str], reasons: Mapping[str, str], where: str) -> list[str]:
    """Name dependencies without a reason, and reasons without a dependency."""
    names = set(wanted)
    missing = [
        f"{name}: say in dependency_licences.yaml, under {where}, why it is here" for name in names - set(reasons)
    ]
    return sorted(
        missing + [f"{name}: stands under {where}, but nothing depends on it" for name in set(reasons) - names]
    )


def table(packages: Iterable[Package], reasons: Mapping[str, str]) -> list[str]:
    """Write one table."""
    lines = ["| Package | Version | Licence | Why |", "|---|---|---|---|"]
    for package in sorted(packages, key=lambda package: (package.name not in reasons, package.name)):
        by = ", ".join(sorted(package.brought_by))
        why = reasons.get(package.name) or (f"needed by {by}" if by else "needed by another package's extra")
        lines.append(f"| {package.name} | {package.version} | {package.licence} | {why} |")
    return lines


def page(run: Sequence[Package], dev: Sequence[Package], npm: Sequence[Package], notes: Notes) -> str:
    """Write the whole page."""
    shipped = [package for package in npm if package.name not in {"esbuild", "openai", "typescript"}]
    tools = [package for package in npm if package not in shipped]
    parts = [
        "# Dependencies and their licences",
        "",
        "*Generated by `tools/dependency_licences.py` from the locks and the installed packages; do not edit. The",
        "reasons stand in `tools/dependency_licences.yaml`. A test compares this page, and fails on a package of the",
        "default install that is under the GPL, LGPL or AGPL.*",
        "",
        f"## What `make run` installs: {len(run)} Python packages",
        "",
        *table(run, notes.why),
        "",
        "### Copyleft parts inside these packages",
        "",
        *[f"- **{name}.** {text}" for name, text in sorted(notes.bundled.items())],
        "",
        "## What only an extra brings",
        "",
        "None of these is in the default install. Where a wheel carries copyleft parts, it is said here.",
        "",
        "| Extra | Package | Licence | Why |",
        "|---|---|---|---|",
        *[
            f"| `guiju[{extra}]` | {name} | {told['licence']} | {told['why']} |"
            for extra, packages in sorted(notes.extras.items())
            for name, told in sorted(packages.items())
        ],
        "",
        "## What the browser gets",
        "",
        "Bundled from npm when the assets are built, and served from here; licences stand beside the bundles.",
        "",
        *table(shipped, {"tslib": "needed by echarts", "zrender": "draws for echarts"} | dict(notes.npm)),
        "",
        "## Only for building and testing",
        "",
        f"{len(dev)} Python packages that only `make test` installs, and the npm tools; the pages carry none of them.",
        "",
        *table(dev, notes.dev),
        "",
        *table(tools, notes.npm),
        "",
    ]
    return "\n".join(parts)


def survey() -> tuple[str, list[str]]:
    """Look at everything; return the page and what is wrong."""
    notes = read_notes(Path(__file__).with_suffix(".yaml"))
    problems: list[str] = []
    run_lock = read_lock(ROOT / "requirements" / "run.txt")
    everything = installed(run_lock | read_lock(ROOT / "requirements" / "dev.txt"), notes, problems)
    run = [package for package in everything if package.name in run_lock]
    run = [Package(p.name, p.version, p.licence, tuple(by for by in p.brought_by if by in run_lock)) for p in run]
    dev = [package for package in everything if package.name not in run_lock]
    npm = npm_packages(ROOT / "package-lock.json")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    runs, tests = direct(project)
    front = json.loads((ROOT / "package.json").read_text("utf-8"))
    problems += licence_problems(run) + licence_problems(npm) + licence_problems(dev, may_be_copyleft=True)
    problems += extra_problems(extras_of(project), notes)
    problems += reason_problems(runs, notes.why, "why") + reason_problems(tests, notes.dev, "dev")
    problems += reason_problems([*front["dependencies"], *front["devDependencies"]], notes.npm, "npm")
    problems += [
        f"{package.name}: carries copyleft parts; look at them and write them down under bundled"
        for package in run
        if package.name not in notes.bundled and copyleft_inside(distribution(package.name))
    ]
    return page(run, dev, npm, notes), problems


def main(arguments: Iterable[str]) -> int:
    """Write the page, or compare it; return 1 and say what is wrong where something is."""
    parser = argparse.ArgumentParser(description="Write the page of dependencies and licences.")
    parser.add_argument("--check", action="store_true", help="only say whether the page is up to date")
    is_check = parser.parse_args(list(arguments)).check
    text, problems = survey()
    if not problems and not is_check:
        PAGE.write_text(text, "utf-8")
    elif not problems and (not PAGE.is_file() or PAGE.read_text("utf-8") != text):
        problems = [f"{PAGE.relative_to(ROOT)} is out of date; run: python tools/dependency_licences.py"]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
