-- How many findings are open on each asset: pages add up one small row an asset instead of every open finding.
--! tenant
CREATE TABLE finding_count (
    org_id INT64 NOT NULL,
    asset_id INT64 NOT NULL,
    open INT64 NOT NULL,
    critical INT64 NOT NULL,
    high INT64 NOT NULL,
    stale INT64 NOT NULL,
    PRIMARY KEY (org_id, asset_id)
);
INSERT INTO finding_count (org_id, asset_id, open, critical, high, stale)
    SELECT org_id, asset_id, COUNT(*), CAST(SUM(CASE WHEN severity = 4 THEN 1 ELSE 0 END) AS BIGINT),
        CAST(SUM(CASE WHEN severity = 3 THEN 1 ELSE 0 END) AS BIGINT),
        CAST(SUM(CASE WHEN stale IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT)
    FROM finding WHERE state IN ('open', 'planned') GROUP BY org_id, asset_id;
DELETE FROM tally WHERE name = 'finding.open';

-- Who has been silent longest.
CREATE INDEX agent_seen_ms ON agent (org_id, seen_ms) WHERE revoked_ms IS NULL;

-- Lists by state, and by rule and state, in the order they are shown.
DROP INDEX finding_open;
CREATE INDEX finding_state ON finding (org_id, state, rank, id);
CREATE INDEX finding_rule ON finding (org_id, rule, state, rank, id);

-- What is accepted has a date and nothing else has one; a condition on the state would draw the planner to its index.
DROP INDEX finding_accepted;
CREATE INDEX finding_accepted ON finding (org_id, accepted_until_ms) WHERE accepted_until_ms IS NOT NULL;
