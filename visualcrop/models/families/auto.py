"""`auto`: the family for a checkpoint, by the `model_type` in the checkpoint's config."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import attrs

from ...errors import DuplicateStrategyError, ModelError, nearest
from .base import Family, Pretrained

if TYPE_CHECKING:
    from ..base import Model


@attrs.frozen
class FamilyIndex:
    """Model families by the model types that they read."""

    offers: Mapping[str, tuple[tuple[type[Family], str], ...]]  # families, with their plug-ins

    @classmethod
    def of(cls, offers: Iterable[tuple[type, str]]) -> FamilyIndex:
        """An index of the families among *offers*: classes, each with its plug-in's name."""
        found: dict[str, tuple[tuple[type[Family], str], ...]] = {}
        for offered, plugin in offers:
            for model_type in declared_types(offered):
                found[model_type] = (*found.get(model_type, ()), (offered, plugin))
        return cls(found)

    def __contains__(self, model_type: object) -> bool:
        return model_type in self.offers

    def __iter__(self) -> Iterator[str]:
        return iter(self.offers)

    def contested(self) -> Iterator[str]:
        """Model types that more than one family reads."""
        return (model_type for model_type, rivals in self.offers.items() if len(rivals) > 1)

    def find(self, model_type: str, checkpoint: str) -> type[Family]:
        """The one family that reads *checkpoint*, whose config names *model_type*."""
        rivals = self.offers.get(model_type, ())
        if not rivals:
            known = nearest(model_type, self.offers, called="known")
            raise ModelError(
                f"{checkpoint!r} is a checkpoint of type {model_type!r}, of no family here; "
                f"{known}; if its processor gives image_grid_thw, "
                f'try -m "native-grids(checkpoint=...)", and if it shows each image in one square, '
                f'-m "single-squares(checkpoint=...)".'
            )
        if len(rivals) > 1:
            names = " and ".join(f"{cls.name!r} of plug-in {plugin!r}" for cls, plugin in rivals)
            raise DuplicateStrategyError(
                f"{names} both read {model_type} checkpoints; name the family, as in "
                f'-m "{rivals[-1][0].name}(checkpoint=...)", or uninstall one plug-in.'
            )
        return rivals[0][0]


def declared_types(offered: type) -> tuple[str, ...]:
    """
    Model types for which `auto` takes this class.

    A subclass that only inherits `model_types` is opened by its name only, so that it does not
    compete with its parent.
    """
    if not issubclass(offered, Family):
        return ()
    declared: tuple[str, ...] = vars(offered).get("model_types", ())
    return declared


@attrs.frozen
class Auto(Pretrained):
    """
    The family that a checkpoint belongs to, by its config.

    A package that ships a checkpoint inherits from it, with its own name and the folder as the
    default of `checkpoint`.
    """

    name = "auto"
    # An `Auto` that a registry builds also carries that registry's families.
    load_families: ClassVar[Callable[[], FamilyIndex]]

    @property
    def families(self) -> FamilyIndex:
        """Families of the registry that built this, else those of the installed plug-ins."""
        marked: FamilyIndex | None = getattr(self, "_families", None)
        return type(self).load_families() if marked is None else marked

    def open(self) -> Model:
        return self.family().open()

    def family(self) -> Family:
        """The checkpoint's family, with these options."""
        source, families = self.source, self.families
        known = [name for name in source.read_model_types() if name in families]
        if not known:  # load it, for transformers to say if the config is wrong
            known = [str(source.load_config().model_type)]
        found = families.find(known[0], self.checkpoint)
        shared = (field.name for field in attrs.fields(Pretrained))
        return found(**{name: getattr(self, name) for name in shared})

    def settings(self) -> Mapping[str, object]:
        return self.family().settings() if self.checkpoint else {}

    def uses_one_core(self) -> bool:
        return self.family().uses_one_core()

    def notes(self) -> Sequence[str]:
        return self.family().notes() if self.checkpoint else ()
