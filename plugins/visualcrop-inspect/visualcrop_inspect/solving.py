"""A solver that puts questions as `visualcrop evaluate` does, for any model."""

from __future__ import annotations

from inspect_ai.solver import Generate, Solver, TaskState, solver


@solver
def ask_choices(protocol: str = "paper", dataset: str = "") -> Solver:
    """
    Ask a question with its choices under one of visualcrop's protocols, and mark what is named.

    Score with `inspect_ai.scorer.choice`.

    Args:
        protocol: paper, zoomeye, hr-bench, lmms-eval or vlmevalkit.
        dataset: The name of the dataset whose wording the protocol has, such as vstar.
    """
    from visualcrop import get_protocol

    prompts = get_protocol(protocol, dataset)

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        choices = [choice.value for choice in state.choices]
        state.user_prompt.text = prompts.asked(state.user_prompt.text, choices)
        state = await generate(state)
        named = prompts.named(state.output.completion, choices)
        for index in range(len(choices)):
            state.choices.mark_choice(index, index == named)
        return state

    return solve
