"""Step 04: who will leave; the same as `readership train churn`."""

from utils.door import enter

if __name__ == "__main__":
    enter("train", "churn")
