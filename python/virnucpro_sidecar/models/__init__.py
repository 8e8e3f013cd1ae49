"""Models of the sidecar.

`prepare_model(settings: ModelSettings) -> PreparedModel` (prepare.py) finds and checks every file and makes the encoder without
importing torch; `PreparedModel.load(device, dtype, progress) -> EmbeddingModel` then reads the weights. Both raise SidecarError.
"""
