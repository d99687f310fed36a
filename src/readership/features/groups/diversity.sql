-- One row per reader with a session in the 90 days before as_of: how widely they read, on which brands and devices.
-- grain: user_id    leakage rule: session_end < as_of, known_at <= as_of, loaded_at <= snapshot_at, newest version by then
-- entropy = ln(n) - sum(c ln c) / n over the counts c of each value, n = sum(c): 0 when always the same (rounding would fall below it), ln(k) when k values are equally common.
SELECT
    user_id,
    length(categories_seen.1) AS distinct_categories_90d, -- categories | different categories of articles viewed in the last 90 days | 0 when none
    if(empty(category_counts), NULL, greatest(0, log(arraySum(category_counts)) - arraySum(c -> c * log(c), category_counts) / arraySum(category_counts))) AS category_entropy_90d, -- nats | how evenly article views spread over categories in the last 90 days | missing when no article view has a category
    if(empty(category_counts), NULL, arrayMax(category_counts) / arraySum(category_counts)) AS favourite_category_share_90d, -- share | share of article views in the favourite category in the last 90 days | missing when no article view has a category
    nullIf(arraySort((name, n) -> (-toInt64(n), name), categories_seen.1, categories_seen.2)[1], '') AS favourite_category, -- category | category of most article views in the last 90 days | missing when no article view has a category
    length(brands_seen.1) AS distinct_brands_90d, -- brands | different brands visited in the last 90 days | 0 when none
    if(empty(brand_counts), NULL, greatest(0, log(arraySum(brand_counts)) - arraySum(c -> c * log(c), brand_counts) / arraySum(brand_counts))) AS brand_entropy_90d, -- nats | how evenly sessions spread over brands in the last 90 days | missing when no session names a brand
    length(devices_seen.1) AS distinct_device_types_90d, -- device types | different device types used in the last 90 days | 0 when none
    if(empty(device_counts), NULL, greatest(0, log(arraySum(device_counts)) - arraySum(c -> c * log(c), device_counts) / arraySum(device_counts))) AS device_entropy_90d -- nats | how evenly sessions spread over device types in the last 90 days | missing when no session names a device type
FROM (
    SELECT
        user_id,
        sumMap(arrayFilter(name -> name != '', categories), arrayMap(name -> toUInt64(1), arrayFilter(name -> name != '', categories))) AS categories_seen,
        sumMap(if(brand = '', [], [brand]), if(brand = '', [], [toUInt64(1)])) AS brands_seen,
        sumMap(if(device_type = '', [], [device_type]), if(device_type = '', [], [toUInt64(1)])) AS devices_seen,
        categories_seen.2 AS category_counts,
        brands_seen.2 AS brand_counts,
        devices_seen.2 AS device_counts
    FROM session_versions
    WHERE known_at <= {as_of:DateTime64(3,'UTC')}
      AND loaded_at <= {snapshot_at:DateTime64(3,'UTC')}
      AND session_end < {as_of:DateTime64(3,'UTC')}
      AND session_end >= {as_of:DateTime64(3,'UTC')} - INTERVAL 90 DAY
      AND tombstone = 0
      AND row_id NOT IN (
          SELECT replaces FROM session_versions
          WHERE replaces != 0 AND known_at <= {as_of:DateTime64(3,'UTC')} AND loaded_at <= {snapshot_at:DateTime64(3,'UTC')})
    GROUP BY user_id
)
