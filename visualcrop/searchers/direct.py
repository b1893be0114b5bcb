"""No search at all: the baseline every search must beat."""

from __future__ import annotations

import attrs

from ..answer.replying import reply
from ..budget import ANSWER, BudgetedModel
from ..interfaces import Searcher
from ..protocol import Inference
from ..strategy.base import between, option
from ..values import Answer, Question, View


@attrs.frozen
class Direct(Searcher):
    """Show the whole image once and take the answer. One pass."""

    name = "direct"

    inference: Inference = option("generate", help="how the answer is read off the model")
    max_new_tokens: int = option(32, help="longest answer", validator=between(1, 65_536))

    def search(self, question: Question, model: BudgetedModel) -> Answer:
        whole = View.whole(question.image)
        return reply(question, [whole], model.at(ANSWER), self.inference, self.max_new_tokens)
