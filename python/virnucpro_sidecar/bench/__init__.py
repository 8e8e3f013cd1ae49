"""Throughput of a model on one device, bare and through the sidecar."""
