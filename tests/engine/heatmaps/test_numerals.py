import pytest

from engine.heatmaps.numerals import aligned, figures, percent, seconds, signed_figures


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (2.1399, "2.14"),
        (-0.31, "−0.310"),
        (0.0, "0"),
        (-0.0, "0"),
        (1e-9, "1.00×10⁻⁹"),
        (-2.5e9, "−2.50×10⁹"),
        (0.9996, "1.00"),
        (123456.0, "123456"),
        (0.000912, "0.000912"),
        (float("nan"), "not a number"),
        (float("-inf"), "−∞"),
    ],
)
def test_three_figures(value: float, words: str) -> None:
    assert figures(value) == words


def test_a_sign_is_written_where_it_is_asked_for() -> None:
    assert [signed_figures(value) for value in (0.5, -0.5, 0.0)] == ["+0.500", "−0.500", "0"]


def test_a_sum_has_one_number_of_decimals() -> None:
    assert aligned([2.14, -0.31, 2.45, 2.44], 2.45) == ["2.14", "−0.31", "2.45", "2.44"]
    assert aligned([5.12341, 5.12331, 0.0001, 0.0001], 0.0001) == ["5.123410", "5.123310", "0.000100", "0.000100"]
    assert aligned([1e9, 1.0, 1e9, 1e9], 1e9) == ["1.00×10⁹", "1.00", "1.00×10⁹", "1.00×10⁹"]
    assert aligned([1e-9, 0.0, 1e-9, 1e-9], 1e-9)[0] == "1.00×10⁻⁹"
    assert aligned([0.0, 0.0], 0.0) == ["0", "0"]
    assert aligned([float("nan"), 1.0], 1.0) == ["not a number", "1.00"]


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.004, "0.4 %"), (0.62, "62 %"), (0.0004, "0.04 %"), (1e-7, "below 0.01 %"), (0.0, "0 %"), (12.5, "1250 %")],
)
def test_shares(share: float, words: str) -> None:
    assert percent(share) == words


@pytest.mark.parametrize(("value", "words"), [(0.31, "0.31 s"), (12.2, "12 s"), (185.0, "3 min 5 s")])
def test_durations(value: float, words: str) -> None:
    assert seconds(value) == words
