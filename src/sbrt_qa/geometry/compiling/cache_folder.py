"""Where compiled kernels are kept when neither the program nor the user has a folder to write in.

A package folder that cannot be written and a home that cannot either (a service, a container with a
read-only root) leave numba without a place, and it refuses to compile. The kernels then go to a
private folder that lasts as long as the process, which its children share; kernels that stand
compiled where they cannot be written to are copied there first, because numba reads no cache that
it could not write.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

VARIABLE: Final = "NUMBA_CACHE_DIR"
PACKAGE: Final = Path(__file__).resolve().parents[2]


def can_write(folder: Path) -> bool:
    """Tell whether a folder can be written in, or made."""
    known = next((p for p in (folder, *folder.parents) if p.exists()), None)
    return known is not None and known.is_dir() and os.access(known, os.W_OK | os.X_OK)


def private_folder(
    chosen: str, users: Path, subfolder: Callable[[str], str], package: Path = PACKAGE
) -> Path | None:
    """Return a new private folder for kernels; None where another place can be written to.

    Parameters
    ----------
    chosen
        What the user set, empty for nothing.
    users
        The cache folder of the user.
    subfolder
        Gives the name of the folder of a source file in a cache.
    package
        Where the program is installed.
    """
    places = [Path(chosen)] if chosen else []
    if any(can_write(place) for place in (*places, package / "geometry" / "__pycache__", users)):
        return None
    made = Path(tempfile.mkdtemp(prefix="sbrt_qa_kernels_"))
    atexit.register(_remove, made, os.getpid())
    if chosen and Path(chosen).is_dir():
        shutil.copytree(chosen, made, dirs_exist_ok=True)
        made.chmod(0o700)  # copying took over the mode of the other folder
    for compiled in package.rglob("__pycache__/*.nb[ic]"):
        target = made / subfolder(str(compiled.parents[1] / "_kernels.py"))
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy2(compiled, target)
    return made


def _remove(folder: Path, owner: int) -> None:
    """Remove the folder at the end of the process that made it, not of one forked from it."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
