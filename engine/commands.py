"""The command line: the same jobs as the window's, without Qt."""

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from engine import VERSION
from engine.atomic_file import save
from engine.errors import UserError
from engine.jobs import Failure, Steps, T, run
from engine.progress import Progress
from engine.requests import DEFAULT_METHOD, AttributionRequest, OpenModelRequest, Parameter, Target, TextInput
from engine.results import AttributionResult, ModelInfo
from engine.samples import samples

Draw = Callable[[AttributionResult, Path], None]
DONE, BUG, REFUSED, INTERRUPTED = 0, 1, 2, 130


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message[:1].upper()}{message[1:]}; see {self.prog} --help.", "arguments")


def main(arguments: Sequence[str], draw: Draw) -> int:
    """Run one command and return its exit code.

    Args:
        draw: writes a picture of an explanation; it imports Qt, so it is called only for ``.png`` and ``.pdf``.
    """
    warnings.simplefilter("ignore")  # what libraries tell developers is not for whoever reads stderr
    try:
        options = _parser().parse_args(arguments)
        options.run(options, draw)
    except UserError as error:
        print(" ".join(error.message.split()), file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our answer has gone
        _give_up_stdout()
        return DONE
    except Exception as error:  # ours, and said so
        failure = Failure.of(error)
        print(failure.message, failure.detail, sep="\n", file=sys.stderr)
        return BUG
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="main.py", description="A window onto neural networks. Without a command: the window.")
    parser.add_argument("--version", action="version", version=f"Neuroloupe {VERSION}")
    parser.add_argument("--self-test", action="store_true", help="open every sample and explain one input of each")
    parser.set_defaults(run=_without_command)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    common = _common()
    inspect = commands.add_parser("inspect", parents=[common], help="what a model is and what can be asked of it")
    inspect.add_argument("model", metavar="MODEL", help="a path, or a sample's name")
    inspect.set_defaults(run=_inspect)
    commands.add_parser("methods", parents=[common], help="every attribution method with its parameters").set_defaults(
        run=_methods
    )
    commands.add_parser("samples", parents=[common], help="the models that come with Neuroloupe").set_defaults(run=_samples)
    _add_explain(commands, common)
    return parser


def _common() -> _Parser:
    common = _Parser(add_help=False)
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


def _add_explain(commands: Any, common: _Parser) -> None:
    explain = commands.add_parser("explain", parents=[common], help="why the model said that")
    explain.add_argument("model", metavar="MODEL", help="a path, or a sample's name")
    text = explain.add_mutually_exclusive_group(required=True)
    text.add_argument("--text", metavar="T")
    text.add_argument(
        "--text-file", metavar="FILE", type=Path, help="UTF-8; a byte order mark is dropped, nothing else is changed"
    )
    explain.add_argument("--text-pair", metavar="T", help="the second text, for models that read pairs")
    explain.add_argument("--method", metavar="ID", default=DEFAULT_METHOD, help="see: methods")
    explain.add_argument("--target", default="predicted", help="predicted, true, a label, an index, label:X or index:N")
    explain.add_argument("--true", metavar="LABEL", help="the true label")
    explain.add_argument("--versus", metavar="LABEL", help="explain the target's score minus this one's")
    explain.add_argument("--score", choices=("logit", "probability", "log_probability"), default="logit")
    explain.add_argument("--position", type=int, metavar="N", help="language models: explain the token after this one")
    known = "zero, zero_all, pad, mask, unk, mean, text:…, random_document; several are averaged"
    explain.add_argument("--baseline", metavar="ID", action="append", help=known)
    explain.add_argument("--background", metavar="FILE", help="texts that random_document is drawn from: a table or one a line")
    explain.add_argument("--reduction", choices=("sum", "mean", "l1", "l2", "signed_max", "none"))
    explain.add_argument("--set", metavar="NAME=VALUE", action="append", default=[], help="a parameter of the method")
    explain.set_defaults(run=_explain)


def _without_command(options: argparse.Namespace, draw: Draw) -> None:
    if not options.self_test:
        raise UserError("Name a command: inspect, methods, samples or explain; see main.py --help.", "arguments")
    from engine.self_test import self_test

    self_test()


def _inspect(options: argparse.Namespace, draw: Draw) -> None:
    from engine.export.json_file import model_as_dict, strict

    _kind_of(options.out, (".json",))
    _write_json(strict(model_as_dict(_open(options)[1])), options)


def _methods(options: argparse.Namespace, draw: Draw) -> None:
    from engine.attribution.registry import METHODS
    from engine.export.json_file import method_as_dict, strict

    _write_json(strict([method_as_dict(m.description) for m in METHODS.values()]), options)


def _samples(options: argparse.Namespace, draw: Draw) -> None:
    from engine.export.json_file import sample_as_dict, strict

    _write_json(strict([sample_as_dict(s) for s in samples()]), options)


def _explain(options: argparse.Namespace, draw: Draw) -> None:
    from engine.export.json_file import to_json_text
    from engine.export.registry import KINDS

    kind = KINDS[_kind_of(options.out, tuple(KINDS))]
    text = TextInput(_text_of(options), options.text_pair)
    workbench, info = _open(options)
    request = AttributionRequest(
        info.sha256,
        text,
        Target(options.target, options.true, options.versus, options.score, options.position),
        options.method,
        tuple(options.baseline or ("zero",)),
        options.reduction,
        options.seed,
        tuple(_parse_parameter(pair) for pair in options.set),
        options.background,
    )
    result = _run(workbench.job_for(request), options)
    for warning in result.warnings if not options.quiet else ():
        print(f"Note: {warning.message}", file=sys.stderr)
    if options.out is None:
        _write_json(to_json_text(result), options)
    elif kind.write is not None:
        save(options.out, kind.write(result))
    else:
        _draw(result, options.out, draw)


def _draw(result: AttributionResult, out: Path, draw: Draw) -> None:
    try:
        draw(result, out)
    except ModuleNotFoundError as error:
        library = (error.name or "a library").partition(".")[0]
        raise UserError(f"{out.suffix} needs {library}, which is not installed; .svg needs nothing more.", "no_qt") from None


def _open(options: argparse.Namespace) -> tuple[Any, ModelInfo]:
    """A workbench with the model open in it."""
    from engine.workbench import Workbench

    workbench = Workbench()
    request = OpenModelRequest(options.model, options.accept_reinitialised, options.device)
    return workbench, _run(workbench.job_for(request), options).info


def _run(steps: Steps[T], options: argparse.Namespace) -> Any:
    """Drive a job, showing how far it is where somebody is watching."""
    if options.quiet or not sys.stderr.isatty():
        return run(steps)
    with Progress() as progress:
        return run(steps, progress.show)


def _text_of(options: argparse.Namespace) -> str:
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


def _parse_parameter(pair: str) -> tuple[str, Parameter]:
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


def _kind_of(out: Path | None, kinds: tuple[str, ...]) -> str:
    """The suffix of the file to write, checked before anything is computed."""
    kind = out.suffix.lower() if out else ".json"
    if kind not in kinds:
        raise UserError(f"{out} cannot be written: the suffix must be {' or '.join(kinds)}.", "arguments")
    if out and not os.path.isdir(out.absolute().parent):  # which is False where Path.is_dir raises
        raise UserError(f"There is no folder {out.absolute().parent} to write in; make it first.", "no_such_path")
    return kind


def _write_json(text: str, options: argparse.Namespace) -> None:
    content = text.encode("utf-8", "backslashreplace")  # a lone surrogate, which UTF-8 cannot say, becomes JSON's own \ud800
    if options.out is not None:
        _kind_of(options.out, (".json",))
        save(options.out, content)
        return
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        _give_up_stdout()
        raise UserError(f"The answer cannot be written to standard output ({error.strerror}).", "unwritable") from None


def _give_up_stdout() -> None:
    """What is still in the buffer goes nowhere: Python would try once more as it ends, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
