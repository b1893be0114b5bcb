"""Images of questions, opened once for all who ask about them in turn."""

from __future__ import annotations

import attrs

from ..data.base import ImageSource, Sample
from ..image import Image
from ..image_io import MAX_BYTES
from ..values import Question


@attrs.define
class Opening:
    """Opens images; with *sharing*, the last one is kept for the other variants."""

    sharing: bool = False
    _last: tuple[ImageSource, Image] | None = attrs.field(default=None, init=False)

    def question(self, sample: Sample) -> Question:
        """What *sample* asks."""
        return Question(sample.text, self._image(sample.source), sample.choices)

    def _image(self, source: ImageSource) -> Image:
        if self._last is not None and self._last[0] == source:
            return self._last[1]
        self._last = None  # so that two are never held
        image = source.open(MAX_BYTES)
        self._last = (source, image) if self.sharing else None
        return image


_MOST = 4096  # that are kept


@attrs.define(eq=False)
class Pictures:
    """What each source's picture is known by."""

    _known: dict[ImageSource, str] = attrs.field(factory=dict, init=False)

    def of(self, source: ImageSource) -> str:
        """The fingerprint of the picture that *source* has now, or had a moment ago."""
        try:
            known = self._known.get(source)
        except TypeError:  # a source that no dictionary takes
            return source.fingerprint()
        if known is None:
            known = source.fingerprint()
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[source] = known
        return known
