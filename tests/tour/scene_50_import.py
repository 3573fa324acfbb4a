"""Import: a bare file of weights is opened, asked about, tried on a text, and kept."""

import inspect
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from PySide6.QtWidgets import QComboBox, QLineEdit

from stage import Stage, scene

SAMPLE = Path(__file__).resolve().parents[2] / "resources" / "samples" / "news-bilstm"
HEADLINE = "Oil prices climb as OPEC weighs a cut; analysts at Zorblatt Capital expect shares to rally."
PLACE = Path(tempfile.mkdtemp(prefix="tour-import-"))


def write_classifier(sample: str, path: str) -> None:
    """The weights of a sample as a trainer of one's own would have left them: no labels, no read-out, no activation."""
    import torch
    from safetensors.torch import load_file

    weights = load_file(Path(sample) / "model.safetensors")
    names = {"rnn.": "lstm.", "head.0.": "fc1.", "head.1.": "fc2."}
    renamed = {}
    for name, tensor in weights.items():
        old = next((old for old in names if name.startswith(old)), "")
        renamed["module." + names.get(old, "") + name.removeprefix(old)] = tensor.float()
    vocabulary = json.loads((Path(sample) / "vocabulary.json").read_text())
    torch.save({"epoch": 12, "model_state_dict": renamed, "word2idx": {w: i for i, w in enumerate(vocabulary)}}, path)


def write_language_model(path: str) -> None:
    """A character model of one module of the standard library, trained for some seconds."""
    import json.decoder

    import torch
    from torch import nn

    torch.manual_seed(0)
    torch.set_num_threads(1)
    text = inspect.getsource(json.decoder) + inspect.getsource(inspect)
    chars = sorted(set(text))
    ids = torch.tensor([chars.index(c) for c in text])

    class CharGRU(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed, self.gru = nn.Embedding(len(chars), 32), nn.GRU(32, 96, batch_first=True)
            self.decoder = nn.Linear(96, len(chars))

    model = CharGRU()
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(120):
        at = torch.randint(len(ids) - 41, (24, 1)) + torch.arange(41)
        batch = ids[at]
        logits = model.decoder(model.gru(model.embed(batch[:, :-1]))[0])
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    torch.save({"state_dict": model.state_dict(), "chars": "".join(chars), "optimizer": optimiser.state_dict()}, path)


def write(line: str) -> None:
    """In a process of its own: the window's needs no torch of ours."""
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import scene_50_import as s; s.{line}"
    subprocess.run([sys.executable, "-c", code], check=True)


def ready(stage: Stage) -> bool:
    return stage.find("importOpen").isEnabled() and bool(stage.find("importOutcome").text())


@scene
def import_classifier(stage: Stage) -> None:
    write(f"write_classifier({str(SAMPLE)!r}, {str(PLACE / 'news_epoch12.pt')!r})")
    stage.wait_for(lambda: stage.window.workspace.method_panel.method_box.count() > 0, timeout=60)
    stage.key("Alt+Home")
    stage.click("modelPath")
    stage.key("Ctrl+A")
    stage.type(str(PLACE / "news_epoch12.pt"))
    stage.key("Return")
    stage.wait_for(lambda: stage.window.importing.dialog is not None, timeout=60)
    stage.wait_for(lambda: ready(stage), timeout=60)
    stage.shot(note="a bare file of weights, as it is first shown")
    stage.click("importText")
    stage.key("Ctrl+A")
    stage.type(HEADLINE)
    labels = stage.find("ask_labels")
    assert isinstance(labels, QLineEdit)
    stage.click("ask_labels")
    stage.key("Ctrl+A")
    stage.type("World, Sports, Business")
    stage.wait_for(lambda: stage.find("importError").text())
    stage.shot("misfit", note="three labels for four outputs")
    stage.click("ask_labels")
    stage.key("Ctrl+A")
    stage.type("World, Sports, Business, Sci/Tech")
    stage.wait_for(lambda: ready(stage) and not stage.find("importError").text())
    readout = stage.find("ask_readout")
    assert isinstance(readout, QComboBox)
    stage.click("ask_readout")
    stage.shot("choice", note="which states the linear layers read")
    stage.key("Return")
    stage.wait_for(lambda: ready(stage))
    stage.shot("answered", note="answered: the prediction makes sense, unknown words are underlined")


@scene
def import_opened(stage: Stage) -> None:
    stage.click("importOpen")
    stage.wait_for(lambda: stage.window.conductor.model is not None and stage.window.conductor.model.format == "recurrent")
    conductor = stage.window.conductor
    stage.wait_for(lambda: conductor.map is not None and conductor.map.progress == 1 and not conductor.explanation.running)
    stage.shot(note="open, and explained")


@scene
def import_language_model(stage: Stage) -> None:
    write(f"write_language_model({str(PLACE / 'char-gru.ckpt')!r})")
    stage.window.conductor.put_text("")
    stage.window.conductor.open_model(str(PLACE / "char-gru.ckpt"))
    stage.wait_for(lambda: stage.window.importing.dialog is not None, timeout=60)
    stage.wait_for(lambda: ready(stage), timeout=60)
    stage.click("importText")
    stage.key("Ctrl+A")
    stage.type("def decode(self, s):")
    stage.key("Return")
    stage.type("    return sel")
    stage.wait_for(lambda: "its 35 pieces" in stage.find("importOutcome").text() and ready(stage))
    stage.shot(note="a character model: the next character, bits per character")
    stage.click("importCancel")
    stage.key("Alt+Home")
