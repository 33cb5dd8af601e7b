"""What a station does as a whole: telling its state, rebooting, pretending uploads."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .evse import Evse, Reservation
from .frames import Json
from .profiles import EXTERNAL, read_profile
from .times import stamp

if TYPE_CHECKING:
    from .station import ChargingStation

_STEP_SECONDS = 2.0


class Behaviour:
    """The doings of a station beyond a single EVSE."""

    def __init__(self, station: ChargingStation) -> None:
        """Act for a station."""
        self.station = station
        self.log_state = "Idle"
        self.firmware_state = "Idle"
        self._told_status = ""

    def stamp(self, when: datetime) -> str | None:
        """Write a time as the station would."""
        odd = self.station.misbehaviour
        return stamp(when + timedelta(seconds=odd.clock_offset), odd.timestamps)

    def stamp_ago(self, seconds: float) -> str | None:
        """Write the time some seconds ago."""
        return self.stamp(self.station.clock.now() - timedelta(seconds=seconds))

    # State.

    def announce(self, *, warm: bool) -> None:
        """Tell the state of things after the central system has accepted the station."""
        station, odd = self.station, self.station.misbehaviour
        station.sessions.booted()
        station.boots += 0 if warm else 1
        if odd.no_status_on_reconnect if warm else odd.no_status_on_connect:
            for evse in station.evses:
                evse.told_status = evse.status
            if (message := station.dialect.station_status()) is not None:
                self._told_status = message[1]["status"]
            return
        waiting = list(station.link.outbox.items)
        station.link.outbox.items.clear()
        only_changed = warm and odd.only_changed_status_on_reconnect
        if not only_changed:
            self._told_status = ""
        self.report_station()
        for evse in station.evses:
            if not only_changed:
                evse.told_status = ""
            station.sessions.report_status(evse)
        fresh = list(station.link.outbox.items)
        station.link.outbox.items[:] = (
            waiting + fresh if odd.queue_before_status else fresh + waiting
        )

    # Reboots.

    def reset(self, boot_reason: str, stop_reason: str) -> None:
        """Reboot on request."""
        self.station.spawn(self.shut_down(boot_reason, stop_reason))

    async def shut_down(self, boot_reason: str, stop_reason: str) -> None:
        """End transactions in good order, then go down."""
        for evse in self.station.evses:
            if evse.transaction is not None:
                self.station.sessions.stop(evse, stop_reason, "ResetCommand")
        await self.station.link.drained()
        self.go_down(boot_reason)

    def go_down(self, boot_reason: str) -> None:
        """Lose power, and with it whatever is not kept."""
        station, odd = self.station, self.station.misbehaviour
        station.boot_reason = boot_reason
        station.link.restart(station.boot_seconds)
        for evse in station.evses:
            if evse.transaction is not None:
                self._interrupt(evse)
            if evse.transaction is None:
                evse.clear_authorization()
            evse.told_status = ""
        station.config.reboot()
        station.device_model.reboot()
        if odd.forget_profiles_on_reboot:
            station.profiles.clear()
        if odd.forget_configuration_on_reboot:
            station.dialect.reset_settings()

    def _interrupt(self, evse: Evse) -> None:
        """Do to a transaction what a loss of power does."""
        match self.station.misbehaviour.transaction_on_reboot:
            case "end":
                self.station.sessions.stop(evse, "PowerLoss", "AbnormalCondition")
            case "orphan":
                evse.transaction = None
                evse.clear_authorization()
                self.station.sessions.refresh(evse)
            case "continue":
                pass

    # Availability and reservations.

    def change_availability(self, evses: list[Evse], *, operative: bool) -> str:
        """Put EVSEs in or out of service; return the status to answer with."""
        scheduled = False
        for evse in evses:
            if evse.transaction is not None and not operative:
                evse.scheduled_operative = False
                scheduled = True
            else:
                evse.operative = operative
                evse.scheduled_operative = None
        self.station.follow_up(self.refresh)
        self.station.follow_up(self.report_station)
        return "Scheduled" if scheduled else "Accepted"

    def report_station(self) -> None:
        """Send the status of the station as a whole if it has changed (1.6)."""
        message = self.station.dialect.station_status()
        if message is None or not self.station.registered:
            return
        if self._told_status != message[1]["status"]:
            self._told_status = message[1]["status"]
            self.station.post(*message)

    def refresh(self) -> None:
        """Bring all EVSEs up to date."""
        for evse in self.station.evses:
            self.station.sessions.refresh(evse)

    def reserve(self, reservation: Reservation) -> str:
        """Hold an EVSE for a token; return the status to answer with."""
        if reservation.evse_id:
            candidates = [self.station.evse(reservation.evse_id)]
        else:
            candidates = self.station.evses
        statuses = [evse.status for evse in candidates]
        for evse in candidates:
            held = evse.reservation
            if evse.status == "Available" or (held and held.id == reservation.id):
                evse.reservation = reservation
                self.station.follow_up(self.refresh)
                return "Accepted"
        if "Faulted" in statuses:
            return "Faulted"
        return "Unavailable" if set(statuses) == {"Unavailable"} else "Occupied"

    def cancel_reservation(self, reservation_id: int) -> str:
        """Drop a reservation on request; return the status to answer with."""
        for evse in self.station.evses:
            if evse.reservation is not None and evse.reservation.id == reservation_id:
                evse.reservation = None
                self.station.follow_up(self.refresh)
                return "Accepted"
        return "Rejected"

    def reservation_over(self, reservation: Reservation, status: str) -> None:
        """Drop a reservation and, in 2.x, tell so."""
        for evse in self.station.evses:
            if evse.reservation is reservation:
                evse.reservation = None
        if self.station.version != "1.6":
            self.station.post(
                "ReservationStatusUpdate",
                {"reservationId": reservation.id, "reservationUpdateStatus": status},
            )
        self.refresh()

    # Security and limits from outside.

    def change_password(self, password: str) -> None:
        """Dial again at once with a new password."""
        self.station.password = password
        self.station.link.drop()

    async def security_event(self, kind: str, info: str) -> None:
        """Send a SecurityEventNotification."""
        payload: Json = {"type": kind}
        when = self.station.now()
        if when is not None:
            payload["timestamp"] = when
        if info:
            payload["techInfo"] = info
        await self.station.send("SecurityEventNotification", payload)

    def external_limit(self, amps: float | None, source: str) -> None:
        """Obey a limit from outside the central system, and in 2.x tell of it."""
        station = self.station
        store, now = station.profiles, station.clock.now()
        store.remove(store.match(purpose=EXTERNAL))
        if amps is not None:
            raw = external_profile(amps)
            store.install(read_profile(0, raw, now, source), replace_same_slot=True)
        if station.version != "1.6" and amps is None:
            station.post("ClearedChargingLimit", {"chargingLimitSource": source})
        elif station.version != "1.6":
            limit = {"chargingLimitSource": source, "isGridCritical": False}
            station.post("NotifyChargingLimit", {"chargingLimit": limit})
        self.refresh()

    # Pretended uploads and updates.

    def upload_log(self, request_id: int) -> None:
        """Pretend to upload diagnostics."""
        self.station.spawn(self._upload(request_id))

    async def _upload(self, request_id: int) -> None:
        """Tell the progress of an upload that does not happen."""
        for status in ("Uploading", "Uploaded"):
            self.log_state = status
            self.station.post(*self.station.dialect.log_status(status, request_id))
            await self.station.clock.sleep(_STEP_SECONDS)
        self.log_state = "Idle"

    def update_firmware(self, request_id: int, version: str) -> None:
        """Pretend to update the firmware."""
        self.station.spawn(self._update(request_id, version))

    async def _update(self, request_id: int, version: str) -> None:
        """Tell the progress of an update that does not happen, then reboot."""
        station = self.station
        for status in ("Downloading", "Downloaded", "Installing"):
            self.firmware_state = status
            station.post(*station.dialect.firmware_status(status, request_id))
            await station.clock.sleep(_STEP_SECONDS)
        station.firmware = version or station.firmware
        await self.shut_down("FirmwareUpdate", "Reboot")
        await station.clock.sleep(station.boot_seconds)
        while not station.registered:
            await station.clock.sleep(1.0)
        self.firmware_state = "Installed"
        station.post(*station.dialect.firmware_status("Installed", request_id))
        self.firmware_state = "Idle"


def external_profile(amps: float) -> Json:
    """Return a profile that limits the station from outside."""
    return {
        "id": -1,
        "stackLevel": 0,
        "chargingProfilePurpose": EXTERNAL,
        "chargingProfileKind": "Relative",
        "chargingSchedule": [
            {
                "id": 0,
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": amps}],
            }
        ],
    }
