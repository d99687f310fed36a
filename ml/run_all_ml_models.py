"""Every step in order; the same as `readership run`, and as `run_ml.py` at the root."""

from utils.door import enter

if __name__ == "__main__":
    enter("run")
