"""Step 06: what each reader will open next; the same as `readership train recommendation`."""

from utils.door import enter

if __name__ == "__main__":
    enter("train", "recommendation")
