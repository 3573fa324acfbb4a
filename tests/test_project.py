"""Promises of the project as a whole, whatever is added to it."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Signal

import installer

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = [ROOT / "engine", ROOT / "gui", ROOT / "resources", ROOT / "packaging", ROOT / "main.py"]
SAMPLES = ROOT / "resources" / "samples"
CACHES = {"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".import_linter_cache", ".hypothesis"}
NOT_OURS = {".git", ".venv", *CACHES}

# In pieces, since this file is searched too.
REGISTRIES = ["pypi" + ".org", "python" + "hosted.org", "download.py" + "torch.org", "npm" + "js.org", "deb." + "debian.org"]
MACHINE_PATHS = ["/work" + "/main", "/work" + "/shared", "/ro" + "ot/"]


class Emitter(QObject):
    happened = Signal()


def test_pyside_keeps_the_reference_counts_of_none_and_true() -> None:
    """PySide6 6.12.0 drops a reference at every connect and disconnect, until Python 3.11 aborts."""

    def receiver() -> None: ...

    emitter = Emitter()
    before = sys.getrefcount(None), sys.getrefcount(True)
    for _ in range(5000):
        emitter.happened.connect(receiver)
        emitter.happened.disconnect(receiver)
    after = sys.getrefcount(None), sys.getrefcount(True)
    assert all(late > early - 500 for early, late in zip(before, after, strict=True))


def test_our_packaging_folder_does_not_shadow_the_library() -> None:
    import packaging

    assert "site-packages" in str(packaging.__file__)
    assert not (ROOT / "packaging" / "__init__.py").exists()
    assert not (ROOT / "packaging.py").exists()


def loaded_by(statement: str) -> set[str]:
    """The top-level modules that a new Python has loaded after ``statement``, run in the project's root."""
    code = f"import json, sys\n{statement}\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def modules_of(package: str) -> list[str]:
    files = sorted((ROOT / package).rglob("*.py"))
    names = [".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files]
    return [name.removesuffix(".__init__") for name in names if not name.endswith("__main__")]


@pytest.mark.parametrize(
    ("package", "unwanted"),
    [
        ("engine", {"PySide6", "shiboken6", "pyqtgraph", "superqt", "qtawesome", "gui"}),
        ("gui", {"torch", "transformers", "tokenizers", "safetensors"}),
    ],
)
def test_every_module_imports_without_the_other_side(package: str, unwanted: set[str]) -> None:
    if not (ROOT / package).exists():
        return
    modules = modules_of(package)
    assert modules
    assert not loaded_by("import " + ", ".join(modules)) & unwanted


def test_the_walls_see_every_module() -> None:
    """import-linter passes over folders without an `__init__.py`."""
    files = [file for package in ("engine", "gui") for file in (ROOT / package).rglob("*.py")]
    assert not [str(file) for file in files if not (file.parent / "__init__.py").exists()]


def test_main_imports_neither_side_before_it_knows_what_is_asked() -> None:
    if (ROOT / "main.py").exists():
        assert not loaded_by("import main") & {"torch", "transformers", "PySide6"}


def product_files() -> Iterator[Path]:
    for place in PRODUCT:
        yield from [place] if place.is_file() else sorted(place.rglob("*.py"))


BANNED_MODULES = {"pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
BANNED_BUILTINS = {"eval", "exec", "compile"}
BANNED_CALLS = {"torch.jit.load", "torch.export.load", "torch.hub.load", "os.system", "builtins.exec", "builtins.eval"}
BANNED_VALUES = {"weights_only": False, "trust_remote_code": True, "allow_pickle": True, "shell": True}


def dangers(tree: ast.AST) -> Iterator[str]:
    """What would let a file that a user opens run code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            yield from (f"import of {name}" for name in names if name.split(".")[0] in BANNED_MODULES)
        elif isinstance(node, ast.Call):
            yield from _dangers_of_call(node)


def _dangers_of_call(call: ast.Call) -> Iterator[str]:
    called = ast.unparse(call.func)
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if called in BANNED_BUILTINS | BANNED_CALLS:
        yield called
    for name, value in BANNED_VALUES.items():
        if name in given and ast.unparse(given[name]) == str(value):
            yield f"{called}({name}={value})"
    if called == "torch.load" and ast.unparse(given.get("weights_only", ast.Constant(None))) != "True":
        yield "torch.load without weights_only=True"


DANGEROUS = """torch.jit.load(f)
torch.load(f)
torch.load(f, weights_only=False)
np.load(f, allow_pickle=True)
AutoModel.from_pretrained(p, trust_remote_code=True)
import pickle
from shelve import open
exec(text)
eval('1')"""
HARMLESS = """model.eval()
re.compile('a')
dialog.exec()
torch.load(f, weights_only=True)
np.load(f)"""


@pytest.mark.parametrize("code", DANGEROUS.splitlines())
def test_a_danger_is_recognised(code: str) -> None:
    assert list(dangers(ast.parse(code)))


@pytest.mark.parametrize("code", HARMLESS.splitlines())
def test_harmless_code_is_let_pass(code: str) -> None:
    assert not list(dangers(ast.parse(code)))


@pytest.mark.parametrize("file", list(product_files()), ids=lambda file: str(file.relative_to(ROOT)))
def test_opening_a_file_can_run_no_code(file: Path) -> None:
    assert not list(dangers(ast.parse(file.read_bytes(), filename=str(file))))


def test_no_file_names_a_package_registry_or_a_path_of_the_machine_it_was_written_on() -> None:
    unwanted = [word.encode() for word in REGISTRIES + MACHINE_PATHS]
    files = [file for file in ROOT.rglob("*") if file.is_file() and not NOT_OURS & set(file.relative_to(ROOT).parts)]
    assert len(files) > 10
    found = {str(file.relative_to(ROOT)): word for file in files for word in unwanted if word in file.read_bytes()}
    assert not found


def test_every_sample_has_its_recipe_and_card() -> None:
    folders = [folder for folder in SAMPLES.glob("*") if folder.is_dir() and folder.name not in {"datasets", "__pycache__"}]
    assert not [f"{folder.name}/{name}" for folder in folders for name in ("train.py", "card.md") if not (folder / name).exists()]


def test_every_dependency_is_pinned() -> None:
    pins = [line.split("==")[0] for line in (ROOT / "packaging" / "constraints.txt").read_text().splitlines() if "==" in line]
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    needed = {canonicalize_name(Requirement(line).name) for line in installer.requirements(ROOT / "pyproject.toml")}
    assert needed <= {canonicalize_name(pin) for pin in pins}
    assert f"torch=={installer.TORCH}" in (ROOT / "packaging" / "constraints.txt").read_text().splitlines()
