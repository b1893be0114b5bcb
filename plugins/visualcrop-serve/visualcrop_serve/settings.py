"""What a server takes, and how much of it."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import attrs

from visualcrop import errors

KEY = "VISUALCROP_API_KEY"  # environment variable: what clients send as `Authorization: Bearer`
MODEL = "VISUALCROP_MODEL"  # environment variable: spec of the default model
SEARCHERS = ("focus", "direct", "guarded")  # of a server that is given none


def _lower(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.lower() for name in names))


@attrs.frozen(kw_only=True)
class Settings:
    """Limits of a server and of each request. All have defaults but the model's name."""

    name: str = ""  # of the model, in requests; empty: that of its family
    searchers: tuple[str, ...] = SEARCHERS  # specs; the first is the default
    fixed: bool = False  # whether requests may name no other searcher
    api_key: str = attrs.field(default="", repr=False)  # none: whoever reaches the port may ask
    # of this server in the header Host, beside any address; empty: any
    names: tuple[str, ...] = attrs.field(default=(), converter=_lower)

    images: Path | None = None  # the folder of file:// pictures; none: there are none
    hosts: tuple[str, ...] = ()  # of http:// and https:// pictures, NAME or NAME:PORT
    fetch_seconds: float = 20  # for one picture of a host

    concurrency: int = 8  # searches that run at once
    queue: int = 64  # requests that wait for their turn
    body_seconds: float = 30  # for the body of a request to arrive
    max_bytes: int = 32 << 20  # of the body of a request, and of a picture that is fetched
    max_pixels: int = 100_000_000  # of all pictures of a request
    max_images: int = 8
    max_text: int = 20_000  # characters of all messages
    max_tokens: int = 1024  # of a reply: a request that asks for more gets as many
    max_passes: int = 1000  # of a search, before the answer
    max_seconds: float = 300  # of a search, before the answer

    @classmethod
    def listening(cls, host: str, names: Sequence[str] | None, **options: Any) -> Settings:
        """Those of a server at *host*, with the API key of the environment, if there is one."""
        api_key = os.environ.get(KEY, "")
        return cls(api_key=api_key, names=list_names(host, api_key, names or ()), **options)

    def __attrs_post_init__(self) -> None:
        if not self.searchers:
            raise errors.SpecError("A server has one searcher at least; give -s focus.")
        for field in attrs.fields(Settings):
            value = getattr(self, field.name)
            least = 0 if field.name in {"queue", "max_passes"} else 1
            if isinstance(value, int | float) and not isinstance(value, bool) and value < least:
                raise errors.SpecError(
                    f"The server's {field.name} is {value}; give a number from {least} up."
                )
        if self.images is not None and os.open not in os.supports_dir_fd:
            raise errors.FileError(
                "This system opens no file of a folder without following links; leave out --images."
            )
        if self.images is not None and not self.images.is_dir():
            raise errors.FileError(f"There is no folder {str(self.images)!r} to take pictures of.")


def is_address(host: str) -> bool:
    """Whether *host* is an IP address, and not a name that may come to mean another machine."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_local(host: str) -> bool:
    """Whether only this machine reaches a server that listens at *host*."""
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)


def list_names(host: str, api_key: str, given: Sequence[str] = ()) -> tuple[str, ...]:
    """
    Names under which a server that listens at *host* is asked; empty: any.

    Without a key, any web page could have its own name lead here, and ask in the reader's browser.
    It cannot do so with an address.
    """
    if api_key and not given:
        return ()
    return "localhost", "127.0.0.1", "::1", host, *given
