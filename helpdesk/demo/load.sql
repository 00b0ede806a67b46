-- The tickets and clocks of `helpdesk.demo.load`, in one go. Parameters: tickets, due, at_once, closed, messages, seed,
-- now; the words come from the temporary table load_text.
-- A percent sign is written twice: the driver reads it.

DROP TABLE IF EXISTS load_ticket, load_clock;

CREATE TEMPORARY TABLE load_ticket ON COMMIT DROP AS
WITH
    agents AS (
        SELECT array_agg(m.user_id ORDER BY m.id) AS ids, array_agg(m.team_id ORDER BY m.id) AS teams, count(*) AS total
        FROM accounts_membership m JOIN accounts_team t ON t.id = m.team_id AND t.code LIKE 'load-%%'
        JOIN accounts_role r ON r.id = m.role_id AND r.code = 'agent'
    ),
    customers AS (
        SELECT array_agg(id ORDER BY id) AS ids, array_agg(organization_id ORDER BY id) AS organizations,
            count(*) AS total
        FROM accounts_user WHERE email LIKE '%%@customers.load.example'
    ),
    places AS (
        SELECT
            i,
            -- Seven has no factor in common with twenty: each block of twenty has every status in its share, shuffled.
            (i * 7 + i / 20) %% 20 AS mixed,
            1 + (hashint8extended(i, %(seed)s) & 2147483647) %% agents.total AS agent,
            1 + (hashint8extended(i, %(seed)s + 1) & 2147483647) %% customers.total AS customer,
            (hashint8extended(i, %(seed)s + 2) & 2147483647) %% 100 < %(closed)s AS is_closed,
            (hashint8extended(i, %(seed)s + 3) & 2147483647) %% (SELECT count(*) FROM load_text) AS text
        FROM generate_series(0, %(tickets)s - 1) AS i, agents, customers
    )
SELECT
    i,
    nextval(pg_get_serial_sequence('tickets_ticket', 'id')) AS id,
    'T' || nextval('tickets_ticket_number') AS number,
    text,
    CASE WHEN is_closed THEN 'closed' WHEN mixed < 6 THEN 'new' WHEN mixed < 16 THEN 'open' WHEN mixed < 18 THEN 'pending' ELSE 'on_hold' END AS status,
    CASE WHEN i %% 10 = 0 THEN 'S' WHEN i %% 10 < 4 THEN 'A' ELSE 'B' END AS severity,
    customers.ids[customer] AS requester_id,
    customers.organizations[customer] AS organization_id,
    agents.teams[agent] AS team_id,
    CASE WHEN mixed > 0 THEN agents.ids[agent] END AS assignee_id  -- one in twenty waits for somebody
FROM places, agents, customers
ORDER BY i;

ANALYZE load_ticket;

-- Due instants lie in the two weeks from tomorrow on, whatever the target says, so that nothing else falls due or
-- warns while something is measured.
CREATE TEMPORARY TABLE load_clock ON COMMIT DROP AS
WITH
    promised AS (
        SELECT
            t.i, t.id AS ticket_id, t.status = 'closed' AS is_closed, t.severity, target.policy_id, target.metric, target.amount, target.unit,
            target.warn_share, version.id AS version_id,
            hashint8extended(hashtext(target.metric), t.i) AS dice,
            CASE WHEN target.unit = 'minutes' THEN target.amount * interval '1 minute' ELSE interval '1 day' END AS span,
            CASE
                WHEN t.status = 'closed' THEN 'met'
                WHEN target.metric = 'first_response' THEN CASE WHEN t.status = 'new' THEN 'running' ELSE 'met' END
                WHEN t.status = 'pending' OR (t.status = 'on_hold' AND target.metric = 'progress_update') THEN 'paused'
                ELSE 'running'
            END AS state
        FROM load_ticket t
        JOIN (
            SELECT DISTINCT ON (severity) id, severity FROM sla_policy
            WHERE is_active AND service_level = '' AND organization_id IS NULL AND team_id IS NULL AND category_id IS NULL
            ORDER BY severity, position, id
        ) AS policy ON policy.severity = t.severity
        -- What begins with the ticket; a report or a further answer is owed by none of them.
        JOIN sla_target target
            ON target.policy_id = policy.id AND target.metric NOT IN ('root_cause', 'next_response')
        LEFT JOIN LATERAL (
            SELECT id FROM sla_calendarversion WHERE calendar_id = target.calendar_id ORDER BY number DESC LIMIT 1
        ) AS version ON true
    ),
    drawn AS (
        SELECT
            *, state = 'running' AND row_number() OVER (
                PARTITION BY state = 'running' ORDER BY hashint8extended(dice, %(seed)s), i, metric
            ) <= %(due)s AS is_due
        FROM promised
    )
SELECT
    *, CASE
        -- What is closed lies in the past year, the older the lower its number, as it would.
        WHEN state = 'met' AND is_closed THEN %(now)s - interval '1 day' - interval '1 year' * (1 - i::float8 / %(tickets)s)
        WHEN NOT is_due THEN %(now)s + interval '1 day' + (dice & 2147483647) %% 1209600000 * interval '1 millisecond'
        WHEN %(at_once)s THEN %(now)s - interval '1 second'
        ELSE %(now)s - interval '1 millisecond' - (dice & 2147483647) %% 600000 * interval '1 millisecond'
    END AS due_at
FROM drawn;

ANALYZE load_clock;

INSERT INTO tickets_ticket (
    id, number, subject, requester_id, organization_id, channel, language, status, hold_reason, impact, urgency,
    data_loss, severity, grading, routing, team_id, assignee_id, affected, trigger, cycle, cycle_started_at, revision,
    next_due_at, created_at, updated_at, first_response_at, resolved_at, closed_at, tokens, link_generation
)
SELECT
    t.id, t.number, words.subject, t.requester_id, t.organization_id, 'portal',
    words.language, t.status, CASE t.status WHEN 'on_hold' THEN 'a part from the vendor' ELSE '' END,
    CASE t.severity WHEN 'S' THEN 'business' WHEN 'A' THEN 'many' ELSE 'one' END,
    CASE t.severity WHEN 'B' THEN 'normal' ELSE 'blocked' END,
    false, t.severity, '[]', '[]', t.team_id, t.assignee_id, '', '', 1, c.began_at, 1, c.next_due_at, c.began_at,
    coalesce(c.closed_at, %(now)s), CASE WHEN t.status <> 'new' THEN coalesce(c.closed_at, %(now)s) END,
    c.closed_at, c.closed_at, words.tokens, 0
FROM load_ticket t
JOIN load_text words ON words.n = t.text
JOIN (
    SELECT
        ticket_id, min(due_at) FILTER (WHERE state = 'running') AS next_due_at,
        least(min(due_at - span), %(now)s - interval '1 minute') AS began_at,
        min(due_at) FILTER (WHERE is_closed) AS closed_at
    FROM load_clock GROUP BY ticket_id
) AS c ON c.ticket_id = t.id
ORDER BY t.id;

-- The customer asks, the agent answers, and so on; a ticket that nobody has answered has its first message only.
INSERT INTO tickets_message (ticket_id, kind, author_id, body, marks, shareable, channel, created_at)
SELECT
    t.id, CASE WHEN turn %% 2 = 0 THEN 'customer' ELSE 'public' END,
    CASE WHEN turn %% 2 = 0 THEN t.requester_id ELSE coalesce(t.assignee_id, t.requester_id) END,
    words.body, '{}', false, 'portal', %(now)s
FROM load_ticket t
CROSS JOIN generate_series(0, %(messages)s - 1) AS turn
JOIN load_text words ON words.n = (t.text + turn) %% (SELECT count(*) FROM load_text)
WHERE turn = 0 OR t.status <> 'new'
ORDER BY t.id, turn;

INSERT INTO tickets_ticketevent (ticket_id, code, data, created_at)
SELECT id, 'ticket.created', jsonb_build_object('channel', 'portal', 'severity', severity), %(now)s
FROM load_ticket ORDER BY id;

INSERT INTO sla_clock (
    ticket_id, metric, subject, cycle, revision, severity, policy_id, calendar_version_id, target_amount, target_unit,
    warn_share, carried, started_at, due_at, warn_at, state, warned_at, ended_at
)
SELECT
    ticket_id, metric, '', 1, 1, severity, policy_id, version_id, amount, unit, warn_share, interval '0',
    least(due_at - span, %(now)s - interval '1 minute'), due_at, due_at - span * (1 - warn_share)::float8, state,
    CASE WHEN is_due THEN due_at - span * (1 - warn_share)::float8 END, CASE state WHEN 'met' THEN least(due_at, %(now)s) END
FROM load_clock ORDER BY ticket_id, metric;

INSERT INTO sla_clockpause (clock_id, started_at, reason)
SELECT c.id, %(now)s, t.status
FROM load_ticket t JOIN sla_clock c ON c.ticket_id = t.id WHERE c.state = 'paused';
