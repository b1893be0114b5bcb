"""Fingerprints of pictures, each made once for all questions that follow one another about it."""

from __future__ import annotations

import attrs

from ..data.base import ImageSource

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
