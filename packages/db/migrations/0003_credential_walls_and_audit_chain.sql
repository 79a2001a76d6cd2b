-- The walls around credentials, the audit log by months, its chain, and what else drizzle-kit does not write.
--
-- A company sees its own credentials and the provider's, because the provider's may open its context; it writes its own
-- only. The system writes the provider's; of a company's versions it sets the sweeper's marks.
DROP POLICY ksef_credentials_system ON ksef_credentials;
CREATE POLICY ksef_credentials_provider ON ksef_credentials FOR SELECT TO fleet_app
  USING (company_id IS NULL AND nullif(current_setting('fleet.company_id', true), '')::uuid IS NOT NULL);
CREATE POLICY ksef_credentials_system ON ksef_credentials FOR SELECT TO fleet_system USING (true);
CREATE POLICY ksef_credentials_system_insert ON ksef_credentials FOR INSERT TO fleet_system
  WITH CHECK (company_id IS NULL);
CREATE POLICY ksef_credentials_system_update ON ksef_credentials FOR UPDATE TO fleet_system USING (company_id IS NULL);
GRANT UPDATE (ended_at, auto_renew) ON ksef_credentials TO fleet_app;
GRANT SELECT, INSERT, UPDATE (state, ended_at, auto_renew) ON ksef_credentials TO fleet_system;
--> statement-breakpoint
ALTER TABLE ksef_credential_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE ksef_credential_versions FORCE ROW LEVEL SECURITY;
CREATE POLICY ksef_credential_versions_company ON ksef_credential_versions TO fleet_app
  USING (company_id = nullif(current_setting('fleet.company_id', true), '')::uuid);
CREATE POLICY ksef_credential_versions_provider ON ksef_credential_versions FOR SELECT TO fleet_app
  USING (company_id IS NULL AND nullif(current_setting('fleet.company_id', true), '')::uuid IS NOT NULL);
CREATE POLICY ksef_credential_versions_system ON ksef_credential_versions FOR SELECT TO fleet_system USING (true);
CREATE POLICY ksef_credential_versions_system_insert ON ksef_credential_versions FOR INSERT TO fleet_system
  WITH CHECK (company_id IS NULL);
CREATE POLICY ksef_credential_versions_system_update ON ksef_credential_versions FOR UPDATE TO fleet_system USING (true);
GRANT SELECT, INSERT, UPDATE (
  state, secret_version, reference_number, serial_number, fingerprint, subject, not_before, not_after, failure,
  next_step_at, tries, next_notice_at, activated_at, retired_at, erased_at
) ON ksef_credential_versions TO fleet_app;
GRANT SELECT, INSERT, UPDATE (
  state, secret_version, reference_number, serial_number, fingerprint, subject, not_before, not_after, failure,
  next_step_at, tries, next_notice_at, activated_at, retired_at, erased_at, step_rung_at, notice_rung_at
) ON ksef_credential_versions TO fleet_system;
--> statement-breakpoint
GRANT UPDATE (scopes, nip_proof) ON ksef_integrations TO fleet_app;
GRANT UPDATE (expires_at) ON api_keys TO fleet_app, fleet_system;
--> statement-breakpoint
ALTER TABLE events ENABLE ROW LEVEL SECURITY;
ALTER TABLE events FORCE ROW LEVEL SECURITY;
CREATE POLICY events_company ON events TO fleet_app
  USING (company_id = nullif(current_setting('fleet.company_id', true), '')::uuid);
CREATE POLICY events_system ON events TO fleet_system USING (true);
GRANT SELECT, INSERT ON events TO fleet_app, fleet_system;
--> statement-breakpoint
-- What an operator asks of a credential, in one row: who owns it, which version signs in, when that ends, and what is
-- under way. Its reader's policies decide what it shows.
CREATE VIEW ksef_credential_status WITH (security_invoker = true) AS
SELECT c.id AS credential_id, c.company_id, c.environment, c.name, c.kind, c.context, c.state, c.auto_renew,
       v.number AS version, v.state AS version_state, v.serial_number, v.subject, v.not_before, v.not_after,
       floor(extract(epoch FROM v.not_after - statement_timestamp()) / 86400)::integer AS days_left,
       CASE WHEN v.not_after IS NULL THEN 'never'
            WHEN v.not_after <= statement_timestamp() THEN 'expired'
            WHEN v.not_after <= statement_timestamp() + interval '1 day' THEN 'within-1-day'
            WHEN v.not_after <= statement_timestamp() + interval '7 days' THEN 'within-7-days'
            WHEN v.not_after <= statement_timestamp() + interval '14 days' THEN 'within-14-days'
            WHEN v.not_after <= statement_timestamp() + interval '30 days' THEN 'within-30-days'
            ELSE 'later' END AS expiry_window,
       v.next_step_at, v.next_notice_at, v.failure,
       r.number AS rotation_version, r.state AS rotation_state, r.next_step_at AS rotation_step_at,
       r.failure AS rotation_failure
  FROM ksef_credentials c
  -- The version that signs in, else the newest.
  LEFT JOIN LATERAL (
         SELECT * FROM ksef_credential_versions o WHERE o.credential_id = c.id
          ORDER BY o.state = 'active' DESC, o.number DESC LIMIT 1) v ON true
  -- The newest that is to take its place.
  LEFT JOIN LATERAL (
         SELECT * FROM ksef_credential_versions o
          WHERE o.credential_id = c.id AND o.number > v.number AND o.state IN ('requested', 'staged', 'proved', 'failed')
          ORDER BY o.number DESC LIMIT 1) r ON true;
GRANT SELECT ON ksef_credential_status TO fleet_app, fleet_system;
--> statement-breakpoint
-- The audit log anew, by months of `at`. The logins may neither change nor remove a line, nor choose its id or its
-- transaction, which give it its place in the chain: those columns are in no grant. A partition has neither grants nor
-- policies, so it is reached through the log alone.
ALTER TABLE ksef_audit_log RENAME TO ksef_audit_log_before;
ALTER TABLE ksef_audit_log_before RENAME CONSTRAINT ksef_audit_log_pkey TO ksef_audit_log_before_pkey;
ALTER INDEX ksef_audit_log_newest RENAME TO ksef_audit_log_before_newest;
CREATE SEQUENCE ksef_audit_log_number;
CREATE TABLE ksef_audit_log (
  id bigint NOT NULL DEFAULT nextval('ksef_audit_log_number'),
  company_id uuid,
  at timestamp (3) with time zone NOT NULL,
  actor text NOT NULL,
  action text NOT NULL,
  subject text NOT NULL,
  outcome text NOT NULL,
  taxpayer_nip text,
  provider_nip text,
  operation text,
  http_status integer,
  duration_ms integer,
  error_code text,
  request_id text,
  reference_number text,
  details jsonb,
  transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
  CONSTRAINT ksef_audit_log_pkey PRIMARY KEY (at, id),
  CONSTRAINT ksef_audit_log_outcome CHECK (outcome IN ('ok', 'refused', 'failed'))
) PARTITION BY RANGE (at);
ALTER SEQUENCE ksef_audit_log_number OWNED BY ksef_audit_log.id;
CREATE INDEX ksef_audit_log_newest ON ksef_audit_log (company_id, at, id);
CREATE INDEX ksef_audit_log_reference ON ksef_audit_log (reference_number) WHERE reference_number IS NOT NULL;
CREATE INDEX ksef_audit_log_order ON ksef_audit_log (transaction_id, id);
ALTER TABLE ksef_audit_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE ksef_audit_log FORCE ROW LEVEL SECURITY;
CREATE POLICY ksef_audit_log_company ON ksef_audit_log TO fleet_app
  USING (company_id = nullif(current_setting('fleet.company_id', true), '')::uuid);
CREATE POLICY ksef_audit_log_system ON ksef_audit_log TO fleet_system USING (true);
GRANT SELECT, INSERT (
  company_id, at, actor, action, subject, outcome, taxpayer_nip, provider_nip, operation, http_status, duration_ms,
  error_code, request_id, reference_number, details
) ON ksef_audit_log TO fleet_app, fleet_system;
GRANT USAGE ON SEQUENCE ksef_audit_log_number TO fleet_app, fleet_system;
-- For a moment whose month has no partition, so that no clock gone astray refuses an entry. The owner's policy is for
-- ksef_audit_log_keep, which empties it.
CREATE TABLE ksef_audit_log_default PARTITION OF ksef_audit_log DEFAULT;
ALTER TABLE ksef_audit_log_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE ksef_audit_log_default FORCE ROW LEVEL SECURITY;
CREATE POLICY ksef_audit_log_default_owner ON ksef_audit_log_default TO fleet_owner USING (true);
--> statement-breakpoint
-- Makes the partitions from last month to three months ahead, and drops those that ended `months` months before this one
-- began; answers the names dropped. The one function that runs with its owner's rights: making and dropping tables
-- takes an owner, and the system's login must not be one, or it could undo every wall. What it does with them is fixed
-- here but for the number of months, which is at least 1; its search path is pinned and every name is written out whole.
--
-- It drops before it makes: dropping locks the log before its partitions, as every reader and writer does. The other way
-- round, two could wait for each other.
CREATE FUNCTION ksef_audit_log_keep(months integer) RETURNS SETOF text
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $keep$
DECLARE
  present timestamp := date_trunc('month', statement_timestamp() AT TIME ZONE 'UTC');
  oldest timestamp;
  month timestamp;
  part text;
BEGIN
  IF months IS NULL OR months < 1 THEN
    RAISE EXCEPTION 'the audit log is kept for at least one month' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM pg_advisory_xact_lock(7234004);
  oldest := present - make_interval(months => months);
  FOR part IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'public.ksef_audit_log'::regclass AND c.relname ~ '^ksef_audit_log_[0-9]{4}_[0-9]{2}$'
       AND to_date(right(c.relname, 7), 'YYYY_MM') < oldest
     ORDER BY c.relname
  LOOP
    EXECUTE format('DROP TABLE public.%I', part);
    RETURN NEXT part;
  END LOOP;
  DELETE FROM public.ksef_audit_log_default WHERE at < oldest AT TIME ZONE 'UTC';
  FOR month IN SELECT generate_series(present - interval '1 month', present + interval '3 months', interval '1 month') LOOP
    part := 'ksef_audit_log_' || to_char(month, 'YYYY_MM');
    CONTINUE WHEN to_regclass('public.' || part) IS NOT NULL;
    LOCK TABLE public.ksef_audit_log_default IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('CREATE TABLE public.%I (LIKE public.ksef_audit_log INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part);
    EXECUTE format(
      'WITH moved AS (DELETE FROM public.ksef_audit_log_default WHERE at >= %L AND at < %L RETURNING *)
       INSERT INTO public.%I SELECT * FROM moved',
      month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC', part);
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', part);
    EXECUTE format(
      'ALTER TABLE public.ksef_audit_log ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
      part, month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
  END LOOP;
END
$keep$;
REVOKE EXECUTE ON FUNCTION ksef_audit_log_keep(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ksef_audit_log_keep(integer) TO fleet_system;
--> statement-breakpoint
-- A hundred years: makes partitions and drops none.
SELECT ksef_audit_log_keep(1200);
ALTER TABLE ksef_audit_log_before NO FORCE ROW LEVEL SECURITY;
ALTER TABLE ksef_audit_log NO FORCE ROW LEVEL SECURITY;
INSERT INTO ksef_audit_log (id, company_id, at, actor, action, subject, outcome, details)
SELECT id, company_id, at, actor, action, subject, outcome, details FROM ksef_audit_log_before ORDER BY id;
SELECT setval('ksef_audit_log_number', coalesce((SELECT max(id) FROM ksef_audit_log_before), 0) + 1, false);
ALTER TABLE ksef_audit_log FORCE ROW LEVEL SECURITY;
DROP TABLE ksef_audit_log_before;
--> statement-breakpoint
-- The chain spans companies: the system adds blocks and reads them, and changes none.
ALTER TABLE ksef_audit_seals ENABLE ROW LEVEL SECURITY;
ALTER TABLE ksef_audit_seals FORCE ROW LEVEL SECURITY;
CREATE POLICY ksef_audit_seals_system ON ksef_audit_seals TO fleet_system USING (true);
GRANT SELECT, INSERT ON ksef_audit_seals TO fleet_system;
