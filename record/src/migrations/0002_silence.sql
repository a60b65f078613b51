-- Since when an agent counts as silent, which makes its silence an event once; and what could not be looked at, so that
-- no page reads nothing found there as fine.

ALTER TABLE agent ADD COLUMN silent_ms INT64;

CREATE INDEX finding_scope_unseen ON finding_scope (org_id, rule, asset_id) WHERE unseen IS NOT NULL;
