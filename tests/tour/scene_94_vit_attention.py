"""What every head of a vision transformer attends to, on the picture itself."""

import json
import tempfile
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox

from engine.samples import RESOURCES
from stage import Stage, scene, wait

SAMPLE = RESOURCES / "samples" / "shapes-vit"
PICTURE = RESOURCES / "samples" / "datasets" / "shapes" / "triangle" / "crowded-2.png"


def random_model(folder: Path) -> Path:
    """A small vision transformer that has learnt nothing."""
    import torch
    import transformers

    torch.manual_seed(3)
    config = transformers.ViTConfig(
        hidden_size=48, num_hidden_layers=4, num_attention_heads=4, intermediate_size=96, image_size=64, patch_size=8,
        id2label={0: "circle", 1: "square", 2: "triangle"}, label2id={"circle": 0, "square": 1, "triangle": 2},
    )  # fmt: skip
    network = transformers.ViTForImageClassification(config)
    for name, values in network.named_parameters():
        if "q_proj.weight" in name or "k_proj.weight" in name:
            values.data.normal_(0, 0.25)
    network.save_pretrained(folder)
    processor = {"image_processor_type": "ViTImageProcessor", "size": {"height": 64, "width": 64}}
    (folder / "preprocessor_config.json").write_text(json.dumps(processor), encoding="utf-8")
    return folder


def view(stage: Stage) -> object:
    return next(room for room in stage.window.rooms if room.key == "attention")._view


def choose(stage: Stage, name: str, value: object) -> None:
    before = view(stage).map
    box = stage.find(name)
    assert isinstance(box, QComboBox)
    box.setCurrentIndex(box.findData(value))
    box.activated.emit(box.currentIndex())
    stage.wait_for(lambda: view(stage).map is not before)


def patch(stage: Stage, row: int, column: int) -> tuple[int, int]:
    place = stage.find("patchPicture").rectangle((row, column)).center().toPoint()
    return place.x(), place.y()


def away(stage: Stage) -> None:
    QTest.mouseMove(stage.find("patchPicture"), QPoint(2, 2))
    wait(60)


@scene
def patches_heads(stage: Stage) -> None:
    stage.wait_for(lambda: stage.window.workspace.method_panel.method_box.count() > 0, timeout=60)
    model = SAMPLE if (SAMPLE / "config.json").is_file() else random_model(Path(tempfile.mkdtemp()) / "small-vit")
    stage.window.conductor.open_model(str(model))
    stage.wait_for(lambda: stage.window.conductor.model is not None and stage.window.conductor.model.input_kind == "image", 120)
    stage.wait_for(lambda: stage.window.workspace.isVisible())
    stage.window.actions_registry["view_attention"].trigger()
    stage.shot("before", note="what will be here")
    stage.window.pictures.open(str(PICTURE))
    stage.wait_for(lambda: view(stage).map is not None, timeout=120)
    stage.shot(note="every head of every layer, patches as tokens")


@scene
def patches_picture(stage: Stage) -> None:
    stage.click("attention_image")
    choose(stage, "attentionLayer", view(stage).result.stacks[0].layers - 1)
    away(stage)
    stage.shot(note="what the token of the class attends to")
    stage.click("patchPicture", patch(stage, 3, 3))
    stage.hover("patchPicture", patch(stage, 3, 5))
    stage.shot("patch", note="a patch is chosen; another is read out: weight, rank, place")
    stage.click("patch_by")
    away(stage)
    stage.shot("by", note="who looks at it")
    stage.click("patch_to")
    choose(stage, "attentionHead", "mean")
    away(stage)
    stage.shot("mean", note="all heads of the layer")
    choose(stage, "attentionQuantity", "rollout")
    stage.click("patchToken")
    away(stage)
    stage.shot("rollout", note="rollout, from the token of the class down to the pixels")
    choose(stage, "attentionQuantity", "relevance")
    away(stage)
    stage.shot("relevance", note="which of it would raise the target")
    choose(stage, "attentionQuantity", "weights")
    choose(stage, "attentionHead", 0)


@scene
def patches_matrix(stage: Stage) -> None:
    stage.click("attention_matrix")
    plot = stage.find("attentionMatrix")
    stage.hover(plot.viewport(), (plot.width() // 2, plot.height() // 2))
    stage.shot(note="patches on both axes, by row and column")


@scene
def patches_smallest_window(stage: Stage) -> None:
    size = stage.window.size()
    stage.window.resize(1280, 800)
    stage.click("attention_image")
    stage.find("patchPicture").setFocus(Qt.FocusReason.TabFocusReason)
    stage.click("patchPicture", patch(stage, 2, 2))
    stage.key("Right")
    away(stage)
    stage.shot(note="nothing clipped at 1280 × 800")
    stage.window.resize(size)
    stage.window.workspace.tabs.setCurrentIndex(0)
