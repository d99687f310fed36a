"""Step 05: which kinds of readers there are; the same as `readership train segmentation`."""

from utils.door import enter

if __name__ == "__main__":
    enter("train", "segmentation")
