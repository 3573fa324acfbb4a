"""What is checked before anything in a file is believed: bounds, sizes, hostile formats, all without running it."""

from engine.errors import LoadError

MAXIMUM = {"layers": 1_000, "hidden": 65_536, "vocabulary": 2_000_000}


def check_bounds(**sizes: int) -> None:
    """Refuse sizes no real model has, before they cost memory or time."""
    for what, size in sizes.items():
        if size > MAXIMUM[what]:
            raise LoadError(f"This model claims {size:,} for its {what}; more than {MAXIMUM[what]:,} is not believed.", "bounds")
