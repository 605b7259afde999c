"""Exporters that are Python objects. Delivery over gRPC and HTTP is native and needs none of them."""

from __future__ import annotations

from .base import GenerationExporter
from .noop import NoopGenerationExporter

__all__ = ["GenerationExporter", "NoopGenerationExporter"]
