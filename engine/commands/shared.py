"""What every command shares: options, an open model, a job with its progress, an answer written where it was wanted."""

import argparse
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

from engine.atomic_file import save
from engine.errors import UserError
from engine.jobs import Steps, T, run
from engine.models.module_code import ALL
from engine.progress import Progress
from engine.requests import OpenModelRequest, Parameter, Target
from engine.results import ModelInfo


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message[:1].upper()}{message[1:]}; see {self.prog} --help.", "arguments")


def common_options() -> Parser:
    common = Parser(add_help=False)
    common.add_argument("--out", metavar="FILE", type=Path, help="write here instead of to stdout; the suffix says the kind")
    common.add_argument("--quiet", action="store_true", help="no progress, no notes")
    common.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    common.add_argument("--seed", metavar="N", type=_seed, default=0)
    common.add_argument("--trust", action="store_true", help="consent to run the code of a Python module folder")
    common.add_argument("--accept-reinitialised", action="store_true", help="use a model although some of its weights are random")
    return common


def _seed(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise argparse.ArgumentTypeError("must be a whole number of at most 18 digits")
    return int(text)


def add_model(parser: argparse.ArgumentParser) -> None:
    """Which model is asked."""
    parser.add_argument("model", metavar="MODEL", help="a path, or a sample's name")


def add_text(parser: argparse.ArgumentParser) -> Any:
    """What it is asked about; read by ``text_of``. Returns the group, for what else it may be asked about."""
    text = parser.add_mutually_exclusive_group(required=True)
    text.add_argument("--text", metavar="T")
    text.add_argument(
        "--text-file", metavar="FILE", type=Path, help="UTF-8; a byte order mark is dropped, nothing else is changed"
    )
    return text


def add_image(given: Any) -> None:
    """A picture in the place of a text, as one of the group that ``add_text`` gave."""
    given.add_argument("--image", metavar="FILE", type=Path, help="a picture: PNG, JPEG, BMP, GIF, WebP or TIFF")


def add_target(parser: argparse.ArgumentParser) -> None:
    """Which scalar is asked about; read by ``target_of``."""
    parser.add_argument(
        "--target", default="predicted", help="predicted, true, a label, an index, label:X, index:N or unit:LAYER:N"
    )
    parser.add_argument("--true", metavar="LABEL", help="the true label")
    parser.add_argument("--versus", metavar="LABEL", help="explain the target's score minus this one's")
    parser.add_argument("--score", choices=("logit", "probability", "log_probability"), default="logit")
    parser.add_argument("--position", type=int, metavar="N", help="language models: explain the token after this one")


def target_of(options: argparse.Namespace) -> Target:
    """As ``add_target`` has it."""
    return Target(options.target, options.true, options.versus, options.score, options.position)


def open_in_workbench(options: argparse.Namespace) -> tuple[Any, ModelInfo]:
    """A workbench with the model open in it."""
    from engine.workbench import Workbench

    workbench = Workbench()
    request = OpenModelRequest(options.model, options.accept_reinitialised, options.device, (ALL,) if options.trust else ())
    return workbench, run_job(workbench.job_for(request), options).info


def run_job(steps: Steps[T], options: argparse.Namespace) -> Any:
    """Drive a job, showing how far it is where somebody is watching."""
    if options.quiet or not sys.stderr.isatty():
        return run(steps)
    with Progress() as progress:
        return run(steps, progress.show)


def parse_parameter(pair: str) -> tuple[str, Parameter]:
    """``name=value`` with the value in the narrowest type that holds it; the method checks the rest."""
    name, equals, value = pair.partition("=")
    if not equals:
        raise UserError(f"--set takes NAME=VALUE, not {pair!r}.", "arguments")
    named: dict[str, Parameter] = {"true": True, "false": False, "none": None}
    if value.lower() in named:
        return name, named[value.lower()]
    for number in (int, float):
        try:
            return name, number(value)
        except ValueError:
            continue
    return name, value


def text_of(options: argparse.Namespace) -> str:
    """The text as given, byte for byte but for a byte order mark."""
    if options.text_file is None:
        return str(options.text)
    try:
        content: bytes = options.text_file.read_bytes()
        return content.decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"{options.text_file} cannot be read ({error.strerror}).", "unreadable") from None
    except UnicodeDecodeError:
        raise UserError(f"{options.text_file} is not UTF-8; save it as UTF-8 text.", "unreadable") from None


def kind_of(out: Path | None, kinds: tuple[str, ...]) -> str:
    """The suffix of the file to write, checked before anything is computed."""
    kind = out.suffix.lower() if out else ".json"
    if kind not in kinds:
        raise UserError(f"{out} cannot be written: the suffix must be {' or '.join(kinds)}.", "arguments")
    if out and not os.path.isdir(out.absolute().parent):  # which is False where Path.is_dir raises
        raise UserError(f"There is no folder {out.absolute().parent} to write in; make it first.", "no_such_path")
    return kind


def write_json(text: str, options: argparse.Namespace) -> None:
    content = text.encode("utf-8", "backslashreplace")  # a lone surrogate, which UTF-8 cannot say, becomes JSON's own \ud800
    if options.out is not None:
        kind_of(options.out, (".json",))
        save(options.out, content)
        return
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        give_up_stdout()
        raise UserError(f"The answer cannot be written to standard output ({error.strerror}).", "unwritable") from None


def give_up_stdout() -> None:
    """What is still in the buffer goes nowhere: Python would try once more as it ends, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
