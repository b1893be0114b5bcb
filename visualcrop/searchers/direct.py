"""No search at all: the baseline every search must beat."""

from __future__ import annotations

import attrs

from ..answer.reply import inference_option, max_new_tokens_option, reply
from ..budget import ANSWER, BudgetedModel
from ..interfaces import Searcher
from ..protocol import Inference
from ..values import Answer, Question, View


@attrs.frozen
class Direct(Searcher):
    """Show the whole image once and take the answer. One pass."""

    name = "direct"

    inference: Inference = inference_option()
    max_new_tokens: int = max_new_tokens_option()

    def search(self, question: Question, model: BudgetedModel) -> Answer:
        whole = View.whole(question.image)
        return reply(question, [whole], model.at(ANSWER), self.inference, self.max_new_tokens)
