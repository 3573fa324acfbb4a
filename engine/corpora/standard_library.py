"""Python's own standard library as a corpus: it is there wherever Neuroloupe runs."""

import os
import sysconfig
from collections.abc import Collection, Iterator
from pathlib import Path

from engine.errors import UserError

NAME = "stdlib"
_NOT_CODE = {"site-packages", "dist-packages", "test", "tests", "idle_test", "pydoc_data", "__pycache__"}
_KEPT_ENCODINGS = {"__init__.py", "aliases.py", "idna.py", "punycode.py"}  # the others are tables


def standard_library(only: Collection[str] = (), without: Collection[str] = ()) -> tuple[tuple[Path, str], ...]:
    """(path, name as shown) of every module, sorted.

    Args:
        only: names of modules (``argparse``, ``json``); empty: all.
        without: names of modules that a model has not been trained on, or has.

    Raises:
        UserError: no sources here (a frozen program), or no such module.
    """
    root = Path(sysconfig.get_path("stdlib"))
    found = [(path, path.relative_to(root)) for path in sorted(_python_files(root)) if _is_code(path.relative_to(root))]
    if not found:
        raise UserError(f"Python's standard library is not here as text ({root}); name a folder of your own.", "empty_corpus")
    modules = {_module(inner) for _, inner in found}
    unknown = sorted((set(only) | set(without)) - modules)
    if unknown:
        raise UserError(f"Python's standard library has no module “{unknown[0]}”.", "no_such_path")
    chosen = (set(only) or modules) - set(without)
    return tuple((path, f"{NAME}/{inner.as_posix()}") for path, inner in found if _module(inner) in chosen)


def _python_files(root: Path) -> Iterator[Path]:
    """Without a look into what is installed beside the library, which is much more than it."""
    for folder, inner, names in os.walk(root):
        inner[:] = [name for name in inner if name not in _NOT_CODE]
        yield from (Path(folder, name) for name in names if name.endswith(".py"))


def _module(inner: Path) -> str:
    return inner.parts[0].removesuffix(".py")


def _is_code(inner: Path) -> bool:
    if inner.parts[0] == "encodings":
        return inner.name in _KEPT_ENCODINGS
    return not _NOT_CODE & set(inner.parts) and not inner.parts[0].startswith("config-")
