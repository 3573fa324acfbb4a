"""What is checked before anything in a file is believed: bounds, sizes, hostile formats, all without running it."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.nn.modules.module import register_module_module_registration_hook

from engine.errors import LoadError

MAXIMUM = {"layers": 1_000, "labels": 100_000, "hidden": 65_536, "vocabulary": 2_000_000, "positions": 20_000_000}
MAXIMUM_MODULES = 5_000  # the largest known have a third of that


def check_bounds(**sizes: int) -> None:
    """Refuse sizes no real model has, before they cost memory or time."""
    for what, size in sizes.items():
        if size > MAXIMUM[what]:
            raise LoadError(f"This model claims {size:,} for its {what}; more than {MAXIMUM[what]:,} is not believed.", "bounds")


@contextmanager
def bounded_modules() -> Iterator[None]:
    """Stop the building of a network that never ends, whichever field of its description made it so.

    Raises:
        LoadError: more modules than any real model has.
    """
    built = 0

    def count(_parent: nn.Module, _name: str, _module: nn.Module | None) -> None:
        nonlocal built
        built += 1
        if built > MAXIMUM_MODULES:
            raise LoadError(f"This model claims more than {MAXIMUM_MODULES:,} layers and parts, which is not believed.", "bounds")

    hook = register_module_module_registration_hook(count)
    try:
        yield
    finally:
        hook.remove()
