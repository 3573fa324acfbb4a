"""A Python module folder is code: what lies in it, and the hash that a person's consent is kept under. Nothing is run here."""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from engine.errors import LoadError

FORMAT = "neuroloupe-module"
DESCRIPTION = "model.json"
ALL = "all"  # in place of a hash: whatever the code is
_SHOWN_SUFFIXES = (".py", ".json", ".txt")
_MOST_FILES, _MOST_SHOWN = 2_000, 200_000  # characters of one file


@dataclass(frozen=True, slots=True)
class ModuleCode:
    """What a person should read before they consent.

    Args:
        folder: as a path.
        texts: (name, content) of what can be read, the code first.
        others: names of the other files.
        sha256: over all files: whichever of them is changed, consent has to be given anew.
    """

    folder: str
    texts: tuple[tuple[str, str], ...]
    others: tuple[str, ...]
    sha256: str

    @property
    def code(self) -> tuple[str, ...]:
        """Names of the Python files."""
        return tuple(name for name, _ in self.texts if name.endswith(".py"))


def is_module_folder(path: Path) -> bool:
    """Whether ``path`` is a folder that says of itself that it is one."""
    try:
        described = json.loads((path / DESCRIPTION).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(described, dict) and described.get("format") == FORMAT


def code_of(folder: Path) -> ModuleCode:
    """Read what lies in ``folder``.

    Raises:
        LoadError: it holds more files than a model has, or a link to another folder.
        OSError: one of them cannot be read.
    """
    found = sorted(folder.rglob("*"))
    linked = next((path.name for path in found if path.is_symlink() and path.is_dir()), None)
    if linked is not None:
        raise LoadError(f"{folder.name} holds a link to another folder ({linked}); put its files there instead.", "hostile")
    files = [path for path in found if path.is_file() and not path.match("__pycache__/*.*.pyc")]  # which nothing can import
    if len(files) > _MOST_FILES:
        raise LoadError(
            f"{folder.name} holds {len(files):,} files, more than a model has; give the model a folder of its own.", "bounds"
        )
    total, texts, others = hashlib.sha256(), [], []
    for path in files:
        name = path.relative_to(folder).as_posix()
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        total.update(f"{name}\0{digest}\n".encode("utf-8", "surrogateescape"))
        if path.suffix.lower() in _SHOWN_SUFFIXES:
            with path.open(encoding="utf-8", errors="replace") as text:
                shown = text.read(_MOST_SHOWN)
                texts.append((name, f"{shown}\n… (the rest is not shown)" if text.read(1) else shown))
        else:
            others.append(name)
    texts.sort(key=lambda each: not each[0].endswith(".py"))
    return ModuleCode(str(folder), tuple(texts), tuple(others), total.hexdigest())


def require_consent(folder: Path, trust: Collection[str]) -> None:
    """Refuse to run code that nobody has consented to. ``trust``: hashes, or ``ALL``.

    Raises:
        LoadError: kind ``untrusted_code``.
    """
    if ALL in trust:
        return
    code = code_of(folder)
    if code.sha256 not in trust:
        names = ", ".join(code.code[:3]) + (", …" if len(code.code) > 3 else "")
        raise LoadError(
            f"{folder.name} holds code of its own ({names or 'no file ending in .py'}), which opening it runs; consent to that, "
            "if you trust where it comes from (on the command line: --trust).",
            "untrusted_code",
        )
