"""Names of targets, as a question may have them."""

from __future__ import annotations

import random
from itertools import product

_PLAIN = (
    *("mug", "red key", "traffic light", "image", "Is there a", "a image in the image"),
    *("in the image?", "Is there a mug in the image?", "Yes", "No", "USER", "ASSISTANT:", "user"),
    *("left", "no parking sign", "STOP", "e-scooter", "T-shirt", "A", "the", "mp3 player"),
)
_MARKED = (
    *('"STOP" sign', "'open' door", "'", '"', "driver's license", "o'clock", "'s", "don't walk"),
    *("rock 'n' roll poster", "(B) bus", "[exit]", "{brace}", "<b>bold</b>", "50% off", "#5 & #6"),
    *("C++ book", "a/b", "a\\b", "$9.99", "№ 7", "…", "—", "“quoted”", "«guillemets»", "?", "!?"),
)
_DIGITS = ("7", "42", "1234567", "3.14", "no. 10", "bus 24", "007", "24/7 shop", "12:45", "١٢٣")
_ACCENTED = (
    *(
        "café",
        "façade",
        "unübersehbar große Tasse",
        "Señor",
        "naïve",
        "smørrebrød",
        "Łódź",
        "İstanbul",
    ),
    *("cafe\u0301", "A\u030aland", "Cửa Việt", "привет", "γάτα", "שלום", "سيارة", "หมา", "कुत्ता"),
)
_WIDE = (
    *("犬", "红色的杯子", "東京タワー", "소방차", "赤い mug", "猫cat猫", "𠮷野家", "。"),
    *("😀", "🚗 car", "👩‍🚀", "🏳️‍🌈", "🇩🇪 flag", "👍🏽", "☕", "mug☕mug", "🦙.cpp", "\U0001f9ff"),
)
_BASES = (*_PLAIN, *_MARKED, *_DIGITS, *_ACCENTED, *_WIDE)


def names(count: int = 500) -> list[str]:
    """So many: each alone, each with spaces around it, then pairs of them."""
    spaced = [name for base in _BASES for name in (base, f" {base}", f"{base} ", f"  {base}  ")]
    pairs = [f"{one}{gap}{other}" for one, gap, other in product(_BASES, (" ", "", ", "), _BASES)]
    return spaced + random.Random(0).sample(pairs, count - len(spaced))
