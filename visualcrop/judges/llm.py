"""A language model that compares a reply with the right answer."""

from __future__ import annotations

import re
from typing import Any, Literal

import attrs

from ..data.base import Sample
from ..errors import EvaluationError
from ..models.checkpoints.loading import Source, explain_errors
from ..strategy.base import between, option
from .base import Judge, JudgeFn, Verdict

_PROMPT = """Compare a reply with the right answer to a question about an image.

Question: {question}
Right answer: {answer}
Reply: {reply}

Does the reply say the same as the right answer? Wording does not matter, and neither do details \
that the right answer leaves open. Reply with Yes or No."""
_LONGEST = 2000  # characters of a reply that are judged
_BLANK = re.compile(r"\{(question|answer|reply)\}")
_VERDICT = re.compile(r"\W*(yes|no)\b", re.IGNORECASE)


@attrs.frozen
class Llm(Judge):
    """Ask a language model whether a reply means the same as the right answer."""

    name = "llm"

    checkpoint: str = option("", help="folder of a language model, or its name on the hub")
    prompt: str = option(_PROMPT, help="what it is asked, with {question}, {answer} and {reply}")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = option("auto", help="number format")
    device: str = option("auto", help="cpu, cuda, cuda:1, ...; auto takes a GPU if there is one")
    max_new_tokens: int = option(8, help="longest verdict", validator=between(1, 65_536))

    def open(self) -> JudgeFn:
        if not self.checkpoint:
            raise EvaluationError(
                "The judge 'llm' needs a language model: "
                '--judge "llm(checkpoint=Qwen/Qwen2.5-7B-Instruct)".'
            )
        tokenizer, network = self._load()

        def judge(sample: Sample, reply: str) -> Verdict:
            prompt = self._fill_prompt(sample, reply)
            with explain_errors(self.checkpoint):
                own = _generate(tokenizer, network, prompt, self.max_new_tokens)
            found = _VERDICT.match(own)
            return Verdict(found[1].lower() == "yes" if found else None, own.strip())

        return judge

    def _fill_prompt(self, sample: Sample, reply: str) -> str:
        """The prompt with its blanks filled in one go: a blank within a reply stays as it is."""
        words = {
            "question": sample.text,
            "answer": " / ".join(dict.fromkeys(sample.sentences or sample.answers)),
            "reply": reply[:_LONGEST],
        }
        return _BLANK.sub(lambda blank: words[blank[1]], self.prompt)

    def _load(self) -> tuple[Any, Any]:
        source = Source(self.checkpoint, dtype=self.dtype, device=self.device)
        tokenizer = source.tokenizer()
        return tokenizer, source.load_network(source.load_config(), "AutoModelForCausalLM")


def _generate(tokenizer: Any, network: Any, prompt: str, max_new_tokens: int) -> str:
    """The greedy reply, through the chat template if the tokenizer has one."""
    import torch

    if tokenizer.chat_template:
        turn = [{"role": "user", "content": prompt}]
        text = tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True)
        inputs = tokenizer(text, return_tensors="pt", add_special_tokens=False)
    else:
        inputs = tokenizer(prompt, return_tensors="pt")
    ids, mask = (inputs[name].to(network.device) for name in ("input_ids", "attention_mask"))
    with torch.inference_mode():
        out = network.generate(
            ids,
            attention_mask=mask,
            do_sample=False,
            temperature=None,
            top_p=None,
            top_k=None,
            repetition_penalty=1.0,
            max_new_tokens=max_new_tokens,
            pad_token_id=tokenizer.pad_token_id or tokenizer.eos_token_id,
        )
    return str(tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True))
