"""Ticks of logarithmic axes, few and readable: 1 ms, 100 k, 16 KiB, 10⁻⁶."""

from __future__ import annotations

import math

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SI = {-9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P"}
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
MOST = 6  # ticks on an axis of usual length


def power_label(value: float) -> str:
    """10⁻⁶, or 2×10⁻⁶ between decades."""
    exponent = math.floor(math.log10(value) + 1e-9)
    digit = round(value / 10.0**exponent)
    decade = "10" + str(exponent).translate(_SUPERSCRIPT)
    return decade if digit == 1 else f"{digit}×{decade}"


def si_label(value: float, unit: str = "") -> str:
    """Three digits at most with an SI prefix: 20 ms, 1.5 k."""
    group = min(max(3 * math.floor((math.log10(value) + 1e-9) / 3), -9), 15)
    gap = " " if unit or _SI[group] else ""
    return f"{value / 10.0**group:.3g}{gap}{_SI[group]}{unit}"


def binary_label(value: float) -> str:
    """16 KiB; three digits at most."""
    group = min(max(int(math.log2(value) + 1e-9) // 10, 0), len(_BINARY) - 1) if value > 0 else 0
    number = value / 2.0 ** (10 * group)
    digits = 0 if group == 0 or number >= 100 else 1 if number >= 10 else 2
    text = f"{number:.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} {_BINARY[group]}"


def decimal_ticks(low: float, high: float, most: int = MOST) -> list[float]:
    """Powers of ten in [low, high], thinned to a few; with others between them where there are fewer than three."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    stride = max(1, -(-(last - first + 1) // most))
    decades = [10.0**k for k in range(first, last + 1) if k % stride == 0]
    if len(decades) >= 3:
        return decades
    for digits in ((1, 2, 5), (1, 3), (1,)):
        found = [digit * 10.0**k for k in range(first - 1, last + 1) for digit in digits]
        found = [value for value in found if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]
        if 2 <= len(found) < most:
            return found
    finer = [digit * 10.0**k for k in range(first - 1, last + 1) for digit in range(10, 100)]
    inside = [value / 10 for value in finer if low <= value / 10 <= high]
    return inside[:: max(1, len(inside) // 4)] or [math.sqrt(low * high)]


def binary_ticks(low: float, high: float, most: int = MOST) -> list[float]:
    """Powers of two in [low, high], thinned to a few."""
    first, last = math.ceil(math.log2(low) - 1e-9), math.floor(math.log2(high) + 1e-9)
    stride = next((s for s in (1, 2, 5, 10, 20) if (last - first) // s < most), 20)
    return [2.0**k for k in range(first, last + 1) if k % stride == 0] or [math.sqrt(low * high)]
