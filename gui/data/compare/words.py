"""Comparisons in words."""

from engine.comparisons import Interval, PairedNumbers
from engine.heatmaps.numerals import MINUS, fixed, percent

NOTHING = "–"


def share(value: float | None) -> str:
    """“85.3 %”."""
    return NOTHING if value is None else f"{fixed(100 * value, 1)} %"


def points(value: float | None) -> str:
    """“−6.1 points”: a difference of shares."""
    return NOTHING if value is None else f"{signed(100 * value, 1)} points"


def signed(value: float, decimals: int) -> str:
    """With its sign; what rounds to zero has none."""
    text = fixed(value, decimals)
    return text if text.startswith(MINUS) or not text.strip("0.") else f"+{text}"


def between(interval: Interval | None, decimals: int, scale: float = 1.0, sign: bool = False) -> str:
    """“(−9.8 … −2.4)”; empty without one."""
    if interval is None:
        return ""
    low, high = (signed(scale * end, decimals) if sign else fixed(scale * end, decimals) for end in interval)
    return f"({low} … {high})"


def p_words(value: float) -> str:
    """“p 0.02”."""
    return "p < 0.001" if value < 0.001 else f"p {fixed(value, 3 if value < 0.1 else 2)}"


def paired_words(numbers: PairedNumbers) -> str:
    """Both accuracies and how sure their difference is, in one line."""
    if not numbers.n:
        return "No row was predicted by both."
    agree = f"the same answer on {percent(numbers.agreement or 0.0)} of {numbers.n:,} rows"
    if numbers.difference is None or numbers.p_value is None:
        return f"{agree} · none of them has a label to judge by"
    apart = f"{points(numbers.difference)} {between(numbers.interval, 1, 100, sign=True)}"
    accuracies = f"accuracy {share(numbers.first)} → {share(numbers.second)} of {numbers.labelled:,}"
    return f"{accuracies}: {apart} · McNemar {p_words(numbers.p_value)} · {agree}"
