-- Into the load's versions, the columns of rows_ads.sql in their order.
-- grain: n, part
INSERT INTO {staging:Identifier}.rows
    (n, part, stated, named, external_id, ad_id, campaign_id, brand, placement, category, bid_micros, per_thousand_micros,
     budget_micros, reserve_micros, starts_at, ends_at, most_a_day, targeting, valid_from, received_at)
