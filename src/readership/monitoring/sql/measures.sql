-- What is known of each time, as it was last measured: a part that the last measurement no longer has is not among it.
-- grain: task, kind, measure, part, as_of
SELECT as_of, kind, measure, state, task, part, value, low, high, usual_low, usual_high, rows, readers, model_version, reason
FROM
(
    SELECT *, max(measured_at) OVER (PARTITION BY task, as_of) AS newest
    FROM measures
    WHERE brand = {brand:String}
        AND as_of >= {since:DateTime64(3,'UTC')}
        AND as_of <= {until:DateTime64(3,'UTC')}
)
WHERE measured_at = newest
ORDER BY task, kind, measure, part, as_of
