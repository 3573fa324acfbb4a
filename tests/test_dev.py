"""dev.py's own decisions, without a network and without installing anything."""

import json
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

import dev
import installer
import system_libraries
from environment import Environment

ROOT = Path(__file__).resolve().parent.parent
DEV = [sys.executable, str(ROOT / "packaging" / "dev.py")]


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """A project with an empty venv of this Python, as `python -m venv --without-pip` leaves it."""
    project = tmp_path / "project"
    (project / "packaging").mkdir(parents=True)
    (project / "pyproject.toml").write_text('[project]\ndependencies = ["a"]\n[project.optional-dependencies]\ntest = ["b"]\n')
    (project / "packaging" / "constraints.txt").write_text("a==1\ntorch==2.13.0\n")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(project / ".venv")], check=True)
    return Environment(project)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What would have been installed: the kinds of torch asked for."""
    calls: list[str] = []
    monkeypatch.setattr(installer, "install", lambda _python, _project, _constraints, torch, _index: calls.append(torch))
    return calls


def with_pip(environment: Environment) -> Environment:
    folder = next(environment.folder.glob("**/site-packages"))
    (folder / "pip.py").touch()
    return environment


def test_an_environment_is_ready_once_stamped(environment: Environment, installed: list[str]) -> None:
    assert not environment.is_ready()
    with_pip(environment).prepare()
    assert environment.is_ready()
    assert installed == ["auto"]
    environment.prepare()
    assert installed == ["auto"]


@pytest.mark.parametrize("changed", ["pyproject.toml", "packaging/constraints.txt"])
def test_a_changed_requirement_takes_the_stamp_s_worth(environment: Environment, installed: list[str], changed: str) -> None:
    with_pip(environment).prepare()
    with (environment.root / changed).open("a") as file:
        file.write("# newer\n")
    assert not environment.is_ready()
    assert environment.damage() is None  # completed in place, not made anew


def test_the_stamp_holds_for_one_python_only(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    before = environment.fingerprint()
    monkeypatch.setattr(sys, "version_info", (3, 99, 0))
    assert environment.fingerprint() != before
    assert "3.99" in str(environment.damage())


def test_damage_is_told_apart(environment: Environment) -> None:
    assert environment.damage() == "its pip is missing"
    assert with_pip(environment).damage() is None
    environment.unfinished.touch()
    assert environment.damage() == "its installation was interrupted"
    environment.unfinished.unlink()
    environment.python.unlink()
    assert "does not start" in str(environment.damage())
    assert Environment(environment.root / "elsewhere").damage() is None


def test_a_killed_installation_is_made_anew(
    environment: Environment, installed: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with_pip(environment)
    with monkeypatch.context() as patch:
        patch.setattr(installer, "install", killed)
        with pytest.raises(KeyboardInterrupt):
            environment.prepare()
    left_over = environment.folder / "half-a-package"
    left_over.touch()
    assert not environment.is_ready()
    environment.prepare()
    assert environment.is_ready()
    assert not left_over.exists()
    assert "interrupted" in capsys.readouterr().err


def test_what_pip_itself_refused_is_completed_in_place(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise installer.Refused("no network")

    monkeypatch.setattr(installer, "install", refused)
    with pytest.raises(installer.Refused):
        with_pip(environment).prepare()
    assert not environment.is_ready()
    assert environment.damage() is None


def pip_asked(environment: Environment, monkeypatch: pytest.MonkeyPatch, offered: set[str], *torch: str | None) -> list[str]:
    """The requirements given to a pip whose index offers these builds."""
    asked: list[str] = []

    def run(command: list[str], **_: object) -> SimpleNamespace:
        if "--dry-run" in command:
            return SimpleNamespace(returncode=int(command[-1] not in offered))
        asked.extend(word for word in command[command.index("--constraint") + 2 :] if not word.startswith("--"))
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(subprocess, "run", run)
    installer.install(environment.python, environment.project, environment.constraints, *(torch or ("auto", None)))
    return asked


CPU, PLAIN, EXACT = "torch==2.13.0+cpu", "torch==2.13.0", "torch===2.13.0"


@pytest.mark.parametrize(
    ("kind", "nvidia", "offered", "build"),
    [
        ("auto", False, {CPU, EXACT}, CPU),
        ("auto", False, {EXACT}, PLAIN),
        ("auto", True, {CPU, EXACT}, EXACT),
        ("auto", True, {CPU}, PLAIN),
        ("cpu", True, {CPU}, CPU),
        ("cuda", False, {CPU, EXACT}, EXACT),
    ],
)
def test_the_build_of_torch(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, kind: str, nvidia: bool, offered: set[str], build: str
) -> None:
    monkeypatch.setattr(installer, "nvidia_device", lambda: nvidia)
    assert pip_asked(environment, monkeypatch, offered, kind, None) == [build, "a", "b"]


def test_a_cpu_build_that_nobody_offers_is_refused(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installer, "PLAIN_IS_CUDA", True)
    with pytest.raises(installer.Refused, match="--torch-index"):
        pip_asked(environment, monkeypatch, set(), "cpu", None)


def test_the_user_s_own_torch_is_kept_and_must_be_there(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(installer.Refused, match="there is none"):
        pip_asked(environment, monkeypatch, set(), "skip", None)
    own = next(environment.folder.glob("**/site-packages")) / "torch" / "__init__.py"
    own.parent.mkdir()
    own.touch()
    assert pip_asked(environment, monkeypatch, set(), "skip", None) == ["a", "b"]
    assert (environment.folder / "constraints-without-torch.txt").read_text() == "a==1\n"


def test_a_failing_pip_refuses_and_a_killed_one_interrupts(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    for code, error in ((1, installer.Refused), (-9, KeyboardInterrupt)):
        monkeypatch.setattr(subprocess, "run", lambda *_, code=code, **__: SimpleNamespace(returncode=code))
        with pytest.raises(error):
            installer.install(environment.python, environment.project, environment.constraints, "auto", None)


def test_our_options_end_at_the_dashes() -> None:
    options, rest = dev.parse(["run", "--torch", "cpu", "--", "explain", "--torch", "x", "--"])
    assert (options.action, options.torch, rest) == (dev.run, "cpu", ["explain", "--torch", "x", "--"])
    assert dev.parse(["tour", "pictures"])[0].folder == "pictures"
    with pytest.raises(SystemExit):
        dev.parse(["run", "explain"])


def test_run_becomes_main_with_its_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    became: list[list[str]] = []
    monkeypatch.setattr(dev, "prepare", lambda *_: None)
    monkeypatch.setattr(dev, "hand_over", lambda command: became.append(command) or 0)
    monkeypatch.delenv("DISPLAY", raising=False)
    assert dev.main(["run", "--", "inspect", "model"]) == 0
    assert became == [[str(Environment(ROOT).python), str(ROOT / "main.py"), "inspect", "model"]]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux may have no display")
def test_no_display_points_to_the_command_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(system_libraries, "missing_libraries", dict)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert dev.main(["run"]) == 2
    assert "no display" in capsys.readouterr().err
    monkeypatch.setenv("DISPLAY", ":0")
    assert dev.window_obstacle() is None


def test_missing_libraries_come_with_one_apt_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(system_libraries, "missing", lambda: {"libEGL.so.1": "libegl1", "Xvfb": "xvfb"})
    assert dev.main(["doctor"]) == 1
    assert "lacks libEGL.so.1, Xvfb. On Debian or Ubuntu: sudo apt-get install libegl1 xvfb" in capsys.readouterr().out


def test_a_library_that_does_not_load_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(system_libraries, "LIBRARIES", {"libnosuchthing.so.9": "libnosuchthing9"})
    assert system_libraries.missing_libraries() == {"libnosuchthing.so.9": "libnosuchthing9"}


def test_no_ensurepip_is_told_before_anything_is_taken_away(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_libraries, "has_ensurepip", lambda: False)
    environment.unfinished.touch()
    with pytest.raises(installer.Refused, match="apt-get install python3-venv"):
        environment.prepare()
    assert environment.python.exists()


def test_all_checks_run_and_pytest_comes_last(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(dev, "prepare", lambda *_: None)
    monkeypatch.setattr(dev, "check", lambda _environment, title, command: ran.append((title, command)) or int(title == "mypy"))
    assert dev.main(["test", "--", "-k", "name"]) == 1
    assert [title for title, _ in ran] == ["ruff", "mypy", "import-linter", "pytest"]
    assert ran[-1][1][-2:] == ["-k", "name"]


def test_an_old_python_gets_a_sentence_and_no_syntax_error() -> None:
    """What stands before the version check must be plain enough for any Python 3."""
    code = f"import sys; sys.version_info = (3, 8, 0); sys.argv = ['dev.py']; exec(open({DEV[1]!r}).read())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.strip() == "Neuroloupe needs Python 3.11 or newer, and this is Python 3.8."


def test_the_usual_run_loads_little() -> None:
    """A count that stands for its delay."""
    code = f"import sys, json; sys.path.insert(0, {str(ROOT / 'packaging')!r}); import dev; print(json.dumps(list(sys.modules)))"
    modules = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    assert not {"tomllib", "inspect", "typing", "ctypes.util"} & set(modules)


def test_two_preparations_take_turns(environment: Environment, installed: list[str]) -> None:
    """The second waits for the lock, then finds everything done."""
    with_pip(environment)
    holder = f"""import pathlib, sys, time
sys.path.insert(0, {str(ROOT / "packaging")!r})
from environment import Environment
with Environment(pathlib.Path({str(environment.root)!r}))._locked():
    print("held", flush=True)
    time.sleep(0.5)"""
    with subprocess.Popen([sys.executable, "-c", holder], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process.stdout.readline()
        start = time.monotonic()
        environment.prepare()
    assert time.monotonic() - start > 0.3
