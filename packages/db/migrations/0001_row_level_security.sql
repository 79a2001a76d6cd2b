-- Row-level security, roles and grants: what drizzle-kit does not write.
--
-- fleet_owner   owns every table and runs the migrations. FORCE makes the policies bind it too, and it has none.
-- fleet_app     sees the company that the transaction has set, and nothing when none is set. `nullif` because a setting
--               that was local to a committed transaction comes back as an empty string, not as NULL.
-- fleet_system  crosses companies for the reasons in packages/core's SystemReason. A login of its own, never reached by
--               SET ROLE, so that a policy by role is safe here; its grants are the list of what it can do.
--
-- No grant of TRUNCATE, no DELETE but the outbox's, no view, no SECURITY DEFINER function. What never changes after the
-- insert is kept out of the UPDATE grants, so that no mistake can move a row to another company or alter its identity.

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO fleet_app, fleet_system;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
--> statement-breakpoint
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY api_keys_company ON api_keys TO fleet_app
  USING (company_id = nullif(current_setting('fleet.company_id', true), '')::uuid);
CREATE POLICY api_keys_system ON api_keys TO fleet_system USING (true);
--> statement-breakpoint
ALTER TABLE attempts ENABLE ROW LEVEL SECURITY;
ALTER TABLE attempts FORCE ROW LEVEL SECURITY;
CREATE POLICY attempts_company ON attempts TO fleet_app
  USING (company_id = nullif(current_setting('fleet.company_id', true), '')::uuid);
CREATE POLICY attempts_system ON attempts TO fleet_system USING (true);
--> statement-breakpoint
ALTER TABLE companies ENABLE ROW LEVEL SECURITY;
ALTER TABLE companies FORCE ROW LEVEL SECURITY;
CREATE POLICY companies_company ON companies TO fleet_app
  USING (id = nullif(current_setting('fleet.company_id', true), '')::uuid);
CREATE POLICY companies_system ON companies TO fleet_system USING (true);
--> statement-breakpoint
ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE idempotency_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY idempotency_keys_company ON idempotency_keys TO fleet_app
  USING (company_id = nullif(current_setting('fleet.company_id', true), '')::uuid);
CREATE POLICY idempotency_keys_system ON idempotency_keys TO fleet_system USING (true);
--> statement-breakpoint
ALTER TABLE ksef_audit_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE ksef_audit_log FORCE ROW LEVEL SECURITY;
CREATE POLICY ksef_audit_log_company ON ksef_audit_log TO fleet_app
  USING (company_id = nullif(current_setting('fleet.company_id', true), '')::uuid);
CREATE POLICY ksef_audit_log_system ON ksef_audit_log TO fleet_system USING (true);
--> statement-breakpoint
ALTER TABLE ksef_credentials ENABLE ROW LEVEL SECURITY;
ALTER TABLE ksef_credentials FORCE ROW LEVEL SECURITY;
CREATE POLICY ksef_credentials_company ON ksef_credentials TO fleet_app
  USING (company_id = nullif(current_setting('fleet.company_id', true), '')::uuid);
CREATE POLICY ksef_credentials_system ON ksef_credentials TO fleet_system USING (true);
--> statement-breakpoint
ALTER TABLE ksef_documents_raw ENABLE ROW LEVEL SECURITY;
ALTER TABLE ksef_documents_raw FORCE ROW LEVEL SECURITY;
CREATE POLICY ksef_documents_raw_company ON ksef_documents_raw TO fleet_app
  USING (company_id = nullif(current_setting('fleet.company_id', true), '')::uuid);
CREATE POLICY ksef_documents_raw_system ON ksef_documents_raw TO fleet_system USING (true);
--> statement-breakpoint
ALTER TABLE ksef_integrations ENABLE ROW LEVEL SECURITY;
ALTER TABLE ksef_integrations FORCE ROW LEVEL SECURITY;
CREATE POLICY ksef_integrations_company ON ksef_integrations TO fleet_app
  USING (company_id = nullif(current_setting('fleet.company_id', true), '')::uuid);
CREATE POLICY ksef_integrations_system ON ksef_integrations TO fleet_system USING (true);
--> statement-breakpoint
ALTER TABLE ksef_sync_state ENABLE ROW LEVEL SECURITY;
ALTER TABLE ksef_sync_state FORCE ROW LEVEL SECURITY;
CREATE POLICY ksef_sync_state_company ON ksef_sync_state TO fleet_app
  USING (company_id = nullif(current_setting('fleet.company_id', true), '')::uuid);
CREATE POLICY ksef_sync_state_system ON ksef_sync_state TO fleet_system USING (true);
--> statement-breakpoint
ALTER TABLE outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE outbox FORCE ROW LEVEL SECURITY;
CREATE POLICY outbox_company ON outbox TO fleet_app
  USING (company_id = nullif(current_setting('fleet.company_id', true), '')::uuid);
CREATE POLICY outbox_system ON outbox TO fleet_system USING (true);
--> statement-breakpoint
ALTER TABLE sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE sessions FORCE ROW LEVEL SECURITY;
CREATE POLICY sessions_company ON sessions TO fleet_app
  USING (company_id = nullif(current_setting('fleet.company_id', true), '')::uuid);
CREATE POLICY sessions_system ON sessions TO fleet_system USING (true);
--> statement-breakpoint
ALTER TABLE submissions ENABLE ROW LEVEL SECURITY;
ALTER TABLE submissions FORCE ROW LEVEL SECURITY;
CREATE POLICY submissions_company ON submissions TO fleet_app
  USING (company_id = nullif(current_setting('fleet.company_id', true), '')::uuid);
CREATE POLICY submissions_system ON submissions TO fleet_system USING (true);
--> statement-breakpoint
GRANT SELECT, INSERT ON companies, ksef_documents_raw, ksef_audit_log, idempotency_keys, outbox TO fleet_app;
GRANT SELECT, INSERT, UPDATE (state) ON ksef_credentials TO fleet_app;
GRANT SELECT, INSERT, UPDATE (revoked_at) ON api_keys TO fleet_app;
GRANT SELECT, INSERT, UPDATE (ended_at, outcome, code) ON attempts TO fleet_app;
GRANT SELECT, INSERT, UPDATE (checkpoint, next_sync_at, updated_at) ON ksef_sync_state TO fleet_app;
GRANT SELECT, INSERT, UPDATE (
  state, permissions_in_force, failure, verified_at, blocked_until, revoked_at, verify_due_at
) ON ksef_integrations TO fleet_app;
GRANT SELECT, INSERT, UPDATE (
  state, reference_number, valid_until, opened_at, last_used_at, lease_until, next_poll_at, polls, ksef_status_code
) ON sessions TO fleet_app;
GRANT SELECT, INSERT, UPDATE (
  state, session_id, reference_number, ksef_number, registered_at, upo_download_url, upo_document_id, reason, attempts,
  fence, lease_until, next_attempt_at, next_poll_at, polls, give_up_at, updated_at
) ON submissions TO fleet_app;
--> statement-breakpoint
GRANT SELECT ON companies, attempts TO fleet_system;
GRANT INSERT ON ksef_audit_log TO fleet_system;
GRANT SELECT, INSERT, UPDATE (last_used_at, revoked_at) ON api_keys TO fleet_system;
GRANT SELECT, UPDATE (verify_rung_at, send_rung_at) ON ksef_integrations TO fleet_system;
GRANT SELECT, UPDATE (finish_rung_at, poll_rung_at) ON sessions TO fleet_system;
GRANT SELECT, UPDATE (
  state, lease_until, next_attempt_at, next_poll_at, polls, updated_at, upo_rung_at
) ON submissions TO fleet_system;
-- SELECT FOR UPDATE asks for UPDATE on some column; an identity column takes no other value, so this one changes nothing.
GRANT SELECT, DELETE, UPDATE (id) ON outbox TO fleet_system;
