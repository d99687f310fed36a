"""Which tasks answer about one reader from the stored features."""

TASKS = ("churn", "conversion", "conversion_uplift", "engagement", "segmentation")
