//! One create, as the facade runs it and as its rivals do: the same statements with the same values.

use std::sync::atomic::{AtomicI64, Ordering};

use mainstay_kernel::store::{Migration, Schema, Sql, Tx, Value};
use mainstay_kernel::{Fault, sql};

pub const SCHEMAS: &[Schema] = &[
    mainstay_kernel::SCHEMA,
    Schema { part: "bench", steps: &[Migration { name: "0001_bench", text: TABLES }] },
];

/// Shaped like a work item; `done` counts what jobs did.
const TABLES: &str = "
--! tenant
CREATE TABLE bench_item (
    org_id INT64 NOT NULL, id INT64 NOT NULL, number INT64 NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL,
    state TEXT NOT NULL, due_ms INT64, assignee_id INT64, PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX bench_item_number ON bench_item (org_id, number);
CREATE INDEX bench_item_open ON bench_item (org_id, id) WHERE state = 'open';
CREATE INDEX bench_item_due ON bench_item (org_id, due_ms, id) WHERE state = 'open' AND due_ms IS NOT NULL;

--! tenant
CREATE TABLE bench_done (
    org_id INT64 NOT NULL, number INT64 NOT NULL, process INT64 NOT NULL, PRIMARY KEY (org_id, number)
);
";

pub const ORG: i64 = 1;
const BODY: &str = "After the upgrade of the printing service on the second floor the queue stays at paused, and the log \
     shows a refused connection to the directory every ten seconds. Restarting helps for an hour. Since Tuesday.";

/// Ids that only grow.
pub struct Numbers(AtomicI64);

impl Default for Numbers {
    fn default() -> Self {
        Self(AtomicI64::new(1_000_000))
    }
}

impl Numbers {
    pub fn next(&self) -> i64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

type Step = (&'static Sql, Vec<Value<'static>>);

/// The statements of one create, in order; the series' row, which all wait for, comes last but one.
pub fn steps(id: i64) -> [Step; 5] {
    let int = Value::Int;
    let text = |text: &'static str| Value::from(text);
    [
        (
            sql!(
                "INSERT INTO event (org_id, id, at_ms, actor, verb, subject_kind, subject_id, body)
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
            ),
            vec![
                int(ORG),
                int(id),
                int(id),
                text("person:per_0000000000001"),
                text("work.opened"),
                text("work"),
                int(id),
                text("{\"kind\":\"task\",\"title\":\"The printer on floor 2 is paused\"}"),
            ],
        ),
        (
            sql!("INSERT INTO event_about (org_id, kind, object_id, event_id) VALUES ($1, $2, $3, $4)"),
            vec![int(ORG), text("work"), int(id), int(id)],
        ),
        (
            sql!(
                "INSERT INTO job (org_id, id, kind, payload, run_at_ms, state) VALUES ($1, $2, $3, $4, $5, 'ready')"
            ),
            vec![int(ORG), int(id), text("bench"), text("{\"hearer\":\"bench\"}"), int(id)],
        ),
        (
            sql!(
                "INSERT INTO counter (org_id, name, value) VALUES ($1, $2, 1)
                  ON CONFLICT (org_id, name) DO UPDATE SET value = counter.value + 1 RETURNING value"
            ),
            vec![int(ORG), text("work")],
        ),
        (
            sql!(
                "INSERT INTO bench_item (org_id, id, number, title, body, state, due_ms) VALUES ($1, $2, $3, $4, $5, 'open', $6)"
            ),
            vec![
                int(ORG),
                int(id),
                int(id),
                text("The printer on floor 2 is paused"),
                text(BODY),
                int(id % 9_973),
            ],
        ),
    ]
}

/// One create in a transaction of the facade.
pub fn through(tx: &mut Tx<'_>, id: i64) -> Result<(), Fault> {
    for (sql, values) in steps(id) {
        tx.rows(sql, &values, |_| Ok(()))?;
    }
    Ok(())
}
