-- The ground floor: organisations, people and rights, events, jobs, notices, files, settings, secrets.

--! tenant
CREATE TABLE counter (
    org_id INT64 NOT NULL,
    name TEXT NOT NULL,
    value INT64 NOT NULL,
    PRIMARY KEY (org_id, name)
);

--! shared
CREATE TABLE org (
    id INT64 NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    created_ms INT64 NOT NULL
);

--! node
CREATE TABLE node_lease (
    number INT64 NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    until_ms INT64 NOT NULL
);

-- What the store knows of the root key: enough to recognise another one.
--! shared
CREATE TABLE root_key (
    id INT64 NOT NULL PRIMARY KEY,
    fingerprint BYTES NOT NULL
);

--! tenant
CREATE TABLE person (
    org_id INT64 NOT NULL,
    id INT64 NOT NULL,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('staff', 'requester')),
    state TEXT NOT NULL CHECK (state IN ('active', 'disabled')),
    password_hash TEXT,
    totp_state TEXT NOT NULL DEFAULT 'off' CHECK (totp_state IN ('off', 'pending', 'on')),
    totp_sealed BYTES,
    totp_last_step INT64 NOT NULL DEFAULT 0,
    revision INT64 NOT NULL DEFAULT 1,
    created_ms INT64 NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX person_email ON person (org_id, email);

--! tenant
CREATE TABLE recovery_code (
    org_id INT64 NOT NULL,
    person_id INT64 NOT NULL,
    hash BYTES NOT NULL,
    used_ms INT64,
    PRIMARY KEY (org_id, person_id, hash)
);

--! tenant
CREATE TABLE team (
    org_id INT64 NOT NULL,
    id INT64 NOT NULL,
    name TEXT NOT NULL,
    revision INT64 NOT NULL DEFAULT 1,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX team_name ON team (org_id, name);

--! tenant
CREATE TABLE team_member (
    org_id INT64 NOT NULL,
    team_id INT64 NOT NULL,
    person_id INT64 NOT NULL,
    PRIMARY KEY (org_id, team_id, person_id)
);

--! tenant
CREATE TABLE role (
    org_id INT64 NOT NULL,
    id INT64 NOT NULL,
    name TEXT NOT NULL,
    built_in TEXT CHECK (built_in IN ('owner', 'operator', 'viewer')),
    rights TEXT NOT NULL,
    revision INT64 NOT NULL DEFAULT 1,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX role_name ON role (org_id, name);

-- A role given to a person or a team, for the whole organisation (scope_team_id 0) or for what one team owns.
--! tenant
CREATE TABLE role_grant (
    org_id INT64 NOT NULL,
    id INT64 NOT NULL,
    role_id INT64 NOT NULL,
    person_id INT64,
    team_id INT64,
    scope_team_id INT64 NOT NULL DEFAULT 0,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, role_id) REFERENCES role (org_id, id),
    CHECK ((person_id IS NULL) <> (team_id IS NULL))
);
CREATE INDEX role_grant_role ON role_grant (org_id, role_id);
CREATE INDEX role_grant_person ON role_grant (org_id, person_id);
CREATE INDEX role_grant_team ON role_grant (org_id, team_id);

--! tenant
CREATE TABLE session (
    org_id INT64 NOT NULL,
    hash BYTES NOT NULL,
    id INT64 NOT NULL,
    person_id INT64 NOT NULL,
    device TEXT NOT NULL,
    address TEXT NOT NULL,
    created_ms INT64 NOT NULL,
    seen_ms INT64 NOT NULL,
    until_ms INT64 NOT NULL,
    PRIMARY KEY (org_id, hash)
);
CREATE INDEX session_person ON session (org_id, person_id);

--! tenant
CREATE TABLE sign_in_link (
    org_id INT64 NOT NULL,
    hash BYTES NOT NULL,
    person_id INT64 NOT NULL,
    until_ms INT64 NOT NULL,
    used_ms INT64,
    PRIMARY KEY (org_id, hash)
);

--! tenant
CREATE TABLE api_token (
    org_id INT64 NOT NULL,
    id INT64 NOT NULL,
    hash BYTES NOT NULL,
    person_id INT64 NOT NULL,
    name TEXT NOT NULL,
    hint TEXT NOT NULL,
    rights TEXT NOT NULL,
    created_ms INT64 NOT NULL,
    until_ms INT64 NOT NULL,
    seen_ms INT64,
    revoked_ms INT64,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX api_token_hash ON api_token (org_id, hash);
CREATE INDEX api_token_person ON api_token (org_id, person_id);

-- How often an address or an account failed to sign in lately.
--! tenant
CREATE TABLE sign_in_failure (
    org_id INT64 NOT NULL,
    subject TEXT NOT NULL,
    failures INT64 NOT NULL,
    until_ms INT64 NOT NULL,
    PRIMARY KEY (org_id, subject)
);

--! tenant
CREATE TABLE event (
    org_id INT64 NOT NULL,
    id INT64 NOT NULL,
    at_ms INT64 NOT NULL,
    actor TEXT NOT NULL,
    verb TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id INT64 NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org_id, id)
);

-- Which objects an event is about: its subject and everything it touches. Every timeline reads this.
--! tenant
CREATE TABLE event_about (
    org_id INT64 NOT NULL,
    kind TEXT NOT NULL,
    object_id INT64 NOT NULL,
    event_id INT64 NOT NULL,
    PRIMARY KEY (org_id, kind, object_id, event_id)
);

--! tenant
CREATE TABLE event_seal (
    org_id INT64 NOT NULL,
    upto_id INT64 NOT NULL,
    count INT64 NOT NULL,
    hash BYTES NOT NULL,
    marks BYTES NOT NULL,
    sealed_ms INT64 NOT NULL,
    PRIMARY KEY (org_id, upto_id)
);

--! tenant
CREATE TABLE job (
    org_id INT64 NOT NULL,
    id INT64 NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    run_at_ms INT64 NOT NULL,
    attempts INT64 NOT NULL DEFAULT 0,
    failures INT64 NOT NULL DEFAULT 0,
    state TEXT NOT NULL CHECK (state IN ('ready', 'dead')),
    once_key TEXT,
    last_error TEXT,
    PRIMARY KEY (org_id, id)
);
-- The dispatcher looks for what is due in every organisation: /* across */
CREATE INDEX job_due ON job (run_at_ms) /* across */ WHERE state = 'ready';
CREATE UNIQUE INDEX job_once ON job (org_id, kind, once_key) WHERE once_key IS NOT NULL;

--! tenant
CREATE TABLE notice (
    org_id INT64 NOT NULL,
    id INT64 NOT NULL,
    once_key TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    link TEXT NOT NULL,
    urgency TEXT NOT NULL CHECK (urgency IN ('low', 'normal', 'high')),
    created_ms INT64 NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX notice_once ON notice (org_id, once_key);

-- One row per notice and address: the key is what makes a second message impossible.
--! tenant
CREATE TABLE notice_receipt (
    org_id INT64 NOT NULL,
    notice_id INT64 NOT NULL,
    channel TEXT NOT NULL,
    recipient TEXT NOT NULL,
    person_id INT64,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sending', 'sent', 'refused', 'given_up', 'unsure')),
    attempts INT64 NOT NULL DEFAULT 0,
    may_have_arrived INT64 NOT NULL DEFAULT 0,
    changed_ms INT64 NOT NULL,
    answer TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (org_id, notice_id, channel, recipient)
);

-- Where notices go besides mail: signed webhooks and push topics.
--! tenant
CREATE TABLE channel (
    org_id INT64 NOT NULL,
    id INT64 NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('webhook', 'push')),
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    events TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL CHECK (state IN ('active', 'disabled')),
    failures INT64 NOT NULL DEFAULT 0,
    revision INT64 NOT NULL DEFAULT 1,
    PRIMARY KEY (org_id, id)
);

--! tenant
CREATE TABLE file (
    org_id INT64 NOT NULL,
    sha256 TEXT NOT NULL,
    size_bytes INT64 NOT NULL,
    created_ms INT64 NOT NULL,
    PRIMARY KEY (org_id, sha256)
);

-- What holds on to a file; one that nothing holds goes after a day.
--! tenant
CREATE TABLE file_use (
    org_id INT64 NOT NULL,
    sha256 TEXT NOT NULL,
    kind TEXT NOT NULL,
    object_id INT64 NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (org_id, sha256, kind, object_id),
    FOREIGN KEY (org_id, sha256) REFERENCES file (org_id, sha256)
);
CREATE INDEX file_use_object ON file_use (org_id, kind, object_id);

--! tenant
CREATE TABLE setting (
    org_id INT64 NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    revision INT64 NOT NULL DEFAULT 1,
    changed_ms INT64 NOT NULL,
    PRIMARY KEY (org_id, name)
);

--! tenant
CREATE TABLE secret (
    org_id INT64 NOT NULL,
    name TEXT NOT NULL,
    sealed BYTES NOT NULL,
    changed_ms INT64 NOT NULL,
    PRIMARY KEY (org_id, name)
);

--! tenant
CREATE TABLE data_key (
    org_id INT64 NOT NULL,
    id INT64 NOT NULL,
    wrapped BYTES NOT NULL,
    created_ms INT64 NOT NULL,
    PRIMARY KEY (org_id, id)
);

--! tenant
CREATE TABLE idempotency (
    org_id INT64 NOT NULL,
    actor TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash BYTES NOT NULL,
    status INT64 NOT NULL,
    answer TEXT NOT NULL,
    created_ms INT64 NOT NULL,
    PRIMARY KEY (org_id, actor, key)
);
CREATE INDEX idempotency_created_ms ON idempotency (org_id, created_ms);
