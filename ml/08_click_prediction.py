"""Step 08: what will be clicked; the same as `readership train click`."""

from utils.door import enter

if __name__ == "__main__":
    enter("train", "click")
