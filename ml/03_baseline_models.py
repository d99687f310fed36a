"""Step 03: the simple models that others must beat; the same as `readership train --baselines`."""

from utils.door import enter

if __name__ == "__main__":
    enter("train", "--baselines")
