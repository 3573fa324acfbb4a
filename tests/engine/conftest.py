"""Tiny models that several tests open. They are read-only: a test that breaks one writes its own."""

from pathlib import Path

import pytest
import torch
from hypothesis import settings

from engine.models.image_model import ImageModel
from engine.models.model import TextModel
from tests.engine import tiny_images, tiny_models

torch.set_num_threads(1)  # the models are tiny, and the test workers share the cores
settings.register_profile("engine", deadline=None, max_examples=50)
settings.load_profile("engine")


@pytest.fixture(scope="session")
def bert_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Hugging Face folder: a tiny random BERT of three classes."""
    return tiny_models.write(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="session")
def tiny_bert(bert_folder: Path) -> TextModel:
    """The BERT of ``bert_folder``, open."""
    return tiny_models.opened(bert_folder)


@pytest.fixture(scope="session")
def lstm_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recurrent folder: a tiny random LSTM of three classes that reads words."""
    return tiny_models.write_recurrent(tmp_path_factory.mktemp("lstm"))


@pytest.fixture(scope="session")
def tiny_lstm(lstm_folder: Path) -> TextModel:
    """The LSTM of ``lstm_folder``, open."""
    return tiny_models.opened(lstm_folder)


@pytest.fixture(scope="session")
def tiny_language_model(tmp_path_factory: pytest.TempPathFactory) -> TextModel:
    """A tiny random recurrent language model, open."""
    return tiny_models.opened(tiny_models.write_language_model(tmp_path_factory.mktemp("lm")))


@pytest.fixture(scope="session")
def resnet_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Hugging Face folder: a tiny random ResNet of three classes."""
    return tiny_images.write(tmp_path_factory.mktemp("resnet"))


@pytest.fixture(scope="session")
def tiny_resnet(resnet_folder: Path) -> ImageModel:
    """The ResNet of ``resnet_folder``, open."""
    return tiny_images.opened(resnet_folder)
