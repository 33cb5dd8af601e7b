"""Quirks: how a station's are found, and what a rule may say."""

from pathlib import Path

import pytest

from custom_components.ocpp_csms.csms.model.profile import Kind, Purpose, RateUnit
from custom_components.ocpp_csms.csms.model.station import StationInfo
from custom_components.ocpp_csms.csms.quirks import (
    ProfileAttempt,
    QuirkBook,
    Quirks,
    load_quirks,
)

_RULES = """
[[rule]]
name = "all"
vendor = "^acme$"
call_gap_s = 0.5
source = "a thread"

[[rule]]
name = "two"
vendor = "acme"
model = "two"
call_gap_s = 1.0
measurands = ["Voltage"]
skip_steps = ["meter"]
readonly = ["MeterValuesSampledData"]
current_steps_a = [6, 10, 16]
profile_attempts = [{ purpose = "TxProfile", kind = "Relative", stack_level = 0, unit = "W" }, {}]

[[rule]]
name = "old firmware"
vendor = "acme"
firmware = '^1[.]'
boot_settle_s = 9.0
answer_delay_s = { StartTransaction = 1.0 }
"""


@pytest.fixture
def book(tmp_path: Path) -> QuirkBook:
    """Return a book of one vendor."""
    (tmp_path / "acme.toml").write_text(_RULES, "utf-8")
    return load_quirks(tmp_path)


@pytest.mark.parametrize(
    ("info", "names"),
    [
        (None, ()),
        (StationInfo(), ()),
        (StationInfo("Other", "two", firmware="1.0"), ()),
        (StationInfo("ACME", "One"), ("acme/all",)),
        (StationInfo("Acme", "Two"), ("acme/all", "acme/two")),
        (StationInfo("Acme", "One", firmware="1.2"), ("acme/all", "acme/old firmware")),
        (StationInfo("Acme", "One", firmware="2.1"), ("acme/all",)),
    ],
)
def test_selection(
    book: QuirkBook, info: StationInfo | None, names: tuple[str, ...]
) -> None:
    """Rules are found by vendor, model and firmware, in any case of letters."""
    assert book.find(info).names == names


def test_later_rules_refine(book: QuirkBook) -> None:
    """A later rule overrules an earlier one and leaves the rest."""
    quirks = book.find(StationInfo("Acme", "two", firmware="1.0"))
    assert (quirks.call_gap_s, quirks.boot_settle_s) == (1.0, 9.0)


def test_values(book: QuirkBook) -> None:
    """Knobs have their own types."""
    quirks = book.find(StationInfo("Acme", "two", firmware="1.0"))
    assert quirks.measurands == ("Voltage",)
    assert quirks.skip_steps == frozenset({"meter"})
    assert quirks.readonly == frozenset({"MeterValuesSampledData"})
    assert list(quirks.current_steps_a) == [6, 10, 16]
    assert quirks.answer_delay_s == {"StartTransaction": 1.0}
    assert quirks.profile_attempts == (
        ProfileAttempt(
            purpose=Purpose.TX, kind=Kind.RELATIVE, stack_level=0, unit=RateUnit.WATT
        ),
        ProfileAttempt(),
    )


def test_unknown_knob(tmp_path: Path) -> None:
    """A knob that nothing turns is refused."""
    (tmp_path / "bad.toml").write_text('[[rule]]\nname = "x"\nturbo = true\n', "utf-8")
    with pytest.raises(ValueError, match="turbo"):
        load_quirks(tmp_path)


def test_unknown_purpose(tmp_path: Path) -> None:
    """A word that the model lacks is refused."""
    rule = '[[rule]]\nname = "x"\nprofile_attempts = [{ purpose = "MaxProfile" }]\n'
    (tmp_path / "bad.toml").write_text(rule, "utf-8")
    with pytest.raises(ValueError, match="MaxProfile"):
        load_quirks(tmp_path)


def test_no_rules() -> None:
    """Without rules every station is taken to follow the specification."""
    assert QuirkBook().find(StationInfo("Acme", "One")) == Quirks()


def test_shipped_rules() -> None:
    """The rules that are shipped can be read."""
    assert load_quirks().find(StationInfo("No such vendor", "None")) == Quirks()
