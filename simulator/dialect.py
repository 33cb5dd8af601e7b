"""What differs between the versions of OCPP."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from .evse import Evse, Token, Transaction
from .frames import Json
from .meter import Reading, Sampling, readings

if TYPE_CHECKING:
    from .station import ChargingStation

type Handler = Callable[[Json], Json]
type Occasion = Literal["sampled", "aligned", "started", "ended"]
type Message = tuple[str, Json]


class Dialect(ABC):
    """The messages and settings of one version."""

    def __init__(self, station: ChargingStation) -> None:
        """Speak for a station."""
        self.station = station
        self.handlers: dict[str, Handler] = {}

    # Settings.

    @abstractmethod
    def setting(self, name: str) -> str:
        """Return a setting by its neutral name; empty when unknown."""

    @abstractmethod
    def set_setting(self, name: str, value: str) -> None:
        """Change a setting by its neutral name."""

    @abstractmethod
    def measurands(self, occasion: Occasion) -> list[str]:
        """Return the measurands to report on an occasion."""

    def seconds(self, name: str) -> float:
        """Return a setting as seconds; 0 when unknown."""
        try:
            return float(self.setting(name) or 0)
        except ValueError:
            return 0.0

    def flag(self, name: str) -> bool:
        """Return a setting as a yes or no."""
        return self.setting(name).lower() == "true"

    # Messages.

    @abstractmethod
    def boot(self, *, triggered: bool = False) -> Message:
        """Return the BootNotification."""

    @abstractmethod
    def authorize(self, token: Token) -> Message:
        """Return the Authorize."""

    @abstractmethod
    def authorized(self, answer: Json) -> bool:
        """Return whether an answer to Authorize lets the token charge."""

    @abstractmethod
    def status(self, evse: Evse) -> Message:
        """Return the StatusNotification of an EVSE."""

    @abstractmethod
    def station_status(self) -> Message | None:
        """Return the StatusNotification of the station as a whole, where there is one."""

    @abstractmethod
    def log_status(self, status: str, request_id: int) -> Message:
        """Return the progress of an upload of diagnostics."""

    @abstractmethod
    def firmware_status(self, status: str, request_id: int) -> Message:
        """Return the progress of a firmware update."""

    @abstractmethod
    def plugged(self, evse: Evse) -> None:
        """Tell what follows from plugging in."""

    @abstractmethod
    def starts_at(self, evse: Evse) -> bool:
        """Return whether a transaction is due."""

    @abstractmethod
    def started(self, evse: Evse, transaction: Transaction, trigger: str) -> None:
        """Tell that a transaction has started."""

    @abstractmethod
    def updated(
        self, evse: Evse, transaction: Transaction, trigger: str, *, context: str = ""
    ) -> None:
        """Tell that something about a transaction has changed."""

    @abstractmethod
    def ended(
        self, evse: Evse, transaction: Transaction, reason: str, trigger: str
    ) -> None:
        """Tell that a transaction has ended."""

    @abstractmethod
    def meter_values(self, evse: Evse, context: str, *, kind: str = "normal") -> None:
        """Send MeterValues."""

    @abstractmethod
    def fault_changed(self, evse: Evse) -> None:
        """Tell of a fault, or that it is gone, beyond the status."""

    @abstractmethod
    def reset_settings(self) -> None:
        """Go back to the settings of the factory."""

    # Readings.

    def _samples(
        self,
        evse: Evse,
        occasion: Occasion,
        context: str,
        transaction: Transaction | None,
    ) -> list[Json]:
        """Return a meter value with all its samples; none if nothing is to be read."""
        odd = self.station.misbehaviour
        found = self._sampled_values(evse, occasion, context, transaction)
        if odd.empty_samples:
            found = []
        elif not found:
            return []
        value: Json = {"sampledValue": found}
        interval = (
            self.seconds("sample_interval") if odd.interval_start_timestamps else 0.0
        )
        self._stamp(value, interval)
        return [value]

    def _sampled_values(
        self,
        evse: Evse,
        occasion: Occasion,
        context: str,
        transaction: Transaction | None,
    ) -> list[Json]:
        """Read the meter."""
        evse.flow_until(self.station.clock.now())
        start = transaction.meter_start if transaction else None
        sampling = Sampling(self.measurands(occasion), context, start)
        found = readings(evse.meter, evse.car, sampling, self.station.misbehaviour)
        return [self._sampled(reading) for reading in found]

    def _sampled(self, reading: Reading) -> Json:
        """Return a sampledValue, yet without its unit."""
        odd = self.station.misbehaviour
        sample: Json = {"value": reading.value, "location": reading.location}
        if not odd.omit_context:
            sample["context"] = reading.context
        if not odd.omit_measurand:
            sample["measurand"] = reading.measurand
        if reading.phase is not None:
            sample["phase"] = reading.phase
        return sample

    def _stamp(self, payload: Json, earlier: float = 0.0) -> None:
        """Put a timestamp into a payload, of now or some seconds earlier."""
        when = self.station.behaviour.stamp_ago(earlier)
        if when is not None:
            payload["timestamp"] = when


def occasion_of(context: str) -> Occasion:
    """Return the occasion of readings while nothing starts or ends."""
    return "aligned" if context == "Sample.Clock" else "sampled"
