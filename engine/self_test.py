"""``--self-test``: does everything that came with the product work here?"""

import sys

from engine.errors import UserError
from engine.jobs import run
from engine.requests import AttributionRequest, OpenModelRequest
from engine.samples import Sample, samples
from engine.workbench import Workbench

METHODS = ("integrated_gradients", "saliency")


def self_test() -> None:
    """Open every sample and explain its first example by two methods; one line each on stdout.

    Raises:
        UserError: something did not hold; its line says what.
    """
    failed = 0
    for sample in samples():
        for method in METHODS:
            fault = _fault(sample, method)
            print(f"{sample.name}  {method}  {fault or 'ok'}")
            failed += fault is not None
    sys.stdout.flush()
    if failed or not samples():
        raise UserError(f"{failed} of {len(METHODS) * len(samples())} checks failed; reinstall Neuroloupe.", "self_test")


def _fault(sample: Sample, method: str) -> str | None:
    """What does not hold, or None."""
    if not sample.examples:
        return "comes without an example"
    workbench = Workbench()
    try:
        info = run(workbench.job_for(OpenModelRequest(sample.path))).info
        result = run(workbench.job_for(AttributionRequest(info.sha256, sample.examples[0].input, method=method)))
    except UserError as error:
        return error.message
    if result.completeness is not None and not result.completeness.converged:
        return f"not complete: off by {100 * result.completeness.relative_delta:.2g} %"
    return None
