"""Step 01: quality and shape of the data, and `user_features_sample.csv`; the same as `readership explore`."""

from utils.door import enter

if __name__ == "__main__":
    enter("explore")
