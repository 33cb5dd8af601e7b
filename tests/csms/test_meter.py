"""The meter of an EVSE: newest values, derived totals, contexts."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.ocpp_csms.csms.meter import Meter
from custom_components.ocpp_csms.csms.model.meter import (
    CURRENT,
    LINES,
    POWER,
    REGISTER,
    VOLTAGE,
    Channel,
    Context,
    Location,
    Measurand,
    Phase,
    Sample,
    Samples,
)
from custom_components.ocpp_csms.csms.quirks import Quirks

from .support import NOW

_PLAIN = Quirks()
WORST_FIRST = (
    Context.TRANSACTION_BEGIN,
    Context.OTHER,
    Context.SAMPLE_CLOCK,
    Context.SAMPLE_PERIODIC,
    Context.TRANSACTION_END,
)


def _moment(*samples: Sample, seconds: float | None = 0, dropped: int = 0) -> Samples:
    at = None if seconds is None else NOW + timedelta(seconds=seconds)
    return Samples(at, samples, dropped)


def _meter(
    *moments: Samples, now: datetime = NOW, quirks: Quirks = _PLAIN, **options: Any
) -> Meter:
    meter = Meter()
    meter.take(moments, now, quirks, **options)
    return meter


def _lines(channel: Channel, *values: float) -> list[Sample]:
    return [
        Sample(channel._replace(phase=line), value)
        for line, value in zip(LINES, values, strict=False)
    ]


def test_nothing_known() -> None:
    """A channel without a value is unknown, not 0."""
    assert Meter().value(POWER) is None


def test_newest_value() -> None:
    """The newest value counts, with its time."""
    meter = _meter(_moment(Sample(POWER, 100)), _moment(Sample(POWER, 200), seconds=5))
    reading = meter.readings[POWER]
    assert (reading.value, reading.at, reading.derived) == (
        200,
        NOW + timedelta(seconds=5),
        False,
    )


def test_changed_channels() -> None:
    """Only channels whose value changed are told."""
    meter = _meter(_moment(Sample(POWER, 100), Sample(VOLTAGE, 230)))
    again = _moment(Sample(POWER, 100), Sample(VOLTAGE, 231))
    assert meter.take((again,), NOW, _PLAIN) == [VOLTAGE]


def test_moment_without_time() -> None:
    """A value without a usable time is of now."""
    meter = _meter(_moment(Sample(POWER, 100), seconds=None))
    assert meter.readings[POWER].at == NOW


def test_dropped_are_counted() -> None:
    """What the dialect dropped is counted."""
    assert _meter(_moment(dropped=2), _moment(dropped=1)).dropped == 3


def test_stale_values() -> None:
    """What is older than the newest known is counted and left."""
    meter = _meter(
        _moment(Sample(POWER, 100), seconds=60), _moment(Sample(POWER, 9), seconds=30)
    )
    assert (meter.value(POWER), meter.stale) == (100, 1)


def test_same_moment_twice() -> None:
    """Values of one moment in several messages are all taken."""
    meter = _meter(_moment(Sample(POWER, 100)), _moment(Sample(VOLTAGE, 230)))
    assert (meter.value(POWER), meter.value(VOLTAGE)) == (100, 230)


def test_clock_put_back() -> None:
    """A station whose clock was ahead is heard again once it is right."""
    ahead = _moment(Sample(POWER, 100), seconds=3600)
    meter = _meter(ahead, _moment(Sample(POWER, 200), seconds=1))
    assert (meter.value(POWER), meter.stale) == (200, 0)


@pytest.mark.parametrize(
    ("samples", "total", "value"),
    [
        (_lines(POWER, 100, 200, 300), POWER, 600),
        (_lines(POWER, 100), POWER, 100),
        (_lines(REGISTER, 100, 200, 300), REGISTER, 600),
        (_lines(REGISTER, 100), REGISTER, 100),
        (_lines(CURRENT, 6, 16, 10), CURRENT, 16),
        (_lines(CURRENT, 6, 0, 0), CURRENT, 6),
        ([Sample(Channel(Measurand.CURRENT_IMPORT, Phase.N), 7)], CURRENT, 7),
        (_lines(VOLTAGE, 229, 230, 232), VOLTAGE, 230),
        (
            [Sample(Channel(Measurand.VOLTAGE, Phase.L1_L2), 400)],
            VOLTAGE,
            231,
        ),
    ],
)
def test_derived_total(samples: list[Sample], total: Channel, value: float) -> None:
    """A total that is missing comes from the phases, and is marked as derived."""
    reading = _meter(_moment(*samples)).readings[total]
    assert (reading.value, reading.derived) == (value, True)


@pytest.mark.parametrize("channel", [POWER, REGISTER, CURRENT, VOLTAGE])
def test_total_beside_phases(channel: Channel) -> None:
    """A total that the station sends is not overruled by its phases."""
    reading = _meter(_moment(*_lines(channel, 1, 2, 3), Sample(channel, 500))).readings[
        channel
    ]
    assert (reading.value, reading.derived) == (500, False)


def test_phases_are_kept() -> None:
    """The values of the phases stay readable."""
    meter = _meter(_moment(*_lines(CURRENT, 6, 16, 10)))
    assert [meter.value(Channel(CURRENT.measurand, line)) for line in LINES] == [
        6,
        16,
        10,
    ]


def test_neutral_voltage() -> None:
    """A voltage of the neutral alone says nothing of the total."""
    meter = _meter(_moment(Sample(Channel(Measurand.VOLTAGE, Phase.N), 1)))
    assert meter.value(VOLTAGE) is None


def test_other_location() -> None:
    """A value measured elsewhere is no value of the outlet."""
    inlet = Channel(POWER.measurand, None, Location.INLET)
    assert _meter(_moment(Sample(inlet, 5000))).value(POWER) is None


@pytest.mark.parametrize(
    ("samples", "value"),
    [
        ([(100, Context.TRANSACTION_BEGIN), (900, Context.SAMPLE_PERIODIC)], 900),
        ([(900, Context.SAMPLE_PERIODIC), (100, Context.TRANSACTION_BEGIN)], 900),
        ([(900, Context.TRANSACTION_END), (800, Context.SAMPLE_PERIODIC)], 900),
        ([(800, Context.SAMPLE_CLOCK), (900, Context.SAMPLE_PERIODIC)], 900),
        ([(900, Context.SAMPLE_PERIODIC), (800, Context.SAMPLE_CLOCK)], 900),
        ([(800, Context.OTHER), (900, Context.SAMPLE_CLOCK)], 900),
        ([(100, Context.TRANSACTION_BEGIN)], 100),
        ([(800, Context.SAMPLE_PERIODIC), (900, Context.SAMPLE_PERIODIC)], 900),
    ],
)
def test_best_context(samples: list[tuple[float, Context]], value: float) -> None:
    """Of several values of a channel that of the best context counts."""
    meter = _meter(_moment(*(Sample(REGISTER, wh, why) for wh, why in samples)))
    assert meter.value(REGISTER) == value


@pytest.mark.parametrize("better_first", [True, False])
@pytest.mark.parametrize(("worse", "better"), pairwise(WORST_FIRST))
def test_order_of_contexts(worse: Context, better: Context, better_first: bool) -> None:
    """Each context gives way to the next better one, whichever stands first."""
    samples = [Sample(POWER, 900, better), Sample(POWER, 800, worse)]
    if not better_first:
        samples.reverse()
    assert _meter(_moment(*samples)).value(POWER) == 900


def test_registers_are_guarded() -> None:
    """A register value that is held back is not shown."""
    meter = _meter(
        _moment(Sample(REGISTER, 5000)), _moment(Sample(REGISTER, 0), seconds=10)
    )
    assert (meter.value(REGISTER), meter.quarantined) == (5000, 1)


def test_registers_are_guarded_apart() -> None:
    """Export, reactive energy and phases have registers of their own."""
    export = Channel(Measurand.ENERGY_ACTIVE_EXPORT_REGISTER)
    meter = _meter(
        _moment(Sample(REGISTER, 5000), Sample(export, 10)),
        _moment(Sample(REGISTER, 5001), Sample(export, 9), seconds=10),
    )
    assert (meter.value(REGISTER), meter.value(export)) == (5001, 10)


def test_derived_register_is_guarded() -> None:
    """A register added up from phases can't run backwards either."""
    meter = _meter(
        _moment(*_lines(REGISTER, 1000, 1000, 1000)),
        _moment(*_lines(REGISTER, 1000), seconds=10),
    )
    assert meter.value(REGISTER) == 3000


def test_interval_is_no_register() -> None:
    """Energy of an interval may go down."""
    interval = Channel(Measurand.ENERGY_ACTIVE_IMPORT_INTERVAL)
    meter = _meter(
        _moment(Sample(interval, 50)), _moment(Sample(interval, 10), seconds=60)
    )
    assert meter.value(interval) == 10


def test_register_of_a_transaction() -> None:
    """The register that comes with a start or stop is a reading."""
    meter = Meter()
    assert meter.take_register(1000, NOW, None) == [REGISTER]
    assert meter.value(REGISTER) == 1000


def test_flow_stops() -> None:
    """When nothing flows, power and current are 0 and the rest stays."""
    meter = _meter(
        _moment(
            Sample(POWER, 7000),
            *_lines(CURRENT, 10, 10, 10),
            Sample(VOLTAGE, 230),
            Sample(REGISTER, 5000),
        )
    )
    changed = meter.stop_flow(NOW)
    assert POWER in changed
    assert VOLTAGE not in changed
    assert [meter.value(c) for c in (POWER, CURRENT, VOLTAGE, REGISTER)] == [
        0,
        0,
        230,
        5000,
    ]


def test_flow_that_stands_still() -> None:
    """Nothing changes where nothing flowed."""
    assert _meter(_moment(Sample(POWER, 0))).stop_flow(NOW) == []


@pytest.mark.parametrize("power", [[], [Sample(POWER, 0)]])
def test_power_from_current(power: list[Sample]) -> None:
    """Quirk: power comes from voltages and currents where it is missing or 0."""
    meter = _meter(
        _moment(*power, *_lines(CURRENT, 10, 10, 10), *_lines(VOLTAGE, 230, 230, 230)),
        quirks=Quirks(power_from_current=True),
    )
    reading = meter.readings[POWER]
    assert (reading.value, reading.derived) == (6900, True)


def test_power_from_current_with_one_voltage() -> None:
    """Quirk: one voltage stands for all phases."""
    meter = _meter(
        _moment(*_lines(CURRENT, 10, 10), Sample(VOLTAGE, 230)),
        quirks=Quirks(power_from_current=True),
    )
    assert meter.value(POWER) == 4600


def test_power_from_current_without_voltage() -> None:
    """Quirk: without a voltage the power stays unknown."""
    meter = _meter(
        _moment(*_lines(CURRENT, 10)), quirks=Quirks(power_from_current=True)
    )
    assert meter.value(POWER) is None


@given(
    st.lists(
        st.tuples(st.sampled_from([REGISTER, POWER]), st.floats(-1e6, 1e9)), max_size=60
    )
)
def test_any_values(values: list[tuple[Channel, float]]) -> None:
    """Whatever comes, the register shown is never negative and is the guarded one."""
    meter = Meter()
    for second, (channel, value) in enumerate(values):
        meter.take((_moment(Sample(channel, value), seconds=second),), NOW, _PLAIN)
        shown = meter.value(REGISTER)
        assert shown == meter.register.lifetime_wh
        assert shown is None or shown >= 0
