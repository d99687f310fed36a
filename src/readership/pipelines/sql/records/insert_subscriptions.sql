-- Into the load's versions, the columns of rows_subscriptions.sql in their order.
-- grain: n, part
INSERT INTO {staging:Identifier}.rows
    (n, part, stated, named, external_id, user_id, plan, price_micros, price_eur, period_start, period_end, cancelled_at, reason, brand, valid_from, received_at)
