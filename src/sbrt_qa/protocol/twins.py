"""Names that differ as two versions of one contour do: ``Stomach2``, ``Liver_new``, ``old Liver``.

A planner who contours an organ again keeps the first contour under a name with a number or a word.
Which of the two the plan was made with is not in the file. A planning risk volume or a margin
(``Stomach_PRV03``, ``Liver+5mm``), a crop or a helper of the optimiser is another structure.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

_WORDS: Final = (
    "new|old|copy|copies|copyof|kopie|kopievon|copie|copiede|copia|copiade|neu|alt|alte|alter|"
    "ancien|ancienne|nouveau|nouvelle|nuevo|nueva|viejo|vieja|orig|original|final|finale|"
    "rev|revised|edit|edited|mod|modified|corr|corrected|reviewed|approved|test|tmp|temp|bis|"
    "replan|manual|auto|ai|dl|dlc|draft|backup|bak|last|first|second|ii|iii|"
    "复制|副本|拷贝|新|旧|原|改|修改|修正|最终|自动|手动|备份|第二"
)
_VERSION: Final = rf"(?:v|ver|version|no|nr|n°)?\d{{1,4}}|[a-d]|{_WORDS}"

_AFTER: Final = re.compile(rf"[\W_]*(?:{_VERSION})(?:[\W_]*(?:{_VERSION}))*[\W_]*", re.IGNORECASE)
"""What follows the name in another version of it: numbers, letters a to d, words of this kind."""

_BEFORE: Final = re.compile(rf"[zx]{{0,2}}[\W_]*(?:{_WORDS})(?:[\W_]*(?:{_WORDS}))*[\W_]*\d{{0,2}}")

_MARGIN: Final = re.compile(r"0[357]|10|\d+mm|\d+cm")
"""What follows the name of a planning risk volume in other nomenclatures: SpinalCord_05."""


def is_version_of(key: str, names: Collection[str]) -> bool:
    """Tell whether a folded name is one of some folded names in another version.

    A name that adds to or subtracts from the organ (``+``, ``-`` before a number) is none.
    """
    return any(_differs_by_version(key, name) for name in names)


def _differs_by_version(key: str, name: str) -> bool:
    if len(key) <= len(name):
        return False
    if key.startswith(name):
        rest = key[len(name) :]
        return _AFTER.fullmatch(rest) is not None and not _is_margin(rest)
    return key.endswith(name) and _BEFORE.fullmatch(key[: -len(name)]) is not None


def _is_margin(rest: str) -> bool:
    return rest[0] in "+-" or _MARGIN.fullmatch(rest) is not None
