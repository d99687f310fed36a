"""Step 09: how deeply readers will read next; the same as `readership train engagement`."""

from utils.door import enter

if __name__ == "__main__":
    enter("train", "engagement")
