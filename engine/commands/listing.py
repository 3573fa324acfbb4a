"""``inspect``, ``methods``, ``samples``: what there is."""

import argparse
from typing import Any

from engine.checkpoints import InspectCheckpointResult
from engine.commands.shared import Parser, add_model, kind_of, open_in_workbench, run_job, write_json
from engine.errors import LoadError
from engine.requests import InspectCheckpointRequest
from engine.results import ModelInfo
from engine.samples import samples


def add(commands: Any, common: Parser) -> None:
    """The three commands."""
    inspect = commands.add_parser("inspect", parents=[common], help="what a model is and what can be asked of it")
    add_model(inspect)
    inspect.set_defaults(run=_inspect)
    methods = commands.add_parser("methods", parents=[common], help="every attribution method with its parameters")
    methods.set_defaults(run=_methods)
    commands.add_parser("samples", parents=[common], help="the models that come with Neuroloupe").set_defaults(run=_samples)


def _inspect(options: argparse.Namespace, draw: object) -> None:
    from engine.export.json_file import model_as_dict, strict

    kind_of(options.out, (".json",))
    write_json(strict(model_as_dict(_model_of(options))), options)


def _model_of(options: argparse.Namespace) -> ModelInfo:
    """A bare file of weights cannot be opened, but looked at."""
    try:
        return open_in_workbench(options)[1]
    except LoadError as error:
        if error.kind != "bare_weights":
            raise
    from engine.workbench import Workbench

    looked: InspectCheckpointResult = run_job(Workbench().job_for(InspectCheckpointRequest(options.model)), options)
    return looked.finding.model


def _methods(options: argparse.Namespace, draw: object) -> None:
    from engine.attribution.registry import METHODS
    from engine.export.json_file import method_as_dict, strict

    write_json(strict([method_as_dict(m.description) for m in METHODS.values()]), options)


def _samples(options: argparse.Namespace, draw: object) -> None:
    from engine.export.json_file import sample_as_dict, strict

    write_json(strict([sample_as_dict(s) for s in samples()]), options)
