"""Repair issues: what only the user can mend."""

from hashlib import blake2s
from pathlib import Path
from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .csms.journal.errors import JournalProblem
from .csms.server import Rejection
from .csms.station import Station

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigEntry

OTHER_PORT = "other_port"
_MENDABLE = frozenset(
    {
        "identity_characters",
        "identity_too_long",
        "no_identity",
        "password_missing",
        "password_wrong",
        "subprotocol",
        "too_many_waiting",
        OTHER_PORT,
    }
)
"""Reasons that a user can do something about; the others are noise of the network."""
_MAX_ISSUES = 10
_JOURNAL = "journal"


def _prefix(entry: ConfigEntry) -> str:
    """Return what the ids of an entry's issues begin with."""
    return f"{entry.entry_id}/"


def _issue_id(entry: ConfigEntry, identity: str, what: str = "") -> str:
    """Return the id of a station's issue; it tells the identity to nobody."""
    station = blake2s(identity.encode(), digest_size=8).hexdigest()
    return f"{_prefix(entry)}{station}/{what}"


def _as_code(text: str) -> str:
    """Return a stranger's text so that it can't be taken for Markdown."""
    plain = "".join(char for char in text if char.isprintable() and char != "`")
    return f"`{plain[:100]}`" if plain else "–"


@callback
def async_report_rejection(
    hass: HomeAssistant, entry: ConfigEntry, rejection: Rejection
) -> None:
    """Tell of a station that is turned away for something that can be mended."""
    if rejection.reason not in _MENDABLE:
        return
    configured = {subentry.unique_id for subentry in entry.subentries.values()}
    strangers = len(_issues(hass, _prefix(entry))) >= _MAX_ISSUES
    if strangers and rejection.identity not in configured:
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        _issue_id(entry, rejection.identity, rejection.reason),
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key=f"rejected_{rejection.reason}",
        translation_placeholders={
            "station": _as_code(rejection.identity or rejection.path),
            "address": rejection.address,
            "path": _as_code(rejection.path),
            "detail": _as_code(rejection.detail),
        },
    )


@callback
def async_report_setup(
    hass: HomeAssistant, entry: ConfigEntry, station: Station
) -> None:
    """Tell of steps after a boot that fail again and again; forget it when they don't."""
    issue_id = _issue_id(entry, station.identity, "setup")
    if not station.onboarding.given_up:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    step, reason = next(iter(station.onboarding.problems.items()))
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key="setup_failed",
        translation_placeholders={
            "station": _as_code(station.identity),
            "step": step.value,
            "reason": _as_code(reason),
        },
    )


@callback
def async_clear_rejections(
    hass: HomeAssistant, entry: ConfigEntry, identity: str
) -> None:
    """Forget the issues of a station that has got in, or, without identity, all."""
    prefix = _issue_id(entry, identity) if identity else _prefix(entry)
    for issue_id in _issues(hass, prefix):
        ir.async_delete_issue(hass, DOMAIN, issue_id)


@callback
def async_report_journal(
    hass: HomeAssistant, path: Path, problem: JournalProblem | None
) -> None:
    """Tell that sessions can't be stored; forget it when they can be again."""
    if problem is None:
        ir.async_delete_issue(hass, DOMAIN, _JOURNAL)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        _JOURNAL,
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key=problem.value,
        translation_placeholders={"path": str(path)},
    )


@callback
def async_report_damaged_journal(hass: HomeAssistant, aside: Path) -> None:
    """Tell that the sessions of the past can't be read any more, and where they are."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{_JOURNAL}_damaged",
        is_fixable=False,
        is_persistent=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key="journal_damaged",
        translation_placeholders={"path": str(aside)},
    )


def _issues(hass: HomeAssistant, prefix: str) -> list[str]:
    return [
        issue_id
        for domain, issue_id in ir.async_get(hass).issues
        if domain == DOMAIN and issue_id.startswith(prefix)
    ]
