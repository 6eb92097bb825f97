"""Units by their UCUM codes: exact factors, and what is no unit."""
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tzc.sensors import units

PAIRS = [("L/s", "m3/s"), ("K", "Cel"), ("[degF]", "Cel"), ("10*3.m", "m"), ("W.h", "kW.h"), ("ug/m3", "mg/m3"), ("%", "1"), ("km/h", "m/s"), ("hPa", "Pa"), ("d", "min"), ("deg", "rad"), ("Cel/h", "K/h")]


def _one(value: float, source: str, target: str) -> float:
    return float(units.convert(np.array([value]), source, target)[0])


@pytest.mark.parametrize(("value", "source", "target", "expected"), [
    (348000.0, "L/s", "m3/s", 348.0), (298.45, "K", "Cel", 25.3), (3.0, "dm", "m", 0.3), (1.1, "10*3.m", "m", 1100.0), (0.7, "m", "10*3.m", 0.0007), (77.0, "[degF]", "Cel", 25.0),
    (101325.0, "Pa", "hPa", 1013.25), (36.0, "km/h", "m/s", 10.0), (1234.0, "W.h", "kW.h", 1.234), (5.0, "Cel/h", "K/h", 5.0), (42.0, "%", "1", 0.42),
    (2.0, "10*-3.m", "mm", 2.0), (9.0, "g/(24.h)", "g/d", 9.0), (10.0, "[ft_i]", "m", 3.048), (1000.0, "[ft_i]3/s", "L/s", 28316.846592),
])  # fmt: skip
def test_exact(value: float, source: str, target: str, expected: float) -> None:
    assert _one(value, source, target) == expected


@given(whole=st.integers(-(10**9), 10**9))
def test_thousandths_are_those_that_are_written(whole: int) -> None:
    """A value in thousandths is the number that has those digits, to the last bit."""
    assert _one(float(whole), "mL", "L") == float(f"{whole}e-3")
    assert _one(float(whole), "ug", "g") == float(f"{whole}e-6")


@pytest.mark.parametrize(("source", "target"), PAIRS)
@given(value=st.floats(-1e6, 1e6))
def test_there_and_back(source: str, target: str, value: float) -> None:
    back = _one(_one(value, source, target), target, source)
    assert back == pytest.approx(value, rel=1e-12, abs=1e-9)


@pytest.mark.parametrize("unit", ["L/s", "Cel", "ug/m3", "10*3.m", "kW.h", "[ppm]"])
@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_the_same_unit_changes_nothing(unit: str, value: float) -> None:
    assert _one(value, unit, unit) == value


@pytest.mark.parametrize(("written", "code"), [("°C", "Cel"), ("µg/m³", "ug/m3"), ("kWh", "kW.h"), (" % ", "%"), ("l/s", "L/s"), ("", "1"), ("m3/s", "m3/s"), ("10*3/uL", "10*3/uL"), ("ft", "[ft_i]"), ("ft^3/s", "[ft_i]3/s")])
def test_spelt_otherwise(written: str, code: str) -> None:
    assert units.code(written) == code


@pytest.mark.parametrize("written", ["xx", "1e999", "10*99", "0", "m^", "((m", "m)", "m/", "a" * 80, "[pH]x", "10*3.", "//", "m**2", "__import__('os')", "m\0", "B[SPL]", "10*3junk", "{}m{"])
def test_no_unit(written: str) -> None:
    with pytest.raises(units.UnitError):
        units.code(written)


@settings(max_examples=40, deadline=None)
@given(written=st.text(max_size=20))
def test_whatever_is_written(written: str) -> None:
    """It is a unit or is said to be none."""
    try:
        code = units.code(written)
    except units.UnitError:
        return
    assert units.exact(code, code) == (1.0, 0.0, 1.0)


@pytest.mark.parametrize(("source", "target"), [("L/s", "m"), ("Cel", "W"), ("[ppm]", "m"), ("dB[SPL]", "1")])
def test_what_does_not_convert(source: str, target: str) -> None:
    with pytest.raises(units.UnitError):
        units.exact(source, target)
    with pytest.raises(units.UnitError):
        units.line(source, target)
