"""Numbers as a reader meets them: few digits, a real minus sign, powers of ten where zeros would have to be counted."""

import math
from collections.abc import Sequence

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PLAIN = (-4, 6)  # exponents written out: 0.000123 … 999999
MINUS = "−"


def figures(value: float, digits: int = 3) -> str:
    """``value`` with ``digits`` significant digits: 2.14, −0.310, 1.00×10⁻⁹."""
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else ("∞" if value > 0 else f"{MINUS}∞")
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    if _PLAIN[0] <= int(exponent) < _PLAIN[1]:
        return fixed(value, max(0, digits - 1 - int(exponent)))
    return f"{mantissa.replace('-', MINUS)}×10{str(int(exponent)).translate(_SUPERSCRIPTS)}"


def signed_figures(value: float, digits: int = 3) -> str:
    """As ``figures``, with the plus sign written."""
    text = figures(value, digits)
    return f"+{text}" if value > 0 else text


def fixed(value: float, decimals: int) -> str:
    """``value`` with ``decimals`` decimals; what rounds to zero carries no sign."""
    text = f"{value:.{decimals}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", MINUS)


def aligned(values: Sequence[float], outcome: float, digits: int = 3) -> list[str]:
    """``values`` that stand in one sum, with the same decimals, so that the reader can check the sum.

    ``outcome`` gets ``digits`` significant digits, as long as the largest value keeps to seven.
    """
    if not all(math.isfinite(value) for value in values) or not any(values):
        return [figures(value, digits) for value in values]
    largest = _exponent(max(values, key=abs))
    if not _PLAIN[0] <= largest < _PLAIN[1]:
        return [figures(value, digits) for value in values]
    wanted = digits - 1 - (_exponent(outcome) if outcome else largest)
    return [fixed(value, max(0, min(wanted, 6 - largest))) for value in values]


def _exponent(value: float) -> int:
    return int(f"{value:.2e}".split("e")[1])


def percent(share: float) -> str:
    """A share of one: 0.4 %, 62 %, below 0.01 %."""
    if not math.isfinite(share):
        return figures(share)
    hundredths = abs(share) * 100
    if 0 < hundredths < 0.01:
        return "below 0.01 %"
    decimals = 0 if hundredths >= 10 or hundredths == 0 else 1 if hundredths >= 0.1 else 2
    return f"{fixed(share * 100, decimals)} %"


def whole_percent(share: float) -> str:
    """For progress: 62 %."""
    return f"{math.floor(share * 100)} %"


def seconds(value: float) -> str:
    """0.31 s, 12 s, 3 min 5 s."""
    if value < 10:
        return f"{fixed(value, 2)} s"
    if value < 60:
        return f"{value:.0f} s"
    return f"{int(value // 60)} min {int(value % 60)} s"
