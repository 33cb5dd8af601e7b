"""What meters sign is kept with the session, as it is."""

from typing import Any

import pytest

from custom_components.ocpp_csms.csms.station import Station

from .support import BareStation, Json, energy, event, moment, sample, start, stop


def _signed(version: str, data: str, context: str) -> Json:
    """Return a value that is signed; 2.x has the plain one beside it."""
    if version == "1.6":
        return sample(data, format="SignedData", context=context)
    beside = {
        "signedMeterData": data,
        "signingMethod": "ECDSA",
        "encodingMethod": "OCMF",
        "publicKey": "KEY",
    }
    return sample(1000, context=context, signedMeterValue=beside)


def _natures(station: Station) -> list[tuple[Any, Any]]:
    last = station.evses[1].last_transaction
    assert last is not None
    return [(value["nature"], value["data"]) for value in last.signed]


async def test_v16(cp1: BareStation, station: Station) -> None:
    """1.6: what comes with the end is of begin and end; of the rest the last is kept."""
    tx = (await cp1.call("StartTransaction", start()))["transactionId"]
    for number in range(3):
        value = _signed("1.6", f"M{number}", "Sample.Periodic")
        values = [moment(value, at=number)]
        payload = {"connectorId": 1, "transactionId": tx, "meterValue": values}
        await cp1.call("MeterValues", payload)
    told = [
        moment(_signed("1.6", "A", "Transaction.Begin")),
        moment(_signed("1.6", "Z", "Transaction.End"), at=60),
    ]
    await cp1.call("StopTransaction", stop(tx, transactionData=told))
    assert _natures(station) == [("Intermediate", "M2"), ("Start", "A"), ("End", "Z")]


async def test_v201(cp1_201: BareStation, station: Station) -> None:
    """2.x: with its method and key; the plain value counts as ever."""
    begin = moment(_signed("2.0.1", "A", "Transaction.Begin"))
    await cp1_201.call("TransactionEvent", event(meterValue=[begin]))
    end = [
        moment(_signed("2.0.1", "Z", "Transaction.End"), at=60),
        energy(3000, "Transaction.End", at=60),
    ]
    await cp1_201.call("TransactionEvent", event("Ended", at=60, meterValue=end))
    assert _natures(station) == [("Start", "A"), ("End", "Z")]
    last = station.evses[1].last_transaction
    assert last is not None
    assert last.signed[0]["public_key"] == "KEY"
    assert last.reported_start_wh == 1000


async def test_an_end_of_which_the_begin_was_not_heard(
    cp1_201: BareStation, station: Station
) -> None:
    """What is signed of it is kept, too."""
    end = [moment(_signed("2.0.1", "Z", "Transaction.End"), at=60)]
    await cp1_201.call("TransactionEvent", event("Ended", at=60, meterValue=end))
    assert _natures(station) == [("End", "Z")]


@pytest.mark.parametrize(
    "item",
    [
        {"value": 1, "signedMeterValue": "text"},
        {"value": 1, "signedMeterValue": {"signedMeterData": ""}},
        {"value": 1, "signedMeterValue": {"signedMeterData": "X" * 30_000}},
    ],
)
async def test_odd_values(cp1_201: BareStation, station: Station, item: Json) -> None:
    """What is no signature, or far too long for one, is left out."""
    told = event("Ended", meterValue=[moment(item)])
    await cp1_201.call("TransactionEvent", told)
    assert _natures(station) == []
