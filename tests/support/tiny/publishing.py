"""
Rewrites a saved checkpoint into the layouts in which checkpoints are published.

`save_pretrained` of transformers 5 writes one layout. Checkpoints on the hub were written by older
versions and by other people: this module writes those from that one, for every family alike.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import attrs
import torch
from safetensors.torch import load_file, save_file

TemplateIn = Literal[
    "jinja", "object", "string", "named", "processor", "tokenizer", "tokenizer-named"
]
WeightsIn = Literal["safetensors", "shards", "bin", "bin-shards"]
TEXT_ONLY = (
    "{% for message in messages %}{{ message['role'] + ': ' + message['content'] }}{% endfor %}"
)
Table = dict[str, Any]


@attrs.frozen
class Layout:
    """Where a published checkpoint has what, and under which names."""

    template: TemplateIn = "jinja"  # file with the template that places images
    text_template: bool = False  # the tokenizer has one of its own, which places none
    split: bool = False  # preprocessor_config.json beside processor_config.json: transformers 4
    legacy: bool = False  # names of fields, null fields and few fields, as years ago
    vocabulary: bool = False  # vocab.json and merges.txt instead of tokenizer.json
    weights: WeightsIn = "safetensors"


LAYOUTS: Mapping[str, Layout] = {
    "saved": Layout(),
    "split": Layout(split=True),
    "object": Layout("object", text_template=True, split=True, legacy=True, weights="shards"),
    "string": Layout("string", text_template=True, split=True, weights="bin"),
    "processor": Layout("processor", split=True, legacy=True, weights="bin-shards"),
    "tokenizer": Layout("tokenizer", split=True, legacy=True, vocabulary=True),
    "named": Layout("named", text_template=True, weights="shards"),
    "tokenizer-named": Layout("tokenizer-named", split=True),
}


def publish(folder: Path, to: Path, layout: Layout) -> Path:
    """Copy the saved checkpoint in *folder* as *to*, which is handed back, in this *layout*."""
    shutil.copytree(folder, to)
    if layout.split:
        _split_processor(to)
    if layout.legacy:
        _rename_config(to)
        _rename_processor(to)
        _complicate_generation(to)
    for place in (to, to / "qformer_tokenizer"):
        if place.is_dir():
            _rewrite_tokenizer(place, layout)
    if layout.vocabulary and _has_qwen_tokenizer(to):
        _split_vocabulary(to)
    _move_template(to, layout)
    _PACK[layout.weights](to)
    return to


def edit(path: Path, change: Callable[[Table], Table | None]) -> None:
    """Apply *change* to the table in a JSON file, if there is the file."""
    if path.is_file():
        table = json.loads(path.read_text("utf-8"))
        path.write_text(json.dumps(change(table) or table, indent=2), "utf-8")


def _split_processor(to: Path) -> None:
    """Transformers 4: each part of the processor in a file of its own, under the older names."""
    path = to / "processor_config.json"
    table = json.loads(path.read_text("utf-8"))
    pixels = table.pop("image_processor")
    pixels["image_processor_type"] += "Fast"
    video = table.pop("video_processor", None)
    shared = {"processor_class": table["processor_class"]}
    (to / "preprocessor_config.json").write_text(json.dumps(pixels | shared, indent=2))
    if video is not None:
        (to / "video_preprocessor_config.json").write_text(json.dumps(video | shared, indent=2))
    if table.keys() == shared.keys():
        path.unlink()  # Qwen's have nothing more to say
    else:
        path.write_text(json.dumps(table, indent=2))


def _rename_config(to: Path) -> None:
    from transformers import CONFIG_MAPPING

    def change(table: Table) -> None:
        _rename_dtype(table)
        text = table.get("text_config")
        for inner in (text, table.get("vision_config")):
            if inner and inner.get("model_type") in CONFIG_MAPPING:
                _drop_defaults(inner, CONFIG_MAPPING[inner["model_type"]]().to_dict())
        own = CONFIG_MAPPING[table["model_type"]]().to_dict()
        strategy = "vision_feature_select_strategy"
        if strategy in table and table[strategy] == own.get(strategy):
            del table[strategy]
        for inner in (table, text or {}):
            _rename_rope(inner)
        if text and table["model_type"] in {"qwen2_vl", "qwen2_5_vl"}:  # had one flat table
            del table["text_config"]
            table |= {**text, **table}

    edit(to / "config.json", change)


def _rename_dtype(table: Table) -> None:
    for inner in table.values():
        if isinstance(inner, dict):
            _rename_dtype(inner)
    if "dtype" in table:
        table["torch_dtype"] = table.pop("dtype")


def _drop_defaults(table: Table, defaults: Table) -> None:
    kept = {"model_type", "rope_parameters", "layer_types"}
    for name in set(table) & set(defaults) - kept:
        if table[name] == defaults[name]:
            del table[name]


def _rename_rope(table: Table) -> None:
    rope = table.get("rope_parameters")
    if not isinstance(rope, dict) or "rope_theta" not in rope:
        return  # another one for each kind of layer, which had other names in each family
    del table["rope_parameters"]
    table["rope_theta"] = rope.pop("rope_theta")
    if rope.get("rope_type", "default") != "default" or len(rope) > 1:
        table["rope_scaling"] = rope


def _rename_processor(to: Path) -> None:
    def change(table: Table) -> None:
        size, kind = table.get("size") or {}, table.get("image_processor_type", "")
        if kind.startswith("Qwen2VL") and "longest_edge" in size:
            del table["size"]
            table |= {"min_pixels": size["shortest_edge"], "max_pixels": size["longest_edge"]}
        if kind.startswith("Gemma3"):
            names = ("max_num_crops", "min_crop_size", "min_ratio_to_activate")
            table |= {f"pan_and_scan_{name}": None for name in names}
            table |= {"do_pan_and_scan": None, "do_convert_rgb": None}
        else:
            unset = ("crop_size", "device", "do_center_crop", "do_pad", "input_data_format")
            table |= {name: None for name in unset if name not in table}

    edit(to / "preprocessor_config.json", change)


def _complicate_generation(to: Path) -> None:
    """Sampling, penalties and several end tokens, of which none may change an answer."""

    def change(table: Table) -> None:
        ends = table.get("eos_token_id")
        ends = ends if isinstance(ends, list) else [ends]
        table["eos_token_id"] = [end for end in ends if end is not None]
        table["eos_token_id"] += [end for end in (0,) if end not in ends]
        table |= {"do_sample": True, "temperature": 0.7, "top_p": 0.8, "top_k": 20}
        table |= {"repetition_penalty": 1.05, "no_repeat_ngram_size": 3}
        table["transformers_version"] = "4.36.0.dev0"

    edit(to / "generation_config.json", change)


def _rewrite_tokenizer(to: Path, layout: Layout) -> None:
    whole = json.loads((to / "tokenizer.json").read_text("utf-8"))
    added = {token["content"]: token["id"] for token in whole["added_tokens"]}
    if layout.legacy:
        edit(to / "tokenizer_config.json", lambda table: _rename_tokenizer(table, whole))
        (to / "added_tokens.json").write_text(json.dumps(added))
        said = json.loads((to / "tokenizer_config.json").read_text("utf-8"))
        names = ("bos_token", "eos_token", "unk_token", "pad_token")
        special = {name: said[name] for name in names if name in said}
        (to / "special_tokens_map.json").write_text(json.dumps(special))


def _has_qwen_tokenizer(to: Path) -> bool:
    """Whether the family has Qwen 2's tokenizer, which is also published in its older files."""
    table = json.loads((to / "config.json").read_text("utf-8"))
    return str(table["model_type"]).startswith(("qwen2", "qwen3_vl", "llava_one", "internvl"))


def _split_vocabulary(to: Path) -> None:
    """vocab.json and merges.txt in place of tokenizer.json."""
    model = json.loads((to / "tokenizer.json").read_text("utf-8"))["model"]
    (to / "vocab.json").write_text(json.dumps(model["vocab"]), "utf-8")
    merges = [" ".join(pair) for pair in model["merges"]]
    (to / "merges.txt").write_text("\n".join(["#version: 0.2", *merges, ""]), "utf-8")
    (to / "tokenizer.json").unlink()


def _rename_tokenizer(table: Table, whole: Table) -> Table:
    sentence_piece = whole["model"].get("byte_fallback")
    table.pop("backend", None)
    table.pop("extra_special_tokens", None)
    fields = ("content", "lstrip", "normalized", "rstrip", "single_word", "special")
    return table | {
        "added_tokens_decoder": {
            str(token["id"]): {name: token[name] for name in fields}
            for token in whole["added_tokens"]
        },
        "additional_special_tokens": [token["content"] for token in whole["added_tokens"]],
        "clean_up_tokenization_spaces": False,
        "add_bos_token": bool(sentence_piece),
        "tokenizer_class": "LlamaTokenizerFast" if sentence_piece else "Qwen2Tokenizer",
    }


def _move_template(to: Path, layout: Layout) -> None:
    jinja = to / "chat_template.jinja"
    if not jinja.is_file():
        return
    if layout.text_template:
        edit(to / "tokenizer_config.json", lambda table: table | {"chat_template": TEXT_ONLY})
    if layout.template == "jinja":
        return
    text = jinja.read_text("utf-8")
    jinja.unlink()
    named = [{"name": "tool_use", "template": TEXT_ONLY}, {"name": "default", "template": text}]
    legacy = to / "chat_template.json"
    match layout.template:
        case "object":
            legacy.write_text(json.dumps({"chat_template": text}, indent=2))
        case "string":
            legacy.write_text(json.dumps(text))
        case "named":
            legacy.write_text(json.dumps({"chat_template": named}))
        case "processor":
            path = to / "processor_config.json"
            if not path.is_file():
                path.write_text("{}")
            edit(path, lambda table: table | {"chat_template": text})
        case "tokenizer":
            edit(to / "tokenizer_config.json", lambda table: table | {"chat_template": text})
        case _:
            edit(to / "tokenizer_config.json", lambda table: table | {"chat_template": named})


def _keep_weights(to: Path) -> None:
    del to


def _shard_weights(to: Path) -> None:
    _write_shards(
        to, "model", "safetensors", lambda part, path: save_file(part, path, {"format": "pt"})
    )


def _pickle_weights(to: Path) -> None:
    torch.save(load_file(to / "model.safetensors"), to / "pytorch_model.bin")
    (to / "model.safetensors").unlink()


def _pickle_shards(to: Path) -> None:
    _write_shards(to, "pytorch_model", "bin", torch.save)


def _write_shards(to: Path, stem: str, ending: str, save: Callable[[Any, Path], None]) -> None:
    """Three shards and their index."""
    tensors = load_file(to / "model.safetensors")
    map_: dict[str, str] = {}
    (to / "model.safetensors").unlink()
    names = sorted(tensors)
    for index in range(3):
        shard = f"{stem}-{index + 1:05}-of-00003.{ending}"
        part = {name: tensors[name] for name in names[index::3]}
        save(part, to / shard)
        map_ |= dict.fromkeys(part, shard)
    size = sum(tensor.nbytes for tensor in tensors.values())
    index_file = {"metadata": {"total_size": size}, "weight_map": map_}
    (to / f"{stem}.{ending}.index.json").write_text(json.dumps(index_file, indent=2))


_PACK: Mapping[WeightsIn, Callable[[Path], None]] = {
    "safetensors": _keep_weights,
    "shards": _shard_weights,
    "bin": _pickle_weights,
    "bin-shards": _pickle_shards,
}
