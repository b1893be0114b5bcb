"""Nouns of the question, by rule. Costs no pass."""

from __future__ import annotations

import re

import attrs

from ..budget import BudgetedModel
from ..interfaces import TargetExtractor
from ..strategy.base import at_least, option
from ..utils.english import COUNTING
from ..values import Question, Target

# Words that never belong to the name of a thing, and words that ask for a property of one.
_STOP = set(
    "a an the this that these those there here what which who whom whose where when why how "
    "many much is are was were be been being am do does did done has have had can could will "
    "would should shall may might must of on in at to from for by with without about into "
    "onto over under above below behind beside besides between near next against along around "
    "across inside outside through and or not no nor but if than then as so it its he him his "
    "she her hers they them their theirs we us our i me my you your image picture photo "
    "photograph scene left right side front back top bottom middle center centre corner upper "
    "lower part area relative tell say says said read reads see seen show shows shown look "
    "looks visible find name describe please determine give count written printed drawn "
    "painted placed located positioned parked hanging sitting standing lying walking running "
    "wearing holding carrying facing pointing looking going doing any some all each every "
    "other same exact total first last".split()
)
_PROPERTY = set(
    "color colour colors colours kind type sort number amount shape material brand size style "
    "pattern status state price text word words letter letters digit digits time date title "
    "name content contents position location direction relationship gender age value logo "
    "information".split()
)
_CATEGORY = re.compile(
    r"\b(?:kind|type|sort|brand|species) of (?!(?:the|this|that|these|those|an?)\b)\w+",
    re.IGNORECASE,
)


_PRONOUNS = set(
    "i me my mine you your yours he him his she her hers it its we us our ours they them their "
    "theirs this that these those who whom whose which what someone somebody anyone anybody "
    "something anything everyone everybody".split()
)
_PUNCTUATION = " .,;:!?"
_LONGEST = 80  # characters of a target; more is a sentence, not a thing


@attrs.frozen
class Rules(TargetExtractor):
    """Take the things that the question names, by rules of English. No pass."""

    name = "rules"

    limit: int = option(4, help="most targets to take", validator=at_least(1))

    def extract(self, question: Question, model: BudgetedModel) -> tuple[Target, ...]:
        phrases = find_noun_phrases(question.text)
        every = is_counting(question.text)
        return make_targets(phrases[:1] if every else phrases, limit=self.limit, every=every)


def find_noun_phrases(question: str) -> list[str]:
    """Runs of words that may name a thing, properties left out unless there is nothing else."""
    line = _CATEGORY.sub("kind", question.strip().partition("\n")[0])
    runs: list[list[str]] = [[]]
    for word in re.findall(r"[\w'’-]+|[^\w\s]", line):
        if word[0].isalnum() and word.lower() not in _STOP:
            runs[-1].append(word)
        elif runs[-1]:
            runs.append([])
    phrases = [run for run in runs if run]
    things = [run for run in phrases if not all(word.lower() in _PROPERTY for word in run)]
    return [" ".join(run) for run in things]


def is_counting(question: str) -> bool:
    """Whether the question asks how many."""
    return bool(COUNTING.search(question))


def has_pronoun(phrase: str) -> bool:
    """Whether the phrase has a pronoun, which names nothing by itself: "his bag"."""
    return any(word in _PRONOUNS for word in re.findall(r"[a-z]+", phrase.lower()))


def make_targets(phrases: list[str], *, limit: int, every: bool = False) -> tuple[Target, ...]:
    """Targets of phrases without articles and punctuation, each once; "all mugs" is every mug."""
    targets: dict[str, Target] = {}
    for phrase in phrases:
        text = _strip_punctuation(" ".join(phrase.split()))
        text = re.sub(r"^(?:and\s+)?(?:(?:the|an?)\s+)?", "", text, flags=re.IGNORECASE)
        thing = re.sub(r"^all\s+(?:of\s+)?(?:the\s+)?", "", text, flags=re.IGNORECASE)
        if thing and len(thing) <= _LONGEST:
            targets.setdefault(thing.lower(), Target(thing, every=every or thing != text))
    return tuple(targets.values())[:limit]


def _strip_punctuation(phrase: str) -> str:
    """Without what stands around it; of quotes, those that pair within it stay: sign "OPEN"."""
    text, bare = phrase.strip(_PUNCTUATION), phrase.strip(_PUNCTUATION + '"')
    return text if '"' in bare and text.count('"') % 2 == 0 else bare
