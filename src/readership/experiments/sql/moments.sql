-- Counts, sums and cross-products of what units did, by variant and day: all that an analysis needs.
-- grain: place of the variant, day on which the outcome was complete (days since start; 0: not yet)
-- leakage rule: of each unit, the outcome is [first exposure, + window), what it was like before is [first exposure - pre, first exposure); all known by now
WITH
    agreed AS
    (
        -- include readership.features.consent
    ),
    -- include exposed
    -- include stream
    units AS
    (
        SELECT
            -- include lived
            '' AS segment
        FROM met
        GROUP BY unit
    ),
    -- include valued
-- include added_up
