-- Generated exposures in the 14 days from the start on, several a reader, to a variant by lot.
-- grain: exposure    leakage rule: none, nothing here happened
INSERT INTO exposures (unit, experiment, variant, at, received_at, loaded_at)
SELECT
    toString(number % {readers:UInt64}) AS reader, 'generated',
    if(sipHash64(number % {readers:UInt64}, 2) % 2 = 0, 'control', 'treatment'),
    {start:DateTime64(3, 'UTC')} + toIntervalMillisecond(sipHash64(number, 3) % 1209600000) AS at, at, at
FROM numbers({exposures:UInt64})
