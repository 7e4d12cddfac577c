"""Write the synthetic sample patients: make_sample_dicom.py [OUT], default sample_dicom/."""

import shutil
import sys
from pathlib import Path

from sbrt_qa.testing.sample import SAMPLES, write_samples


def main() -> None:
    """Replace the case folders in OUT."""
    default = Path(__file__).parents[1] / "sample_dicom"
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    for name in SAMPLES:
        shutil.rmtree(out / name, ignore_errors=True)
    write_samples(out)
    size = sum(p.stat().st_size for p in out.rglob("*") if p.is_file())
    print(f"{out.name}: {len(SAMPLES)} cases, {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
