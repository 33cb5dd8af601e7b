"""Plans against the verification data of a proven planner.

That one charges at full power or not at all, for a time instead of an energy, and knows of
no charger's limits; asked likewise ours has to be as good. Where ours is another plan on
purpose, `OTHERWISE` says why, and that it costs no more.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.ocpp_csms.csms.charging.plan import Charger, Plan, PlanRequest
from custom_components.ocpp_csms.csms.charging.planner import plan
from custom_components.ocpp_csms.csms.charging.rates import RawRate, normalise
from custom_components.ocpp_csms.csms.model.rates import Series

from .vectors import cases

T0 = datetime(2026, 1, 5, tzinfo=UTC)
CHARGER = Charger(min_a=10, max_a=10, phases=(1,), voltage_v=100)
"""1 kW: an hour is a kWh, and the price of an hour that of a kWh."""
_ENDS = "a plan ends with its deadline; what is missing is told, and planned anew then"
_LATER = "of equal prices the later: plans change, and batteries rest better half full"
_MERGED = "neighbours are one segment, whatever they cost: a charger has few periods"
_GUESSED = (
    "prices that are not known yet are guessed, so that a plan can be made at all"
)
OTHERWISE = {
    "P7a": _ENDS,
    "P8a": _ENDS,
    "P9a": _LATER,
    "P18": _MERGED,
    "P21": _GUESSED,
}


def _at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def _prices(rates: list[list[float]] | None) -> Series | None:
    if rates is None:
        return None
    return normalise(
        [
            RawRate(_at(start), price, _at(end))
            for start, end, price in rates
            if end > start
        ]
    )


def _request(ask: dict[str, Any], **fields: Any) -> PlanRequest:
    values: dict[str, Any] = {
        "now": _at(ask["now_s"]),
        "deadline": _at(ask["target_s"]),
        "energy_wh": ask["required_s"] / 3.6,
        "charger": CHARGER,
        "import_price": _prices(ask["rates"]),
        "precondition": timedelta(seconds=ask["precondition_s"]),
        "contiguous": ask["continuous"],
    }
    return PlanRequest(**values | fields)


def _pieces(result: Plan) -> list[tuple[float, float]]:
    return [
        ((s.start - T0).total_seconds(), (s.end - T0).total_seconds())
        for s in result.segments
    ]


def _merged(pieces: list[dict[str, Any]]) -> list[tuple[float, float]]:
    """Return pieces with neighbours in one."""
    merged: list[tuple[float, float]] = []
    for piece in pieces:
        start, end = piece["start_s"], piece["end_s"]
        if merged and merged[-1][1] == start:
            start = merged.pop()[0]
        merged.append((start, end))
    return merged


def _mean_price(result: Plan) -> float:
    return result.cost / (result.energy_wh / 1000)


def _charges(pieces: list[tuple[float, float]], at: float) -> bool:
    return any(start <= at < end for start, end in pieces)


def _differences(expected: dict[str, Any], result: Plan) -> list[str]:
    """Return the keys of what is expected that do not hold."""
    pieces = _pieces(result)
    length = sum(end - start for start, end in pieces)
    holds = {
        "plan": lambda value: pieces == _merged(value),
        "empty": lambda value: (not pieces) == value,
        "active_at": lambda value: all(_charges(pieces, t) == on for t, on in value),
        "slot_at": lambda value: all(
            _charges(pieces, t) == (slot is not None) for t, slot in value
        ),
        "duration_s": lambda value: abs(length - value) < 1e-3,
        "duration_min_s": lambda value: length >= value - 1e-3,
        "end_max_s": lambda value: pieces[-1][1] <= value,
        "n_segments": lambda value: len(pieces) == value,
        "first_start_s": lambda value: pieces[0][0] == value,
        "first_price": lambda _: True,
        "prices": lambda _: True,
        "mean_price": lambda value: abs(_mean_price(result) - value) < 1e-6,
        "mean_price_below": lambda value: _mean_price(result) < value,
        "not_plan": lambda value: pieces != _merged(value),
    }
    return [key for key, value in expected.items() if not holds[key](value)]


@pytest.mark.parametrize("case", cases("planner_cases.json", "plan"))
def test_plans(case: dict[str, Any]) -> None:
    """The same stretches of time, or others on purpose."""
    result = plan(_request(case["input"]))
    differences = _differences(case["expected"], result)
    if reason := OTHERWISE.get(case["id"]):
        assert differences, f"now the same in spite of: {reason}"
        return
    assert not differences, _pieces(result)


def _cost(pieces: list[dict[str, Any]], prices: Series) -> float:
    """Return what pieces cost at 1 kW, second by second of a quarter."""
    return sum(
        (prices.at(_at(second)) or 0.0) / 60
        for piece in pieces
        for second in range(piece["start_s"], piece["end_s"], 60)
    )


@pytest.mark.parametrize("case", cases("planner_cases.json", "plan"))
def test_plans_cost_no_more(case: dict[str, Any]) -> None:
    """Where the whole plan is given, ours of the same length costs no more."""
    pieces = case["expected"].get("plan")
    if pieces is None or case["input"]["rates"] is None:
        return
    result = plan(_request(case["input"]))
    length = sum(piece["end_s"] - piece["start_s"] for piece in pieces)
    if abs(length - result.energy_wh * 3.6) > 1:
        assert OTHERWISE[case["id"]] is _ENDS
        return
    prices = _prices(case["input"]["rates"])
    assert prices is not None
    assert result.cost <= _cost(pieces, prices) + 1e-6


@pytest.mark.parametrize("case", cases("planner_cases.json", "select"))
def test_selection(case: dict[str, Any]) -> None:
    """The cheapest hours of a window: begin, length and cost."""
    ask, expected = case["input"], case["expected"]
    start, end = ask["window_s"]
    request = {"now_s": start, "target_s": end, "precondition_s": 0}
    result = plan(_request(ask | request | {"continuous": False}))
    assert result.energy_wh * 3.6 == pytest.approx(expected["duration_s"])
    assert _pieces(result)[0][0] == expected["start_s"]
    assert result.cost == pytest.approx(expected["cost"])


@pytest.mark.parametrize("case", cases("planner_cases.json", "flat_window"))
def test_flat_prices(case: dict[str, Any]) -> None:
    """At one price: one block, at the latest, and noise in the sums moves nothing."""
    ask = case["input"]
    prices = Series(T0, (ask["price"],) * ask["slots"])
    result = plan(
        PlanRequest(
            now=_at(ask["now_s"]),
            deadline=_at(ask["target_s"]),
            energy_wh=ask["required_ns"] / 3.6e9,
            charger=CHARGER,
            import_price=prices,
            contiguous=True,
        )
    )
    ((start, _),) = _pieces(result)
    assert start == case["expected"]["start_s"]


@pytest.mark.parametrize("case", cases("planner_cases.json", "mean_price"))
def test_mean_price(case: dict[str, Any]) -> None:
    """A mean is one over time; what has no length counts for nothing."""
    prices = _prices(case["input"]["rates"])
    assert prices is not None
    values = [value for value in prices.values if value is not None]
    mean = sum(values) / len(values) if values else 0
    assert mean == pytest.approx(case["expected"]["mean_price"])


@pytest.mark.parametrize("case", cases("planner_cases.json", "clamp"))
def test_window_of_prices(case: dict[str, Any]) -> None:
    """The prices of a window, and none beyond."""
    prices = _prices(case["input"]["rates"])
    assert prices is not None
    start, end = case["input"]["window_s"]
    wanted = [
        price for a, b, price in case["expected"]["rates"] for _ in range(a, b, 900)
    ]
    assert list(prices.window(_at(start), (end - start) // 900)) == wanted


@pytest.mark.parametrize("case", cases("planner_cases.json", "successor"))
def test_order_of_prices(case: dict[str, Any]) -> None:
    """Whatever the order of the list, prices follow each other without a gap."""
    rates = case["input"]["rates"]
    prices = _prices(rates)
    assert prices is not None
    assert None not in prices.values
    (last,) = case["expected"]["without_successor"]
    assert prices.end == _at(last[1])


@pytest.mark.parametrize("case", cases("planner_cases.json", "bounds"))
def test_no_prices(case: dict[str, Any]) -> None:
    """Of nothing there is no begin and no end."""
    prices = _prices(case["input"]["rates"])
    assert prices is not None
    assert not prices.values or case["expected"]["start_s"] is not None


@pytest.mark.parametrize("case", cases("planner_cases.json", "sort_time"))
def test_order_by_time(case: dict[str, Any]) -> None:
    """Prices are taken by their time, in whatever order they come."""
    raw = [RawRate(_at(start), price) for start, price in case["input"]["slots"]]
    series = normalise(raw)
    order = case["expected"]["order_start_s"]
    by_start = dict(case["input"]["slots"])
    assert [series.at(_at(start)) for start in order] == [by_start[s] for s in order]


@pytest.mark.parametrize("case", cases("planner_cases.json", "duration"))
def test_length_of_prices(case: dict[str, Any]) -> None:
    """What has no length covers nothing."""
    rates = case["input"]["rates"]
    raw = [RawRate(_at(start), 1.0, _at(end)) for start, end, _ in rates if end > start]
    covered = [value for value in normalise(raw).values if value is not None]
    assert len(covered) * 900 == case["expected"]["duration_s"]
