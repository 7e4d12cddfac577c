"""The file of what organs look like, `protocols/anatomy.yaml`, read by the rules of protocols."""

from __future__ import annotations

import functools
from importlib import resources
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from sbrt_qa.errors import ProtocolError, visible
from sbrt_qa.protocol.anatomy_ranges import AnatomyRanges
from sbrt_qa.protocol.protocol_files import read_plain, read_settings

FILE_NAME: Final = "anatomy.yaml"


@functools.cache
def load_anatomy() -> AnatomyRanges:
    """Return what is expected of organs, as it comes with the package.

    Raises
    ------
    ProtocolError
        The file breaks the rules; the message names line and path.
    """
    inside = resources.files("sbrt_qa.protocol") / "library" / FILE_NAME
    checkout = Path(__file__).parents[3] / "protocols" / FILE_NAME
    return parse_anatomy((inside if inside.is_file() else checkout).read_bytes(), FILE_NAME)


def parse_anatomy(content: bytes, name: str) -> AnatomyRanges:
    """Read the content of a file of ranges; `name` is what errors call it.

    Raises
    ------
    ProtocolError
        As :func:`load_anatomy`.
    """
    try:
        return AnatomyRanges.model_validate(read_plain(content, name))
    except ValidationError as error:
        _, lines = read_settings(content, name)
        first = error.errors(include_url=False)[0]
        top = str(first["loc"][0]) if first["loc"] else ""
        place = ".".join(str(part) for part in first["loc"])
        where = f"{visible(name)}:{lines.get(top, 1)} {visible(place)}".rstrip()
        raise ProtocolError(visible(first["msg"]), where=where) from None
