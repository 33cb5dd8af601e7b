"""Print what the integration and the Home Assistant components it is tested with require.

Run with the Python that Home Assistant is installed for.
"""

from collections.abc import Iterator
from importlib.util import find_spec
import json
from pathlib import Path
import sys
from typing import Any

ROOT = Path(__file__).parents[2]
COMPONENTS_LIST = ROOT / "requirements" / "components.txt"
OWN_MANIFEST = ROOT / "custom_components" / "ocpp_csms" / "manifest.json"
STUBS = ROOT / "requirements" / "stubs"

type Manifest = dict[str, Any]


def read_manifests() -> dict[str, Manifest]:
    """Return the manifests of the components of the installed Home Assistant."""
    spec = find_spec("homeassistant")
    if spec is None or spec.origin is None:
        sys.exit("Home Assistant is not installed for this Python")
    components = Path(spec.origin).parent / "components"
    return {
        path.parent.name: json.loads(path.read_text())
        for path in components.glob("*/manifest.json")
    }


def wanted_components(manifests: dict[str, Manifest]) -> Iterator[str]:
    """Yield the entity platforms and the components listed."""
    yield from (
        name
        for name, manifest in manifests.items()
        if manifest.get("integration_type") == "entity"
    )
    yield from (
        line
        for line in COMPONENTS_LIST.read_text().splitlines()
        if not line.startswith("#")
    )


def with_dependencies(manifests: dict[str, Manifest], names: Iterator[str]) -> set[str]:
    """Return the named components and all they depend on."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        if (name := waiting.pop()) not in found:
            found.add(name)
            waiting += manifests[name].get("dependencies", [])
    return found


def own_requirements() -> list[str]:
    """Return what the integration's manifest requires."""
    requirements: list[str] = json.loads(OWN_MANIFEST.read_text())["requirements"]
    return requirements


def is_stubbed(requirement: str) -> bool:
    """Tell whether a stand-in replaces the package."""
    package = requirement.partition("==")[0].replace("-", "_")
    return (STUBS / f"{package}.py").exists()


def main() -> None:
    """Print one requirement a line."""
    manifests = read_manifests()
    requirements = set(own_requirements())
    for name in with_dependencies(manifests, wanted_components(manifests)):
        requirements.update(manifests[name].get("requirements", []))
    print(
        "\n".join(
            sorted(
                requirement
                for requirement in requirements
                if not is_stubbed(requirement)
            )
        )
    )


if __name__ == "__main__":
    main()
