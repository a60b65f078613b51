-- What a notice is about, when a message is tried next, whose a channel is, and who wants to be told how.

ALTER TABLE notice ADD COLUMN cause TEXT NOT NULL DEFAULT '';

ALTER TABLE notice_receipt ADD COLUMN next_ms INT64;

ALTER TABLE notice_receipt ADD COLUMN channel_id INT64;

-- A channel of one person (their push topic), or of everybody where there is none.
ALTER TABLE channel ADD COLUMN person_id INT64;

-- Why a channel is disabled.
ALTER TABLE channel ADD COLUMN why TEXT NOT NULL DEFAULT '';

-- What has happened and is to be told in one notice with its neighbours; the key makes a second mention impossible.
--! tenant
CREATE TABLE notice_part (
    org_id INT64 NOT NULL,
    cause TEXT NOT NULL,
    group_id INT64 NOT NULL,
    event_id INT64 NOT NULL,
    thing_id INT64 NOT NULL,
    created_ms INT64 NOT NULL,
    PRIMARY KEY (org_id, cause, group_id, event_id)
);

-- By which ways somebody wants to hear of a cause: words apart by spaces, empty for none.
--! tenant
CREATE TABLE notice_wish (
    org_id INT64 NOT NULL,
    person_id INT64 NOT NULL,
    cause TEXT NOT NULL,
    ways TEXT NOT NULL,
    PRIMARY KEY (org_id, person_id, cause)
);
