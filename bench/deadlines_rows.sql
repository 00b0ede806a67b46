-- What a sweep left, table by table, as a count and a fingerprint: everything but ids of new rows and the instant of the
-- sweep itself, of which only the order is kept.
SELECT 'clocks', count(*) || ' ' || sum(hashtextextended(row, 0)) FROM (
    SELECT concat_ws(
        '|', ticket_id, metric, subject, cycle, revision, severity, policy_id, calendar_version_id, target_amount,
        target_unit, warn_share, carried, state, warned_at, breached_at > due_at, ended_at IS NULL,
        CASE WHEN cycle = 1 THEN concat_ws('|', started_at, due_at, warn_at, breached_at = ended_at)
             ELSE concat_ws('|', started_at < warn_at, warn_at < due_at) END
    ) AS row FROM sla_clock
) AS clocks
UNION ALL
SELECT 'tickets', count(*) || ' ' || sum(hashtextextended(row, 0)) FROM (
    SELECT concat_ws(
        '|', id, revision, status, breached_at IS NULL, next_due_at IS NOT DISTINCT FROM (
            SELECT min(due_at) FROM sla_clock c WHERE c.ticket_id = t.id AND c.state = 'running'
        )
    ) AS row FROM tickets_ticket t
) AS tickets
UNION ALL
SELECT 'escalations', count(*) || ' ' || sum(hashtextextended(row, 0)) FROM (
    SELECT concat_ws(
        '|', ticket_id, clock_id, metric, subject, cycle, level, severity, team_id, missed_by_id, due_at,
        climbs_at - created_at, acknowledged_at, reason
    ) AS row FROM tickets_escalation
) AS escalations
UNION ALL
SELECT 'events', count(*) || ' ' || sum(hashtextextended(row, 0)) FROM (
    SELECT concat_ws('|', ticket_id, code, actor_id, data - 'due_at', (data ->> 'due_at')::timestamptz) AS row
    FROM tickets_ticketevent
) AS events
UNION ALL
SELECT 'intents', count(*) || ' ' || sum(hashtextextended(row, 0)) FROM (
    SELECT concat_ws(
        '|', kind, stream, state, attempts, available_at = i.created_at, last_error, payload - 'escalation',
        e.ticket_id, e.metric, e.subject, e.cycle, e.level, replace(dedupe_key, 'missed:' || e.id, 'missed')
    ) AS row
    FROM outbox_intent i LEFT JOIN tickets_escalation e ON e.id = (payload ->> 'escalation')::bigint
) AS intents
