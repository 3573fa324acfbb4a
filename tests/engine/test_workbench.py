"""The workbench: one open model, a job for each request, and nothing runs before its first step."""

from pathlib import Path
from typing import NoReturn

import pytest
import torch

from engine.cells import Cell
from engine.errors import LoadError, UserError
from engine.jobs import run
from engine.requests import (
    AblationRequest,
    AttributionRequest,
    CatalogueRequest,
    CellsRequest,
    OpenModelRequest,
    PredictionRequest,
    TextInput,
)
from engine.workbench import Workbench
from tests.engine.tiny_models import TEXT, write


@pytest.fixture
def workbench() -> Workbench:
    return Workbench()


def open_in(workbench: Workbench, path: Path, accept: bool = False) -> str:
    return run(workbench.job_for(OpenModelRequest(str(path), accept))).info.sha256


@pytest.fixture
def unfinished(tmp_path: Path) -> Path:
    """A folder whose classifier's head has another number of labels than its weights."""
    folder = write(tmp_path / "unfinished")
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"2": "positive"', '"2": "positive", "3": "more"'))
    return folder


def test_a_question_about_no_model(workbench: Workbench):
    asked = TextInput(TEXT)
    for request in (
        PredictionRequest("x", asked),
        AttributionRequest("x", asked),
        CellsRequest("x", asked),
        AblationRequest("x", asked, (Cell(0, 0),)),
    ):
        with pytest.raises(UserError, match="open it again"):
            run(workbench.job_for(request))


def test_a_question_about_the_model_that_was_open_before(workbench: Workbench, bert_folder: Path, lstm_folder: Path):
    before = open_in(workbench, bert_folder)
    after = open_in(workbench, lstm_folder)
    with pytest.raises(UserError, match="no longer open"):
        run(workbench.job_for(PredictionRequest(before, TextInput(TEXT))))
    assert run(workbench.job_for(PredictionRequest(after, TextInput(TEXT)))).classes


def test_the_old_model_stays_when_the_new_one_cannot_be_opened(workbench: Workbench, bert_folder: Path, tmp_path: Path):
    sha256 = open_in(workbench, bert_folder)
    with pytest.raises(LoadError):
        open_in(workbench, tmp_path / "nowhere")
    assert run(workbench.job_for(PredictionRequest(sha256, TextInput(TEXT)))).classes


def test_the_old_model_stays_when_opening_is_cancelled(workbench: Workbench, bert_folder: Path, lstm_folder: Path):
    sha256 = open_in(workbench, bert_folder)
    steps = workbench.job_for(OpenModelRequest(str(lstm_folder)))
    next(steps)
    next(steps)
    steps.close()
    assert run(workbench.job_for(PredictionRequest(sha256, TextInput(TEXT)))).classes


def test_cells_of_the_open_model_with_and_without_some_of_them(workbench: Workbench, lstm_folder: Path):
    sha256 = open_in(workbench, lstm_folder)
    result = run(workbench.job_for(CellsRequest(sha256, TextInput(TEXT))))
    assert result.quantities["cell_state"].shape == (len(result.input.tokens), 1, 1, 5)
    ablated = run(workbench.job_for(AblationRequest(sha256, TextInput(TEXT), (Cell(0, 3),))))
    assert ablated.intact.prediction != ablated.held.prediction


def test_random_weights_block_everything_but_looking(workbench: Workbench, unfinished: Path):
    sha256 = open_in(workbench, unfinished)
    for request in (PredictionRequest(sha256, TextInput(TEXT)), AttributionRequest(sha256, TextInput(TEXT))):
        with pytest.raises(UserError, match=r"random instead\. Accept that"):
            run(workbench.job_for(request))
    assert open_in(workbench, unfinished, accept=True) == sha256
    assert len(run(workbench.job_for(PredictionRequest(sha256, TextInput(TEXT)))).classes) == 4


def test_consent_to_one_model_is_not_consent_to_the_next(workbench: Workbench, unfinished: Path, bert_folder: Path):
    open_in(workbench, unfinished, accept=True)
    open_in(workbench, bert_folder)
    sha256 = open_in(workbench, unfinished)
    with pytest.raises(UserError, match="Accept that"):
        run(workbench.job_for(PredictionRequest(sha256, TextInput(TEXT))))


def test_nothing_runs_before_the_first_step(workbench: Workbench):
    for request in (OpenModelRequest("/nowhere"), PredictionRequest("x", TextInput("")), CatalogueRequest()):
        workbench.job_for(request).close()


def test_the_catalogue_needs_no_model(workbench: Workbench):
    ids = [method.id for method in run(workbench.job_for(CatalogueRequest())).methods]
    assert ids[0] == "integrated_gradients"
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 1 TB")])
def test_memory_that_runs_out_outside_a_batch(
    error: Exception, workbench: Workbench, bert_folder: Path, monkeypatch: pytest.MonkeyPatch
):
    sha256 = open_in(workbench, bert_folder)

    def fail(*_: object) -> NoReturn:
        raise error

    monkeypatch.setattr("engine.models.huggingface.HuggingFaceModel.logits", fail)
    for request in (PredictionRequest(sha256, TextInput(TEXT)), AttributionRequest(sha256, TextInput(TEXT))):
        with pytest.raises(UserError, match="not enough memory for this input"):
            run(workbench.job_for(request))


def test_full_precision_is_kept():
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True
    Workbench()
    assert not torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32
