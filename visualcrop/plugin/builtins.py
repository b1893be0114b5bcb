"""The strategies that come with visualcrop: a plug-in like any other."""

from __future__ import annotations

from ..answer.canvas import Canvas
from ..answer.count import Count
from ..answer.crop import Crop
from ..answer.funnel import Funnel
from ..answer.interleaved import Interleaved
from ..answer.relate import Relate
from ..answer.text_boxes import TextBoxes
from ..answer.whole_and_crop import WholeAndCrop
from ..data.formats.aokvqa import Aokvqa
from ..data.formats.common import Folder
from ..data.formats.gqa import Gqa
from ..data.formats.hrbench import HrBench
from ..data.formats.mme_realworld_lite import MmeRealworldLite
from ..data.formats.vstar import VStar
from ..executors.local import Local, Processes
from ..judges.llm import Llm
from ..models.families.auto import Auto
from ..models.families.aya_vision import AyaVision, Cohere2Vision
from ..models.families.gemma3 import Gemma3
from ..models.families.gemma4 import Gemma4
from ..models.families.glm4v import Glm4v, Glm4vMoe, Glm46v
from ..models.families.instructblip import InstructBlip
from ..models.families.internvl import InternVl
from ..models.families.lfm2_vl import Lfm2Vl
from ..models.families.llama4 import Llama4
from ..models.families.llava import Llava
from ..models.families.llava_next import LlavaNext
from ..models.families.llava_onevision import LlavaOnevision
from ..models.families.minicpm_v import MiniCpmV
from ..models.families.mistral3 import Mistral3, Pixtral
from ..models.families.molmo2 import Molmo2
from ..models.families.native_grids import NativeGrids
from ..models.families.ovis2 import Ovis2
from ..models.families.paligemma import PaliGemma
from ..models.families.qwen2_5_vl import Qwen2Vl, Qwen25Vl
from ..models.families.qwen3_5 import Qwen35
from ..models.families.qwen3_vl import Qwen3Vl, Qwen3VlMoe
from ..models.families.single_squares import SingleSquares
from ..models.families.smolvlm import SmolVlm
from ..models.toy import Toy
from ..models.toy.dataset import ToyScenes
from ..proposals.anchors import Anchors
from ..proposals.sliding import Sliding
from ..relevance.vv import Vv
from ..searchers.audited import Audited
from ..searchers.direct import Direct
from ..searchers.focus import Focus
from ..searchers.guarded import Guarded
from ..strategy.base import Strategy
from ..targets.given import Given
from ..targets.in_context import InContext
from ..targets.quoted import Quoted
from ..targets.rules import Rules
from ..verification.adaptive import Adaptive
from ..verification.existence import Existence
from ..verification.unchecked import Unchecked
from .hooks import hookimpl

_IN_PIPELINE_ORDER: list[type[Strategy]] = [
    *(InContext, Quoted, Rules, Given),
    Vv,
    *(Anchors, Sliding),
    *(Existence, Adaptive, Unchecked),
    *(Crop, Canvas, Interleaved, TextBoxes, WholeAndCrop),
    *(Count, Relate, Funnel),
    *(Focus, Direct, Guarded, Audited),
    *(Llava, LlavaNext, LlavaOnevision, Qwen25Vl, Qwen3Vl, Qwen35, Gemma3, Gemma4, InternVl),
    InstructBlip,
    *(SmolVlm, Llama4, AyaVision, Cohere2Vision, Lfm2Vl, MiniCpmV, Molmo2, Ovis2),
    *(Qwen2Vl, Qwen3VlMoe, Glm4v, Glm46v, Glm4vMoe, Mistral3, Pixtral, PaliGemma),
    *(NativeGrids, SingleSquares),
    *(Auto, Toy),
    *(VStar, HrBench, MmeRealworldLite, Aokvqa, Gqa, Folder, ToyScenes),
    *(Local, Processes, Llm),
]


@hookimpl
def visualcrop_strategies() -> list[type[Strategy]]:
    """In the order a question meets them."""
    return _IN_PIPELINE_ORDER
