#!/usr/bin/env python3
"""One command for everything: `python3 packaging/dev.py run|test|bench|tour|doctor [-- arguments]`.

    run [-- ARGUMENTS]     start the window, or with arguments a command of main.py
    test [-- ARGUMENTS]    ruff, mypy, import-linter, then pytest (which gets the arguments)
    bench [-- NAMES]       speed beside peers, as a table; `-- --out FILE` writes JSON as well
    tour DIR [-- SCENES]   play the window's scenes and save screenshots in DIR
    doctor [--system]      name what the system lacks; --system, as root, installs it

The first use makes `.venv` beside this folder and installs the pinned packages into it.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):
    sys.exit("Neuroloupe needs Python 3.11 or newer, and this is Python {}.{}.".format(*sys.version_info[:2]))

import argparse
import os
import subprocess
from pathlib import Path

import installer
import system_libraries
from environment import Environment

ROOT = Path(__file__).resolve().parent.parent
OFFLINE = {"HF_HUB_OFFLINE": "1", "QT_API": "pyside6"}
OFFSCREEN = {**OFFLINE, "QT_QPA_PLATFORM": "offscreen"}
NO_DISPLAY = (
    "There is no display to open the window on (neither DISPLAY nor WAYLAND_DISPLAY is set).\n"
    "The command line needs none: python3 packaging/dev.py run -- --help"
)


def run(environment: Environment, options: argparse.Namespace, arguments: list[str]) -> int:
    obstacle = None if arguments else window_obstacle()
    if obstacle:
        print(obstacle, file=sys.stderr)
        return 2
    prepare(environment, options)
    return hand_over([str(environment.python), str(ROOT / "main.py"), *arguments])


def test(environment: Environment, options: argparse.Namespace, arguments: list[str]) -> int:
    """All checks run, whatever the first ones find; pytest's closing line comes last."""
    prepare(environment, options)
    checks = {
        "ruff": ["-m", "ruff", "check"],
        "mypy": ["-m", "mypy"],
        "import-linter": ["-c", "from importlinter.cli import lint_imports_command as main; main()", "--no-logo"],
    }
    failed = [name for name, command in checks.items() if check(environment, name, command) != 0]
    if failed:
        print(f"\nFailed before pytest: {', '.join(failed)} (see above).", file=sys.stderr, flush=True)
    return check(environment, "pytest", ["-m", "pytest", "-n", "2", *arguments]) or int(bool(failed))


def bench(environment: Environment, options: argparse.Namespace, arguments: list[str]) -> int:
    prepare(environment, options)
    return hand_over([str(environment.python), str(ROOT / "tests/benchmarks/run.py"), *arguments], OFFSCREEN)


def tour(environment: Environment, options: argparse.Namespace, arguments: list[str]) -> int:
    prepare(environment, options)
    return hand_over([str(environment.python), str(ROOT / "tests/tour/run.py"), options.folder, *arguments], OFFLINE)


def doctor(environment: Environment, options: argparse.Namespace, _arguments: list[str]) -> int:
    missing = system_libraries.missing()
    if missing and options.system:
        if os.geteuid() != 0:
            print("--system needs root: sudo python3 packaging/dev.py doctor --system", file=sys.stderr)
            return 2
        system_libraries.install(missing)
        missing = system_libraries.missing()
    print(f"Python {sys.version.split()[0]}: new enough")
    print(".venv: " + ("ready" if environment.is_ready() else "not ready; made by the first run"))
    print("System: " + (f"lacks {', '.join(missing)}. {system_libraries.remedy(missing)}" if missing else "lacks nothing"))
    return int(bool(missing))


def window_obstacle() -> str | None:
    """What would make Qt abort at the start, in words."""
    if not sys.platform.startswith("linux"):
        return None
    missing = system_libraries.missing_libraries()
    if missing:
        venv = {} if system_libraries.has_ensurepip() else system_libraries.VENV    # it would be the next complaint
        return f"The window needs {', '.join(missing)}. {system_libraries.remedy(missing | venv)}"
    return None if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") else NO_DISPLAY


def prepare(environment: Environment, options: argparse.Namespace) -> None:
    """Return at once where `.venv` is as it should be; otherwise say what is done, and do it."""
    if environment.is_ready() and options.torch == "auto":
        return
    print("Preparing .venv (once, or after the requirements changed) …", file=sys.stderr)
    try:
        environment.prepare(options.torch, options.torch_index)
    except installer.Refused as reason:
        sys.exit(str(reason))
    except KeyboardInterrupt:
        print("\nInterrupted. The next run makes .venv anew.", file=sys.stderr)
        sys.exit(130)


def check(environment: Environment, title: str, command: list[str]) -> int:
    print(f"── {title} ──", file=sys.stderr, flush=True)
    return subprocess.run([str(environment.python), *command], cwd=ROOT, env=os.environ | OFFSCREEN, check=False).returncode


def hand_over(command: list[str], variables: dict[str, str] | None = None) -> int:
    """Become ``command``: signals, exit code and terminal are then its own. Never returns but on Windows."""
    variables = os.environ | (variables or {})
    if sys.platform != "win32":                          # exec there gives the prompt back at once
        os.execve(command[0], command, variables)
    return subprocess.run(command, env=variables, check=False).returncode


def parse(argv: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """Our own options, and what follows `--`."""
    ours, theirs = (argv[: argv.index("--")], argv[argv.index("--") + 1 :]) if "--" in argv else (argv, [])
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--torch", choices=["auto", "cpu", "cuda", "skip"], default="auto", help="the build to install")
    common.add_argument("--torch-index", metavar="URL", help="package index to take torch from")
    parser = argparse.ArgumentParser(prog="dev.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for command in (run, test, bench, tour, doctor):
        commands.add_parser(command.__name__, parents=[common]).set_defaults(action=command)
    commands.choices["tour"].add_argument("folder", metavar="DIR")
    commands.choices["doctor"].add_argument("--system", action="store_true", help="install what is missing (as root)")
    return parser.parse_args(ours), theirs


def main(argv: list[str]) -> int:
    options, arguments = parse(argv)
    return int(options.action(Environment(ROOT), options, arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
