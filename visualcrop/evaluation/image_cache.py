"""Images of a study's questions, and their fingerprints, kept while questions share them."""

from __future__ import annotations

import attrs

from ..data.base import ImageSource, Sample
from ..image import Image
from ..image_io import MAX_BYTES
from ..values import Question

_MOST = 4096  # fingerprints that are kept


@attrs.define
class ImageCache:
    """Opens images; with *sharing*, keeps the last one for the other variants of its question."""

    sharing: bool = False
    _last: tuple[ImageSource, Image] | None = attrs.field(default=None, init=False)

    def build_question(self, sample: Sample) -> Question:
        """The question of *sample*, with its image opened."""
        return sample.question_about(self._open(sample.source))

    def _open(self, source: ImageSource) -> Image:
        if self._last is not None and self._last[0] == source:
            return self._last[1]
        self._last = None  # released first: two large images never lie in memory together
        image = source.open(MAX_BYTES)
        self._last = (source, image) if self.sharing else None
        return image


@attrs.define(eq=False)
class SourceFingerprints:
    """Fingerprints of image sources: one image file of many questions is hashed once."""

    _known: dict[ImageSource, str] = attrs.field(factory=dict, init=False)

    def fingerprint(self, source: ImageSource) -> str:
        """The fingerprint of *source*, read from the file unless it was read a moment ago."""
        try:
            known = self._known.get(source)
        except TypeError:  # a plug-in's source that is not hashable
            return source.fingerprint()
        if known is None:
            known = source.fingerprint()
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[source] = known
        return known
