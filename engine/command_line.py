"""The command line that makes the map on screen again, to the letter of the contract."""

import hashlib
import shlex
import sys
import unicodedata
from pathlib import Path

from engine.atomic_file import write_atomically
from engine.cells import Cell, CellsResult
from engine.errors import UserError
from engine.requests import Parameter
from engine.results import AttributionResult

LONGEST_ARGUMENT = 8000  # characters; longer texts are unwieldy on a command line, and forbidden on some
_PLAIN_CONTROLS = "\n\t"
MAIN = Path(__file__).resolve().parent.parent / "main.py"


def command_for(result: AttributionResult, texts: Path, accept_reinitialised: bool = False) -> str:
    """As one line for a POSIX shell.

    Args:
        texts: a folder for texts that no command line can hold (very long, or with control characters); the command
            then names a file there.
        accept_reinitialised: the model was opened despite missing weights.

    Raises:
        OSError: such a file cannot be written.
        UserError: the second text of a pair cannot be put on a command line.
    """
    return shlex.join(arguments_for(result, texts, accept_reinitialised))


def cells_command(result: CellsResult, cell: Cell, gate: str, texts: Path, accept_reinitialised: bool = False) -> str:
    """What one cell did on this text; as ``command_for``."""
    words = [*program(), "cells", result.model.path, *_text(result.request.input.text, texts)]
    words += [*_option("--unit", str(cell)), *_option("--gate", gate), *_option("--device", result.cost.device)]
    return shlex.join(words + (["--accept-reinitialised"] if accept_reinitialised else []))


def portable_command(result: AttributionResult) -> str:
    """The same for a file that travels: started in the project's folder.

    A text that no command line can hold is named ``text.txt``, to be saved there first.
    """
    accepted = any(notice.blocking for notice in result.model.warnings)
    return shlex.join(["python", "main.py", *_arguments(result, None, accepted)])


def needs_a_text_file(result: AttributionResult) -> bool:
    """Whether ``portable_command`` names a file that has to be made."""
    return not _fits(result.request.input.text)


def program() -> list[str]:
    """What starts Neuroloupe from anywhere."""
    return [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, str(MAIN)]


def arguments_for(result: AttributionResult, texts: Path, accept_reinitialised: bool = False) -> list[str]:
    """The words of the command."""
    return [*program(), *_arguments(result, texts, accept_reinitialised)]


def _arguments(result: AttributionResult, texts: Path | None, accept_reinitialised: bool) -> list[str]:
    request, target = result.request, result.request.target
    words = ["explain", result.model.path]
    words += _text(request.input.text, texts)
    words += _pair(request.input.pair) if texts else _option("--text-pair", request.input.pair)
    words += _option("--method", request.method)
    words += _option("--target", target.choice)
    words += _option("--true", target.true)
    words += _option("--versus", target.versus)
    words += _option("--score", target.score)
    words += _option("--position", target.position)
    for baseline in request.baselines if result.method.uses_baseline else ():
        words += _option("--baseline", baseline)
    words += _option("--background", request.background)
    words += _option("--reduction", result.reduction)
    words += _option("--seed", request.seed) if result.method.uses_seed else []
    for name, value in request.parameters:
        words += _option("--set", f"{name}={_written(value)}")
    words += _option("--device", result.cost.device)
    return words + (["--accept-reinitialised"] if accept_reinitialised else [])


def _option(name: str, value: Parameter) -> list[str]:
    """Joined by = where the value would be read as an option itself."""
    if value is None:
        return []
    written = _written(value)
    return [f"{name}={written}"] if written.startswith("-") else [name, written]


def _written(value: Parameter) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def _fits(text: str) -> bool:
    return len(text) <= LONGEST_ARGUMENT and not any(map(_is_awkward, text))


def _text(text: str, texts: Path | None) -> list[str]:
    if _fits(text):
        return _option("--text", text)
    if texts is None:
        return ["--text-file", "text.txt"]
    content = text.encode()
    path = texts / f"text-{hashlib.sha256(content).hexdigest()[:16]}.txt"
    texts.mkdir(parents=True, exist_ok=True)
    if text.startswith("\ufeff"):
        content = b"\xef\xbb\xbf" + content  # one such mark is dropped when the file is read
    write_atomically(path, content)
    return ["--text-file", str(path)]


def _pair(pair: str | None) -> list[str]:
    if pair is not None and not _fits(pair):
        raise UserError("The second text is too long for a command line or holds control characters.", "no_command")
    return _option("--text-pair", pair)


def _is_awkward(character: str) -> bool:
    return unicodedata.category(character) == "Cc" and character not in _PLAIN_CONTROLS
