-- Brands by their rows, the commonest first. Reads `source`.
-- grain: brand
SELECT brand, count() AS rows FROM source WHERE brand != '' GROUP BY brand ORDER BY rows DESC, brand LIMIT 1000
