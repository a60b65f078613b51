-- What the changelogs of waiting packages name, by source and versions: one download serves every host.

--! tenant
CREATE TABLE patches_changelog (
    org_id INT64 NOT NULL,
    source TEXT NOT NULL,
    installed TEXT NOT NULL,
    candidate TEXT NOT NULL,
    -- A JSON list; absent when the changelog could not be read, and then it is said why.
    cves TEXT,
    because TEXT,
    -- Older entries may be missing.
    is_cut INT64 NOT NULL,
    read_ms INT64 NOT NULL,
    PRIMARY KEY (org_id, source, installed, candidate)
);
