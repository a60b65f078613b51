-- The nouns every room shares.

--! tenant
CREATE TABLE asset (
    org_id INT64 NOT NULL,
    id INT64 NOT NULL,
    kind TEXT NOT NULL,
    identity TEXT NOT NULL,
    name TEXT NOT NULL,
    environment TEXT NOT NULL DEFAULT '',
    criticality TEXT NOT NULL DEFAULT 'normal' CHECK (criticality IN ('low', 'normal', 'high')),
    team_id INT64,
    owner_id INT64,
    state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'retired')),
    summary TEXT NOT NULL DEFAULT '',
    seen_ms INT64,
    created_ms INT64 NOT NULL,
    revision INT64 NOT NULL DEFAULT 1,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX asset_identity ON asset (org_id, kind, identity);
CREATE INDEX asset_name ON asset (org_id, name, id);

--! tenant
CREATE TABLE asset_edge (
    org_id INT64 NOT NULL,
    from_id INT64 NOT NULL,
    to_id INT64 NOT NULL,
    word TEXT NOT NULL,
    PRIMARY KEY (org_id, from_id, to_id, word)
);
CREATE INDEX asset_edge_to ON asset_edge (org_id, to_id);

-- What is known of an asset, section by section, as it was last seen to change.
--! tenant
CREATE TABLE fact (
    org_id INT64 NOT NULL,
    asset_id INT64 NOT NULL,
    section TEXT NOT NULL,
    hash TEXT NOT NULL,
    content TEXT NOT NULL,
    changed_ms INT64 NOT NULL,
    looked_ms INT64 NOT NULL,
    PRIMARY KEY (org_id, asset_id, section)
);

--! tenant
CREATE TABLE agent (
    org_id INT64 NOT NULL,
    id INT64 NOT NULL,
    asset_id INT64 NOT NULL,
    key_hash BYTES NOT NULL,
    version TEXT NOT NULL DEFAULT '',
    spool_id TEXT NOT NULL DEFAULT '',
    acked INT64 NOT NULL DEFAULT 0,
    dropped INT64 NOT NULL DEFAULT 0,
    enrolled_ms INT64 NOT NULL,
    seen_ms INT64 NOT NULL,
    revoked_ms INT64,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX agent_asset_id ON agent (org_id, asset_id);

--! tenant
CREATE TABLE enrolment (
    org_id INT64 NOT NULL,
    hash BYTES NOT NULL,
    until_ms INT64 NOT NULL,
    used_ms INT64,
    nonce TEXT,
    agent_id INT64,
    made_by TEXT NOT NULL,
    PRIMARY KEY (org_id, hash)
);

--! tenant
CREATE TABLE finding (
    org_id INT64 NOT NULL,
    id INT64 NOT NULL,
    rule TEXT NOT NULL,
    asset_id INT64 NOT NULL,
    scope TEXT NOT NULL,
    subject TEXT NOT NULL,
    severity INT64 NOT NULL,
    title TEXT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'planned', 'accepted', 'gone')),
    stale TEXT,
    first_seen_ms INT64 NOT NULL,
    opened_ms INT64 NOT NULL,
    last_seen_ms INT64 NOT NULL,
    gone_ms INT64,
    times_opened INT64 NOT NULL DEFAULT 1,
    due_ms INT64,
    accepted_until_ms INT64,
    accepted_reason TEXT,
    plan_id INT64,
    rank INT64 NOT NULL,
    revision INT64 NOT NULL DEFAULT 1,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX finding_fingerprint ON finding (org_id, rule, asset_id, scope, subject);
CREATE INDEX finding_open ON finding (org_id, rank, id) WHERE state IN ('open', 'planned');
CREATE INDEX finding_asset ON finding (org_id, asset_id, rank, id);
CREATE INDEX finding_accepted ON finding (org_id, accepted_until_ms) WHERE state = 'accepted';

-- What a rule last said of a scope: the lock that observations of one scope pass one after the other.
--! tenant
CREATE TABLE finding_scope (
    org_id INT64 NOT NULL,
    rule TEXT NOT NULL,
    asset_id INT64 NOT NULL,
    scope TEXT NOT NULL,
    looked_ms INT64 NOT NULL,
    unseen TEXT,
    PRIMARY KEY (org_id, rule, asset_id, scope)
);
CREATE INDEX finding_scope_asset ON finding_scope (org_id, asset_id);

--! tenant
CREATE TABLE work_item (
    org_id INT64 NOT NULL,
    id INT64 NOT NULL,
    number INT64 NOT NULL,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL CHECK (state IN ('open', 'waiting', 'done', 'cancelled')),
    priority INT64 NOT NULL DEFAULT 2,
    assignee_id INT64,
    team_id INT64,
    asset_id INT64,
    finding_id INT64,
    due_ms INT64,
    created_ms INT64 NOT NULL,
    changed_ms INT64 NOT NULL,
    closed_ms INT64,
    revision INT64 NOT NULL DEFAULT 1,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX work_item_number ON work_item (org_id, number);
CREATE INDEX work_item_open ON work_item (org_id, id) WHERE state IN ('open', 'waiting');
CREATE INDEX work_item_due ON work_item (org_id, due_ms, id) WHERE state IN ('open', 'waiting') AND due_ms IS NOT NULL;
CREATE INDEX work_item_mine ON work_item (org_id, assignee_id, id) WHERE state IN ('open', 'waiting');
CREATE INDEX work_item_finding ON work_item (org_id, finding_id) WHERE finding_id IS NOT NULL;

-- How much is open, kept by the writers: counting a million rows for every page would cost more than the page.
--! tenant
CREATE TABLE tally (
    org_id INT64 NOT NULL,
    name TEXT NOT NULL,
    slot INT64 NOT NULL,
    value INT64 NOT NULL,
    PRIMARY KEY (org_id, name, slot)
);

--! tenant
CREATE TABLE plan (
    org_id INT64 NOT NULL,
    id INT64 NOT NULL,
    number INT64 NOT NULL,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    asset_id INT64 NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('draft', 'simulating', 'ready', 'approved', 'running', 'done', 'failed', 'cancelled')),
    spec TEXT NOT NULL,
    simulation TEXT,
    simulation_hash TEXT,
    rollback TEXT NOT NULL DEFAULT 'unknown',
    window_from_ms INT64,
    window_until_ms INT64,
    made_by TEXT NOT NULL,
    approved_by TEXT,
    approved_ms INT64,
    created_ms INT64 NOT NULL,
    revision INT64 NOT NULL DEFAULT 1,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX plan_asset_id ON plan (org_id, asset_id, id);
CREATE INDEX plan_open ON plan (org_id, id) WHERE state NOT IN ('done', 'failed', 'cancelled');

-- One order to one agent, with its output and how it ended.
--! tenant
CREATE TABLE run (
    org_id INT64 NOT NULL,
    id INT64 NOT NULL,
    plan_id INT64,
    asset_id INT64 NOT NULL,
    agent_id INT64 NOT NULL,
    step TEXT NOT NULL,
    task TEXT NOT NULL,
    limit_s INT64 NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'given', 'succeeded', 'failed', 'refused', 'expired', 'stopped', 'lost')),
    fence INT64 NOT NULL DEFAULT 0,
    given_ms INT64,
    output_bytes INT64 NOT NULL DEFAULT 0,
    outcome TEXT,
    created_ms INT64 NOT NULL,
    ended_ms INT64,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX run_waiting ON run (org_id, agent_id, id) WHERE state IN ('waiting', 'given');
CREATE INDEX run_plan_id ON run (org_id, plan_id, id);

--! tenant
CREATE TABLE run_output (
    org_id INT64 NOT NULL,
    run_id INT64 NOT NULL,
    start_bytes INT64 NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (org_id, run_id, start_bytes)
);

--! tenant
CREATE TABLE evidence (
    org_id INT64 NOT NULL,
    id INT64 NOT NULL,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    source TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    body TEXT NOT NULL,
    about_kind TEXT NOT NULL,
    about_id INT64 NOT NULL,
    at_ms INT64 NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX evidence_about ON evidence (org_id, about_kind, about_id, id);

--! tenant
CREATE TABLE link (
    org_id INT64 NOT NULL,
    from_kind TEXT NOT NULL,
    from_id INT64 NOT NULL,
    to_kind TEXT NOT NULL,
    to_id INT64 NOT NULL,
    word TEXT NOT NULL,
    created_ms INT64 NOT NULL,
    PRIMARY KEY (org_id, from_kind, from_id, to_kind, to_id, word)
);
CREATE INDEX link_to ON link (org_id, to_kind, to_id);

--! tenant
CREATE TABLE policy (
    org_id INT64 NOT NULL,
    name TEXT NOT NULL,
    version INT64 NOT NULL,
    body TEXT NOT NULL,
    made_by TEXT NOT NULL,
    created_ms INT64 NOT NULL,
    PRIMARY KEY (org_id, name, version)
);
