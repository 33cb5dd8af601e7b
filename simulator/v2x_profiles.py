"""OCPP 2.x: charging profiles."""

from itertools import groupby
from typing import TYPE_CHECKING

from .dialect import Handler
from .frames import Json
from .profile_rules import composite, objection_2x, stamped
from .profiles import Profile, read_profile

if TYPE_CHECKING:
    from .station import ChargingStation


class ProfileRequests:
    """The requests about charging profiles."""

    def __init__(self, station: ChargingStation) -> None:
        """Answer for a station."""
        self.station = station
        self.handlers: dict[str, Handler] = {
            "ClearChargingProfile": self.clear,
            "GetChargingProfiles": self.get,
            "GetCompositeSchedule": self.get_composite,
            "SetChargingProfile": self.set,
        }
        if station.version == "2.1":
            self.handlers["UpdateDynamicSchedule"] = self.update_dynamic
            self.handlers["UsePriorityCharging"] = self.use_priority

    def set(self, payload: Json) -> Json:
        """Install a charging profile."""
        station, evse_id = self.station, payload["evseId"]
        profile = read_profile(evse_id, payload["chargingProfile"], station.clock.now())
        scripted = station.misbehaviour.refuses_profile(
            profile.purpose, profile.kind, profile.schedule.unit
        )
        if scripted is not None:
            return {"status": scripted}
        reason = objection_2x(station, evse_id, profile)
        if reason is not None:
            return {"status": "Rejected", "statusInfo": {"reasonCode": reason}}
        station.profiles.install(profile, replace_same_slot=False)
        station.follow_up(station.behaviour.refresh)
        return {"status": "Accepted"}

    def clear(self, payload: Json) -> Json:
        """Remove charging profiles."""
        criteria, store = (
            payload.get("chargingProfileCriteria", {}),
            self.station.profiles,
        )
        found = store.match(
            id=payload.get("chargingProfileId"),
            evse_id=criteria.get("evseId"),
            stack=criteria.get("stackLevel"),
            purpose=criteria.get("chargingProfilePurpose"),
        )
        found = [profile for profile in found if profile.source == "CSO"]
        store.remove(found)
        self.station.follow_up(self.station.behaviour.refresh)
        return {"status": "Accepted" if found else "Unknown"}

    def get(self, payload: Json) -> Json:
        """Report installed charging profiles."""
        wanted = payload["chargingProfile"]
        ids, sources = (
            wanted.get("chargingProfileId"),
            wanted.get("chargingLimitSource"),
        )
        found = [
            profile
            for profile in self.station.profiles.match(
                evse_id=payload.get("evseId"),
                stack=wanted.get("stackLevel"),
                purpose=wanted.get("chargingProfilePurpose"),
            )
            if (ids is None or profile.id in ids)
            and (not sources or profile.source in sources)
        ]
        if not found:
            return {"status": "NoProfiles"}
        self.station.follow_up(lambda: self._report(payload["requestId"], found))
        return {"status": "Accepted"}

    def _report(self, request_id: int, profiles: list[Profile]) -> None:
        """Queue one report for each EVSE and source."""

        def place(profile: Profile) -> tuple[int, str]:
            """Return what a report is about."""
            return profile.evse_id, profile.source

        groups = [
            (key, list(members))
            for key, members in groupby(sorted(profiles, key=place), key=place)
        ]
        for number, ((evse_id, source), members) in enumerate(groups):
            self.station.post(
                "ReportChargingProfiles",
                {
                    "requestId": request_id,
                    "chargingLimitSource": source,
                    "evseId": evse_id,
                    "chargingProfile": [_told(profile) for profile in members],
                    "tbc": number < len(groups) - 1,
                },
            )

    def get_composite(self, payload: Json) -> Json:
        """Tell what an EVSE will do."""
        evse_id, duration = payload["evseId"], payload["duration"]
        if evse_id > len(self.station.evses):
            return {"status": "Rejected", "statusInfo": {"reasonCode": "UnknownEvse"}}
        unit = payload.get("chargingRateUnit", "A")
        if unit not in self.station.device_model.text("SmartChargingCtrlr", "RateUnit"):
            return {
                "status": "Rejected",
                "statusInfo": {"reasonCode": "UnsupportedRateUnit"},
            }
        start, periods = composite(self.station, evse_id, duration, unit)
        return {
            "status": "Accepted",
            "schedule": {
                "evseId": evse_id,
                "duration": duration,
                "scheduleStart": stamped(start),
                "chargingRateUnit": unit,
                "chargingSchedulePeriod": periods,
            },
        }

    def update_dynamic(self, payload: Json) -> Json:
        """Take a new limit for a Dynamic profile."""
        store = self.station.profiles
        found = store.match(id=payload["chargingProfileId"], kind="Dynamic")
        if not found:
            return {
                "status": "Rejected",
                "statusInfo": {"reasonCode": "InvalidProfileId"},
            }
        update = payload["scheduleUpdate"]
        store.update(
            found[0],
            self.station.clock.now(),
            update.get("limit", update.get("setpoint")),
        )
        self.station.follow_up(self.station.behaviour.refresh)
        return {"status": "Accepted"}

    def use_priority(self, payload: Json) -> Json:
        """Switch priority charging on or off."""
        evse = self.station.sessions.find(payload["transactionId"])
        if evse is None or evse.transaction is None:
            return {"status": "Rejected"}
        if not self.station.profiles.match(purpose="PriorityCharging"):
            return {"status": "NoProfile"}
        evse.transaction.priority = payload["activate"]
        self.station.follow_up(self.station.behaviour.refresh)
        return {"status": "Accepted"}


def _told(profile: Profile) -> Json:
    """Return a profile as it is reported, with the transaction it has been tied to."""
    if profile.transaction_id is None:
        return profile.raw
    return {**profile.raw, "transactionId": profile.transaction_id}
