"""Step 10: which advertisement to show; the same as `readership train ads`."""

from utils.door import enter

if __name__ == "__main__":
    enter("train", "ads")
