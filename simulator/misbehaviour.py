"""What a station can be told to do wrong."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from .frames import CallRefused, Json

ANY = "*"
"""Stands for every action in the mappings and sets below."""

type Timestamps = Literal[
    "normal", "no_ms", "no_zone", "1970", "local", "garbage", "none"
]
type Change = Callable[[str, Json], Any]


@dataclass
class Misbehaviour:
    """Switches for everything that stations get wrong; all can be changed while running."""

    # Answers to the central system, by action (or ANY).
    refuse: dict[str, str | CallRefused] = field(default_factory=dict)
    """Answer with a CALLERROR of this code."""
    statuses: dict[str, str] = field(default_factory=dict)
    """Answer with this status and do nothing."""
    replies: dict[str, Any] = field(default_factory=dict)
    """Answer with this payload, whatever the schema says, and do nothing."""
    raw_replies: dict[str, str | bytes] = field(default_factory=dict)
    """Answer with this frame; {id} in a text stands for the message id."""
    silent: set[str] = field(default_factory=set)
    """Never answer."""
    hold: set[str] = field(default_factory=set)
    """Answer only when station.release() is called."""
    delay: dict[str, float] = field(default_factory=dict)
    """Answer after so many simulated seconds."""
    change_answers: list[Change] = field(default_factory=list)
    """Called with action and answer; the result is sent unchecked."""
    drop_on: set[str] = field(default_factory=set)
    """Cut the connection instead of answering."""
    reboot_on: set[str] = field(default_factory=set)
    """Answer, then reboot."""
    answer_twice: set[str] = field(default_factory=set)
    """Send the answer twice."""
    error_id: str | None = None
    """Message id of every CALLERROR, such as "-1"."""
    error_details: Any = None
    """Details of every CALLERROR, such as a string."""
    error_elements: int = 5
    """Number of elements of a CALLERROR."""
    triggered_first: bool = False
    """Send what was triggered before the answer to the trigger."""
    refuse_before_boot: bool = False
    """Answer with an error until the boot is accepted."""

    # Requests to the central system.
    change: list[Change] = field(default_factory=list)
    """Called with action and payload of each request; the result is sent unchecked."""
    result_errors: dict[str, str] = field(default_factory=dict)
    """2.1: answer the result of these CALLs with a CALLRESULTERROR of this code."""
    unchecked: bool = False
    """Send everything without checking it, such as over-long names."""
    repeat: set[str] = field(default_factory=set)
    """Send these requests again with a new id, as if the answer had been lost."""
    resend: set[str] = field(default_factory=set)
    """Send these CALLs twice with the same id."""
    resend_after_reconnect: bool = False
    """Repeat the CALL that the last connection left unanswered with its old id."""
    extra_keys: bool = False
    """Add an unknown key to every request."""

    # Connection and boot.
    no_subprotocol: bool = False
    subprotocols: list[str] | None = None
    """Offer these instead of the one of the version."""
    path: str | None = None
    """Dial this path instead of the one ending in the identity."""
    compression: bool = False
    """Offer permessage-deflate."""
    origin: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    password_bytes: bytes | None = None
    """Password of HTTP Basic as raw bytes."""
    no_boot: bool = False
    no_boot_on_reconnect: bool = False
    no_status_on_connect: bool = False
    no_status_on_reconnect: bool = False
    only_changed_status_on_reconnect: bool = False
    queue_before_status: bool = False
    """After a reconnection send what was queued before the fresh statuses."""
    calls_before_boot: bool = False
    """Send anything without waiting for the boot to be accepted."""
    no_heartbeat: bool = False

    # Reboots.
    transaction_on_reboot: Literal["end", "continue", "orphan"] = "end"
    forget_profiles_on_reboot: bool = False
    forget_configuration_on_reboot: bool = False
    forget_profiles_on_disconnect: bool = False

    # Meter.
    units: dict[str, str] = field(default_factory=dict)
    """Unit by measurand; the value is converted between Wh and kWh, W and kW."""
    alternate_units: bool = False
    """Put every second reading of a register and of power in kWh and kW."""
    labels: dict[str, str] = field(default_factory=dict)
    """Unit by measurand, written without converting the value."""
    omit_units: bool = False
    omit_measurand: bool = False
    omit_context: bool = False
    omit_measurands: set[str] = field(default_factory=set)
    per_phase_only: bool = False
    """Report no totals at all, registers neither."""
    per_phase_power: bool = False
    """Report power per phase beside the total."""
    no_total_power: bool = False
    """Report power per phase instead of the total."""
    zero_total_power: bool = False
    phase_names: dict[str, str] = field(default_factory=dict)
    """Other names for phases, such as {"L1": "L1-N"}."""
    session_register: bool = False
    """Registers count from 0 in each transaction."""
    register_offset_wh: float = 0.0
    """Added to every register reading; lower it to make the register go backwards."""
    meter_stop_offset_wh: float = 0.0
    """Added to the register at the end of a transaction."""
    values: dict[str, Any] = field(default_factory=dict)
    """Value by measurand, sent as is: "", "NaN", "abc"."""
    float_noise: bool = False
    empty_samples: bool = False
    meter_value_object: bool = False
    """Send meterValue as an object instead of an array."""
    repeat_begin: bool = False
    """Repeat the register of Transaction.Begin in every sample."""
    samples_without_transaction: bool = False
    aligned_without_transaction: bool = False
    """Send clock-aligned values by MeterValues that name no transaction."""
    interval_start_timestamps: bool = False
    context: str | None = None

    # Times.
    timestamps: Timestamps = "normal"
    clock_offset: float = 0.0
    """Seconds by which the station's clock is wrong."""

    # Status.
    error_code: str | None = None
    status_at_zero: bool = False
    """Report the statuses of connectors at EVSE 0, connector 0 (2.x) or connector 0 (1.6)."""
    no_status_of_station: bool = False
    """1.6: say nothing about connector 0."""
    repeat_status: int = 0
    """Send each status so many times more."""
    status_walk: list[str] = field(default_factory=list)
    """Walk through these statuses before each true one."""
    no_finishing: bool = False
    """1.6: be Available as soon as a transaction is over."""
    status_delay: float = 0.0
    """Report a status so many seconds late."""
    finishing_blocks_start: bool = False
    status_without_timestamp: bool = False

    # Transactions.
    transaction_id: int | str | None = None
    """Use this id instead of the assigned or generated one."""
    seq_no: int | None = None
    """Number of every event; 0 for stations that do not count."""
    omit_evse: bool = False
    """Leave evse out of Updated and Ended events."""
    omit_connector: bool = False
    """Leave connectorId out of evse."""
    trigger_reason: str | None = None
    charging_state: str | None = None
    closing_meter_values: bool = False
    """Send MeterValues after the end of a transaction."""
    stop_without_id_tag: bool = False
    ignore_profiles: bool = False
    """Accept charging profiles without obeying them."""
    profile_answers: dict[str, str] = field(default_factory=dict)
    """Status for charging profiles by purpose, kind or unit, instead of taking them."""
    only_stack_level: int | None = None
    """Refuse charging profiles of other levels."""
    dies_in_2038: bool = False
    """Refuse charging profiles that reach beyond 32-bit clocks."""
    stuck_after_pause: bool = False
    """Stay suspended in a transaction once a limit below 6 A has paused it."""
    start_needs_connector: bool = False
    """Refuse a remote start that names no connector or EVSE."""
    id_tag_suffix: str = ""
    """Appended to each id token sent."""

    # Reports (2.x).
    report_page: int = 0
    """Number of entries on a page; 0 for the usual number."""
    report_first_seq_no: int = 0
    report_without_data: bool = False

    @property
    def distorts(self) -> bool:
        """Return whether payloads may break their schemas on purpose."""
        return any(
            getattr(self, name) != getattr(_PROPER, name) for name in _DISTORTING
        )

    def refuses_profile(self, *words: str) -> str | None:
        """Return the status for a charging profile with these words, if one is scripted."""
        return next(
            (self.profile_answers[w] for w in words if w in self.profile_answers), None
        )

    def action_of(self, action: str, mapping: dict[str, Any]) -> Any:
        """Return the entry for an action, or the one for all."""
        return mapping.get(action, mapping.get(ANY))

    def hits(self, action: str, actions: set[str]) -> bool:
        """Return whether an action, or every action, is in a set."""
        return action in actions or ANY in actions

    def answer_for(self, action: str) -> Any:
        """Return the scripted payload of an answer, or None to answer properly."""
        refusal = self.action_of(action, self.refuse)
        if refusal is not None:
            raise refusal if isinstance(refusal, CallRefused) else CallRefused(refusal)
        reply = self.action_of(action, self.replies)
        if reply is not None:
            return reply
        status = self.action_of(action, self.statuses)
        return None if status is None else {"status": status}


_DISTORTING = (
    "change",
    "unchecked",
    "extra_keys",
    "units",
    "labels",
    "values",
    "empty_samples",
    "meter_value_object",
    "phase_names",
    "context",
    "timestamps",
    "error_code",
    "transaction_id",
    "seq_no",
    "trigger_reason",
    "charging_state",
    "id_tag_suffix",
    "status_without_timestamp",
)
_PROPER = Misbehaviour()
