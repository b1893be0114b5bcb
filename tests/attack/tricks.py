"""What somebody writes into a checkpoint on purpose, to run code, to read files, or to hang."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

_CODE = """
from pathlib import Path
Path("owned").write_text("by {name}")
class Evil:
    @classmethod
    def from_pretrained(cls, *args, **kwargs):
        raise SystemExit("owned")
"""


class _Owned:
    """Runs code where it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, ("open('owned', 'w').close()",)


def _edited(path: Path, **members: Any) -> None:
    told = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    path.write_text(json.dumps(told | members), "utf-8")


def _auto_map(rng: Random, folder: Path) -> str:
    name = rng.choice(("config", "tokenizer_config", "processor_config", "preprocessor_config"))
    classes = (
        *("AutoConfig", "AutoModel", "AutoModelForImageTextToText", "AutoProcessor"),
        *("AutoTokenizer", "AutoImageProcessor", "AutoModelForCausalLM"),
    )
    (folder / "evil.py").write_text(_CODE.format(name=name), "utf-8")
    code = {key: ["evil.Evil", None] if key == "AutoTokenizer" else "evil.Evil" for key in classes}
    more = {"model_type": "evil"} if name == "config" and rng.random() < 0.5 else {}
    _edited(folder / f"{name}.json", auto_map=code, **more)
    return f"{name}.json: auto_map leads to evil.py"


def _generation(rng: Random, folder: Path) -> str:
    (folder / "custom_generate").mkdir()
    code = _CODE.format(name="generate") + "\ndef generate(*args, **kwargs):\n    pass\n"
    (folder / "custom_generate" / "generate.py").write_text(code, "utf-8")
    return "custom_generate/generate.py"


def _pickled(rng: Random, folder: Path) -> str:
    for ending in ("safetensors", "bin", "index.json"):
        for path in folder.glob(f"*model*.{ending}"):
            path.unlink()
    if rng.random() < 0.5:
        (folder / "pytorch_model.bin").write_bytes(pickle.dumps(_Owned()))
        return "a pickle in place of the weights"
    import torch

    torch.save({"lm_head.weight": _Owned()}, folder / "pytorch_model.bin")
    return "a pickle among the weights"


def _template(rng: Random, folder: Path) -> str:
    hostile = rng.choice(
        (
            "{{ ''.__class__.__mro__[1].__subclasses__() }}",
            "{{ cycler.__init__.__globals__.os.system('touch owned') }}",
            "{% for i in range(10000000) %}{% for j in range(10000000) %}{% endfor %}{% endfor %}",
            "{{ 'x' * 100000000 }}",
            "{% include '/etc/passwd' %}",
            "{{ raise_exception('\x1b[31mowned') }}",
            "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
            "{{",
            "",
        )
    )
    (folder / "chat_template.jinja").write_text(hostile, "utf-8")
    return f"chat_template.jinja: {hostile!r}"


def _adapter(rng: Random, folder: Path) -> str:
    base = {"base_model_name_or_path": "../other", "peft_type": "LORA", "task_type": "CAUSAL_LM"}
    _edited(folder / "adapter_config.json", **base)
    return "adapter_config.json leads elsewhere"


def _sharded(rng: Random, folder: Path) -> str:
    for path in folder.glob("model*.safetensors"):
        path.rename(folder / f"moved-{path.name}")
    place = rng.choice(("../secret.safetensors", "/dev/zero", "gone.safetensors", "", 3, None))
    index = {"metadata": {}, "weight_map": {"lm_head.weight": place}}
    _edited(folder / "model.safetensors.index.json", **index)
    return f"model.safetensors.index.json leads to {place!r}"


def _quantised(rng: Random, folder: Path) -> str:
    method = rng.choice(("bitsandbytes", "gptq", "awq", "nobody", 3))
    _edited(folder / "config.json", quantization_config={"quant_method": method, "bits": 4})
    return f"config.json: quantised by {method!r}"


def _typed(rng: Random, folder: Path) -> str:
    wanted = rng.choice(("bert", "llava", "seal", "qwen2_vl", "", "../llava", "auto", "clip"))
    _edited(folder / "config.json", model_type=wanted)
    return f"config.json: model_type = {wanted!r}"


TRICKS: tuple[Callable[[Random, Path], str], ...] = (
    *(_auto_map, _auto_map, _generation, _pickled, _template, _template, _adapter, _sharded),
    *(_quantised, _typed),
)
