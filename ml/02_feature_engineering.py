"""Step 02: features, labels and `user_features_ml_ready.csv`; the same as `readership features build`."""

from utils.door import enter

if __name__ == "__main__":
    enter("features", "build")
