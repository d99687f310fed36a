"""Every step in order; the same as `readership run`, with the same flags."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "ml"))

from utils.door import enter

if __name__ == "__main__":
    enter("run")
