"""Manifest, HACS file, quality scale, images, and what no file may name."""

import json
import re
import struct
import subprocess

import pytest

from .files import INTEGRATION, REPOSITORY, load_json, load_yaml

REQUIRED = {
    "codeowners",
    "config_flow",
    "documentation",
    "domain",
    "integration_type",
    "iot_class",
    "issue_tracker",
    "name",
    "requirements",
    "version",
}
RULES = {
    "bronze": """
        action-setup appropriate-polling brands common-modules config-flow
        config-flow-test-coverage dependency-transparency docs-actions docs-conditions
        docs-high-level-description docs-installation-instructions
        docs-removal-instructions docs-triggers entity-event-setup entity-unique-id
        has-entity-name runtime-data test-before-configure test-before-setup
        unique-config-entry
    """,
    "silver": """
        action-exceptions config-entry-unloading docs-configuration-parameters
        docs-installation-parameters entity-unavailable integration-owner
        log-when-unavailable parallel-updates reauthentication-flow test-coverage
    """,
    "gold": """
        devices diagnostics discovery discovery-update-info docs-data-update
        docs-examples docs-known-limitations docs-supported-devices
        docs-supported-functions docs-troubleshooting docs-use-cases dynamic-devices
        entity-category entity-device-class entity-disabled-by-default
        entity-translations exception-translations icon-translations
        reconfiguration-flow repair-issues stale-devices
    """,
    "platinum": "async-dependency inject-websession strict-typing",
}
IMAGES = {
    f"{theme}{kind}{scale}.png"
    for theme in ("", "dark_")
    for kind in ("icon", "logo")
    for scale in ("", "@2x")
}
HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("deb", "debian", "org"),
        ("security", "debian", "org"),
        ("archive", "ubuntu", "com"),
        ("proxy", "golang", "org"),
    )
)
"""Put together here, because this file is looked through too."""


def test_manifest_keys() -> None:
    """The manifest has what is required, in the order that hassfest wants."""
    manifest = load_json("manifest.json")
    keys = list(manifest)
    assert keys[:2] == ["domain", "name"]
    assert keys[2:] == sorted(keys[2:])
    assert manifest.keys() >= REQUIRED
    assert manifest["domain"] == INTEGRATION.name
    assert manifest["name"] == "OCPP Charging"
    assert manifest["config_flow"] is True
    assert "single_config_entry" not in manifest


def test_manifest_values() -> None:
    """Versions, links and owners have the right form."""
    manifest = load_json("manifest.json")
    assert re.fullmatch(r"\d+\.\d+\.\d+", manifest["version"])
    assert manifest["documentation"].startswith("https://")
    assert manifest["issue_tracker"].startswith("https://")
    assert all(owner.startswith("@") for owner in manifest["codeowners"])
    assert manifest["codeowners"]
    assert manifest["iot_class"] == "local_push"


def test_requirements() -> None:
    """Requirements are ranges with both ends."""
    for requirement in load_json("manifest.json")["requirements"]:
        assert re.fullmatch(r"[a-z0-9-]+>=[\d.]+,<[\d.]+", requirement), requirement


def test_hacs() -> None:
    """The store's file has only keys that it knows."""
    hacs = json.loads((REPOSITORY / "hacs.json").read_text("utf-8"))
    assert hacs == {"name": "OCPP Charging", "homeassistant": "2026.9.0"}


def test_quality_scale() -> None:
    """Every rule is judged; what does not apply says why."""
    rules = load_yaml("quality_scale.yaml")["rules"]
    expected = {rule for tier in RULES.values() for rule in tier.split()}
    assert len(expected) == 54
    assert rules.keys() == expected
    for rule, verdict in rules.items():
        if isinstance(verdict, dict):
            assert verdict["status"] in ("done", "exempt", "todo"), rule
            assert verdict["status"] != "exempt" or verdict["comment"], rule
        else:
            assert verdict in ("done", "todo"), rule


@pytest.mark.parametrize("name", sorted(IMAGES))
def test_brand(name: str) -> None:
    """Each image is a PNG of the size that Home Assistant wants."""
    data = (INTEGRATION / "brand" / name).read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    size = 512 if "@2x" in name else 256
    if "icon" in name:
        assert (width, height) == (size, size)
    else:
        assert size / 2 <= min(width, height) <= size


def test_no_registry_hosts() -> None:
    """No tracked file names the host of a package registry."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    found = [
        f"{name}: {host}"
        for name in listed.split("\0")
        if name and (REPOSITORY / name).is_file()
        for host in HOSTS
        if host.encode() in (REPOSITORY / name).read_bytes()
    ]
    assert found == []
