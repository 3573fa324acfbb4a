"""What is checked before anything in a file is believed: bounds, sizes, hostile formats, all without running it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from torch import nn
from torch.nn.modules.module import register_module_module_registration_hook

from engine.devices import is_out_of_memory
from engine.errors import LoadError, UserError

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


@contextmanager
def refusals_in_words(name: str) -> Iterator[None]:
    """Whatever goes wrong while ``name`` is opened is said in one sentence.

    Raises:
        LoadError: and no other error but the user's own.
    """
    try:
        yield
    except UserError:
        raise
    except OSError as error:
        file = Path(error.filename).name if isinstance(error.filename, str) else name
        why = error.strerror or error
        raise LoadError(f"{file} cannot be read ({why}); check the disk and your rights.", "unreadable") from None
    except Exception as error:  # a file nobody foresaw is the user's to know about, not a crash
        detail = f"{type(error).__name__}: {error}"
        if is_out_of_memory(error):
            raise LoadError(
                "There is not enough memory to open this model; close other programs.", "out_of_memory", detail
            ) from None
        raise LoadError(f"{name} could not be opened as a model; its files do not fit together.", "unforeseen", detail) from error
