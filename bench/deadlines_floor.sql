-- The floor of `bench/deadlines.py`: what a sweep reads and writes, by plain set-based SQL in one transaction.
-- Parameters: now, and plans, the next cycle of each repeating promise as JSON (reckoned before the measurement).

CREATE TEMPORARY TABLE due ON COMMIT DROP AS
SELECT c.*, t.number, t.team_id, t.assignee_id, t.cycle_started_at
FROM sla_clock c JOIN tickets_ticket t ON t.id = c.ticket_id
WHERE c.state = 'running' AND c.breached_at IS NULL AND c.due_at < %(now)s
ORDER BY c.due_at, c.id
FOR UPDATE OF c, t SKIP LOCKED;

UPDATE sla_clock SET
    breached_at = %(now)s,
    state = CASE sla_clock.metric WHEN 'progress_update' THEN 'missed' ELSE sla_clock.state END,
    ended_at = CASE sla_clock.metric WHEN 'progress_update' THEN %(now)s ELSE sla_clock.ended_at END
FROM due WHERE due.id = sla_clock.id;

INSERT INTO sla_clock (
    ticket_id, metric, subject, cycle, revision, severity, policy_id, calendar_version_id, target_amount, target_unit,
    warn_share, carried, started_at, due_at, warn_at, state
)
SELECT
    ticket_id, metric, subject, cycle + 1, 1, severity, policy_id, calendar_version_id, target_amount, target_unit,
    due.warn_share, interval '0', %(now)s, plan.due_at, plan.warn_at, 'running'
FROM due JOIN jsonb_to_recordset(%(plans)s) AS plan (
    amount numeric, unit text, warn_share numeric, version bigint, due_at timestamptz, warn_at timestamptz
)
ON plan.amount = target_amount AND plan.unit = target_unit AND plan.warn_share = due.warn_share
    AND plan.version IS NOT DISTINCT FROM calendar_version_id
WHERE metric = 'progress_update';

INSERT INTO tickets_ticketevent (ticket_id, code, data, created_at)
SELECT
    ticket_id, 'clock.breached', jsonb_build_object(
        'metric', metric, 'subject', subject, 'cycle', cycle, 'revision', revision, 'severity', severity,
        'due_at', due_at
    ), %(now)s
FROM due;

CREATE TEMPORARY TABLE raised ON COMMIT DROP AS
WITH raised AS (
    INSERT INTO tickets_escalation (
        ticket_id, clock_id, metric, subject, cycle, level, severity, team_id, missed_by_id, due_at, created_at,
        climbs_at, reason
    )
    SELECT
        ticket_id, due.id, metric, subject, cycle, 1, due.severity, team_id, assignee_id, due_at, %(now)s,
        %(now)s + step.after_minutes * interval '1 minute', ''
    FROM due LEFT JOIN sla_escalationstep step ON step.severity = due.severity AND step.level = 2
    WHERE NOT EXISTS (
        SELECT FROM tickets_escalation e
        WHERE e.ticket_id = due.ticket_id AND (
            (e.metric, e.subject, e.cycle) = (due.metric, due.subject, due.cycle)
            OR (due.metric = 'progress_update' AND e.metric = due.metric AND e.acknowledged_at IS NULL
                AND e.created_at >= due.cycle_started_at)
        )
    )
    RETURNING id, ticket_id, metric, subject, cycle, missed_by_id
)
SELECT raised.*, t.number FROM raised JOIN tickets_ticket t ON t.id = raised.ticket_id;

INSERT INTO tickets_ticketevent (ticket_id, code, data, created_at)
SELECT ticket_id, 'ticket.escalated', jsonb_build_object('metric', metric, 'cycle', cycle, 'level', 1), %(now)s
FROM raised;

INSERT INTO outbox_intent (
    kind, payload, stream, dedupe_key, state, attempts, created_at, available_at, last_error
)
SELECT
    'ticket.escalated', jsonb_build_object('ticket', ticket_id, 'escalation', id), 'ticket:' || number,
    format('escalation:%%s:%%s:%%s:%%s:1', ticket_id, metric, subject, cycle), 'pending', 0, %(now)s, %(now)s, ''
FROM raised
UNION ALL
SELECT
    'ticket.missed', jsonb_build_object('ticket', ticket_id, 'escalation', id), 'ticket:' || number,
    'missed:' || id, 'pending', 0, %(now)s, %(now)s, ''
FROM raised WHERE missed_by_id IS NOT NULL
ON CONFLICT DO NOTHING;

UPDATE tickets_ticket t SET
    breached_at = CASE WHEN one.is_raised THEN coalesce(t.breached_at, %(now)s) ELSE t.breached_at END,
    next_due_at = one.next_due_at
FROM (
    SELECT
        ticket_id, EXISTS (SELECT FROM raised WHERE raised.ticket_id = due.ticket_id) AS is_raised,
        (SELECT min(c.due_at) FROM sla_clock c WHERE c.ticket_id = due.ticket_id AND c.state = 'running') AS next_due_at
    FROM due GROUP BY ticket_id
) AS one
WHERE t.id = one.ticket_id;
