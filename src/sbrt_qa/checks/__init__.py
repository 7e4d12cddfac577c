"""What a reviewer should know of a case apart from its limits: one family of checks a file.

A check is found by being here, see `sbrt_qa.checks.registry`.
"""

from __future__ import annotations

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
