"""Models of the sidecar: `prepare_model` finds and checks files without torch, `load` of what it returns reads the weights."""

from .base import EmbeddingModel, Encoder, ModelInfo, ModelSettings, PreparedModel, Progress, Rejected, TokenIds
from .prepare import load_model, prepare_model

__all__ = [
    "EmbeddingModel",
    "Encoder",
    "ModelInfo",
    "ModelSettings",
    "PreparedModel",
    "Progress",
    "Rejected",
    "TokenIds",
    "load_model",
    "prepare_model",
]
