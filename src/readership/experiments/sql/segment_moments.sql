-- Counts, sums and cross-products of what units did, by variant, day and segment: what was last seen of each unit by its exposure.
-- grain: place of the variant, day on which the outcome was complete (days since start; 0: not yet), segment
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
            argMaxIf(mark, later, predicted = 0 AND later <= 0) AS segment
        FROM met
        GROUP BY unit
    ),
    -- include valued
-- include added_up
