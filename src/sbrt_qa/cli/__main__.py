"""``python -m sbrt_qa.cli``: the same as ``sbrt-qa``."""

from __future__ import annotations

from sbrt_qa.cli.main import main

if __name__ == "__main__":
    main()
