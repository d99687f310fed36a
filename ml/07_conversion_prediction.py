"""Step 07: who will subscribe; the same as `readership train conversion`."""

from utils.door import enter

if __name__ == "__main__":
    enter("train", "conversion")
