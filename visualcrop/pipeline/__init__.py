"""
The task `visual-search` of `transformers.pipeline`: importing this module registers it.

It imports torch and transformers, which nothing else of `import visualcrop` does.
"""

from __future__ import annotations

from .visual_search import VisualSearchPipeline

__all__ = ["VisualSearchPipeline"]
