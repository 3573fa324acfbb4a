"""The command line: the same jobs as the window's, without Qt. One file a command."""

import argparse
import sys
import warnings
from collections.abc import Sequence

from engine import VERSION
from engine.commands import (
    attention,
    cells,
    counterfactual,
    dataset,
    detect,
    explain,
    gradient_flow,
    import_checkpoint,
    listing,
    optimise,
    over_training,
    tfidf,
)
from engine.commands.explain import Draw
from engine.commands.shared import Parser, common_options, give_up_stdout
from engine.errors import UserError
from engine.jobs import Failure

DONE, BUG, REFUSED, INTERRUPTED = 0, 1, 2, 130
COMMANDS = (
    listing,
    import_checkpoint,
    explain,
    over_training,
    gradient_flow,
    optimise,
    attention,
    tfidf,
    cells,
    detect,
    dataset,
    counterfactual,
)  # each adds its own by ``add``


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
        give_up_stdout()
        return DONE
    except Exception as error:  # ours, and said so
        failure = Failure.of(error)
        print(failure.message, failure.detail, sep="\n", file=sys.stderr)
        return BUG
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="main.py", description="A window onto neural networks. Without a command: the window.")
    parser.add_argument("--version", action="version", version=f"Neuroloupe {VERSION}")
    parser.add_argument("--self-test", action="store_true", help="open every sample and explain one input of each")
    parser.set_defaults(run=_without_command)
    commands, common = parser.add_subparsers(title="commands", metavar="COMMAND"), common_options()
    for module in COMMANDS:
        module.add(commands, common)
    return parser


def _without_command(options: argparse.Namespace, draw: Draw) -> None:
    if not options.self_test:
        raise UserError("Name a command, such as explain; see main.py --help.", "arguments")
    from engine.self_test import self_test

    self_test()
