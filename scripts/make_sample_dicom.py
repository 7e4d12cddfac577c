"""Write the synthetic sample patients: make_sample_dicom.py [OUT], default sample_dicom/."""

import argparse
import shutil
from pathlib import Path

from sbrt_qa.testing.sample import SAMPLES, write_samples


def main() -> None:
    """Replace the case folders in OUT."""
    default = Path(__file__).parents[1] / "sample_dicom"
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", nargs="?", type=Path, default=default, metavar="OUT")
    out = parser.parse_args().out
    for name in SAMPLES:
        shutil.rmtree(out / name, ignore_errors=True)
    write_samples(out)
    size = sum(p.stat().st_size for p in out.rglob("*") if p.is_file())
    print(f"{out.name}: {len(SAMPLES)} cases, {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
