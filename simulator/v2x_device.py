"""OCPP 2.x: variables and reports."""

from typing import TYPE_CHECKING

from .device_model import read_name
from .dialect import Handler
from .frames import Json

if TYPE_CHECKING:
    from .station import ChargingStation

_PAGE = 20


class DeviceRequests:
    """The requests about the device model."""

    def __init__(self, station: ChargingStation) -> None:
        """Answer for a station."""
        self.station = station
        self.handlers: dict[str, Handler] = {
            "GetBaseReport": self.get_base_report,
            "GetReport": self.get_report,
            "GetVariables": self.get_variables,
            "SetVariables": self.set_variables,
        }

    def get_variables(self, payload: Json) -> Json:
        """Return values."""
        results = []
        for item in payload["getVariableData"]:
            attribute = item.get("attributeType", "Actual")
            status, value = self.station.device_model.get(read_name(item), attribute)
            result = {
                "attributeStatus": status,
                "attributeType": attribute,
                "component": item["component"],
                "variable": item["variable"],
            }
            if value is not None:
                result["attributeValue"] = value
            results.append(result)
        return {"getVariableResult": results}

    def set_variables(self, payload: Json) -> Json:
        """Change values."""
        results = []
        for item in payload["setVariableData"]:
            attribute, value = (
                item.get("attributeType", "Actual"),
                item["attributeValue"],
            )
            name = read_name(item)
            status = self.station.device_model.change(name, attribute, value)
            results.append(
                {
                    "attributeStatus": status,
                    "attributeType": attribute,
                    "component": item["component"],
                    "variable": item["variable"],
                }
            )
            if status == "Accepted":
                self._changed(name.variable, value)
        return {"setVariableResult": results}

    def _changed(self, variable: str, value: str) -> None:
        """Do what the new value of a variable calls for."""
        if variable == "BasicAuthPassword":
            self.station.follow_up(
                lambda: self.station.behaviour.change_password(value)
            )
        elif variable == "HeartbeatInterval":
            self.station.sessions.plan_heartbeat()

    def get_base_report(self, payload: Json) -> Json:
        """Report an inventory."""
        data = self.station.device_model.report(payload["reportBase"])
        return self._report(payload["requestId"], data)

    def get_report(self, payload: Json) -> Json:
        """Report the variables asked for."""
        data = self.station.device_model.search(
            payload.get("componentVariable", []), payload.get("componentCriteria", [])
        )
        return self._report(payload["requestId"], data)

    def _report(self, request_id: int, data: list[Json]) -> Json:
        """Send a report in pages after the answer."""
        if not data:
            return {"status": "EmptyResultSet"}
        self.station.follow_up(lambda: self._send_pages(request_id, data))
        return {"status": "Accepted"}

    def _send_pages(self, request_id: int, data: list[Json]) -> None:
        """Queue the pages of a report."""
        odd = self.station.misbehaviour
        size = odd.report_page or _PAGE
        pages = [data[start : start + size] for start in range(0, len(data), size)]
        for number, page in enumerate(pages):
            payload: Json = {
                "requestId": request_id,
                "generatedAt": self.station.now() or "",
                "seqNo": number + odd.report_first_seq_no,
                "tbc": number < len(pages) - 1,
            }
            if not odd.report_without_data:
                payload["reportData"] = page
            self.station.post("NotifyReport", payload)
