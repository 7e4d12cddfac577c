"""Imported by the process that all others are forked from, so that each of them is ready at once.

Importing it warms up: rooms are loaded and kernels run once. See `sbrt_qa.isolation.preload`.
"""

from __future__ import annotations

import gc
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from sbrt_qa import workflows
from sbrt_qa.review import stored  # noqa: F401 - only loads the room
from sbrt_qa.workflows_audit.one_submission import review_submission  # noqa: F401 - likewise

workflows.warm_up()
gc.collect()
gc.freeze()  # what is there already is shared by all, and never garbage
