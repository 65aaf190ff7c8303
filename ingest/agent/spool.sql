CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    lane TEXT NOT NULL,          -- frames, lines, files: each has its own turn
    kind TEXT NOT NULL,          -- data | events (lane frames), tail | close (lines), file (files)
    source TEXT NOT NULL,
    key TEXT NOT NULL,           -- id of the tail or upload; of frames the instrument
    created INTEGER NOT NULL,    -- ns since 1970, this computer's clock
    rows INTEGER NOT NULL,
    sequence INTEGER,            -- frames: given when first taken for sending; the payload is final from then on
    head TEXT NOT NULL,          -- JSON: what the wire needs beside the payload
    payload BLOB NOT NULL
);
CREATE INDEX outbox_turn ON outbox (lane, sequence, id);
CREATE INDEX outbox_created ON outbox (created);
CREATE INDEX outbox_key ON outbox (key, id);
CREATE TABLE rejected (
    id INTEGER PRIMARY KEY,
    lane TEXT NOT NULL, kind TEXT NOT NULL, source TEXT NOT NULL, key TEXT NOT NULL, created INTEGER NOT NULL, rows INTEGER NOT NULL,
    sequence INTEGER, head TEXT NOT NULL, payload BLOB NOT NULL,
    refused INTEGER NOT NULL, reason TEXT NOT NULL
);
CREATE TABLE checkpoints (source TEXT, key TEXT, value TEXT NOT NULL, PRIMARY KEY (source, key)) WITHOUT ROWID;
CREATE TABLE sequences (source TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE descriptors (source TEXT, name TEXT, value TEXT NOT NULL, PRIMARY KEY (source, name)) WITHOUT ROWID;
