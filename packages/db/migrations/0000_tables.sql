CREATE TABLE "api_keys" (
	"id" uuid PRIMARY KEY NOT NULL,
	"company_id" uuid,
	"name" text NOT NULL,
	"hint" text NOT NULL,
	"hash" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"last_used_at" timestamp with time zone,
	"revoked_at" timestamp with time zone,
	CONSTRAINT "api_keys_hash_key" UNIQUE("hash")
);
--> statement-breakpoint
CREATE TABLE "attempts" (
	"company_id" uuid NOT NULL,
	"submission_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"session_id" uuid NOT NULL,
	"invoice_hash" text NOT NULL,
	"fence" integer NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	"outcome" text,
	"code" text,
	CONSTRAINT "attempts_pkey" PRIMARY KEY("company_id","submission_id","number"),
	CONSTRAINT "attempts_outcome" CHECK ("attempts"."outcome" in ('done', 'not-done', 'unknown'))
);
--> statement-breakpoint
CREATE TABLE "companies" (
	"id" uuid PRIMARY KEY NOT NULL,
	"nip" text NOT NULL,
	"name" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "companies_nip_key" UNIQUE("nip")
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"company_id" uuid NOT NULL,
	"key" text NOT NULL,
	"fingerprint" text NOT NULL,
	"submission_id" uuid NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "idempotency_keys_pkey" PRIMARY KEY("company_id","key")
);
--> statement-breakpoint
CREATE TABLE "ksef_audit_log" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "ksef_audit_log_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"company_id" uuid,
	"at" timestamp with time zone NOT NULL,
	"actor" text NOT NULL,
	"action" text NOT NULL,
	"subject" text NOT NULL,
	"outcome" text NOT NULL,
	"details" jsonb,
	CONSTRAINT "ksef_audit_log_outcome" CHECK ("ksef_audit_log"."outcome" in ('ok', 'refused', 'failed'))
);
--> statement-breakpoint
CREATE TABLE "ksef_credentials" (
	"id" uuid PRIMARY KEY NOT NULL,
	"company_id" uuid,
	"kind" text NOT NULL,
	"secret_ref" text NOT NULL,
	"version" integer NOT NULL,
	"serial_number" text,
	"fingerprint" text,
	"subject" text,
	"not_before" timestamp with time zone,
	"not_after" timestamp with time zone,
	"state" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "ksef_credentials_company_id_id_key" UNIQUE("company_id","id"),
	CONSTRAINT "ksef_credentials_kind" CHECK ("ksef_credentials"."kind" in ('certificate', 'token')),
	CONSTRAINT "ksef_credentials_state" CHECK ("ksef_credentials"."state" in ('active', 'erased'))
);
--> statement-breakpoint
CREATE TABLE "ksef_documents_raw" (
	"id" uuid NOT NULL,
	"company_id" uuid NOT NULL,
	"environment" text NOT NULL,
	"direction" text NOT NULL,
	"kind" text NOT NULL,
	"hash" text NOT NULL,
	"content" "bytea" NOT NULL,
	"ksef_number" text,
	"session_id" uuid,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "ksef_documents_raw_pkey" PRIMARY KEY("company_id","id"),
	CONSTRAINT "ksef_documents_raw_environment" CHECK ("ksef_documents_raw"."environment" in ('test', 'demo', 'production')),
	CONSTRAINT "ksef_documents_raw_direction" CHECK ("ksef_documents_raw"."direction" in ('outgoing', 'incoming')),
	CONSTRAINT "ksef_documents_raw_kind" CHECK ("ksef_documents_raw"."kind" in ('invoice', 'upo', 'session-upo'))
);
--> statement-breakpoint
CREATE TABLE "ksef_integrations" (
	"id" uuid NOT NULL,
	"company_id" uuid NOT NULL,
	"environment" text NOT NULL,
	"context" jsonb NOT NULL,
	"credential_id" uuid NOT NULL,
	"state" text NOT NULL,
	"permissions_in_force" text[] NOT NULL,
	"failure" jsonb,
	"verified_at" timestamp with time zone,
	"blocked_until" timestamp with time zone,
	"created_at" timestamp with time zone NOT NULL,
	"revoked_at" timestamp with time zone,
	"verify_due_at" timestamp with time zone,
	"verify_rung_at" timestamp with time zone,
	"send_rung_at" timestamp with time zone,
	CONSTRAINT "ksef_integrations_pkey" PRIMARY KEY("company_id","id"),
	CONSTRAINT "ksef_integrations_environment" CHECK ("ksef_integrations"."environment" in ('test', 'demo', 'production')),
	CONSTRAINT "ksef_integrations_state" CHECK ("ksef_integrations"."state" in ('pending', 'active', 'failed', 'revoked'))
);
--> statement-breakpoint
CREATE TABLE "ksef_sync_state" (
	"company_id" uuid NOT NULL,
	"integration_id" uuid NOT NULL,
	"subject_type" text NOT NULL,
	"checkpoint" timestamp with time zone NOT NULL,
	"next_sync_at" timestamp with time zone,
	"sync_rung_at" timestamp with time zone,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "ksef_sync_state_pkey" PRIMARY KEY("company_id","integration_id","subject_type"),
	CONSTRAINT "ksef_sync_state_subject_type" CHECK ("ksef_sync_state"."subject_type" in ('Subject1', 'Subject2', 'Subject3', 'SubjectAuthorized'))
);
--> statement-breakpoint
CREATE TABLE "outbox" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "outbox_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"company_id" uuid NOT NULL,
	"job" text NOT NULL,
	"key" text NOT NULL,
	"payload" jsonb NOT NULL,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"id" uuid NOT NULL,
	"company_id" uuid NOT NULL,
	"environment" text NOT NULL,
	"kind" text NOT NULL,
	"form_code" text NOT NULL,
	"state" text NOT NULL,
	"reference_number" text,
	"sealed_key" text NOT NULL,
	"valid_until" timestamp with time zone,
	"opened_at" timestamp with time zone,
	"last_used_at" timestamp with time zone,
	"lease_until" timestamp with time zone,
	"next_poll_at" timestamp with time zone,
	"polls" integer NOT NULL,
	"ksef_status_code" integer,
	"created_at" timestamp with time zone NOT NULL,
	"finish_rung_at" timestamp with time zone,
	"poll_rung_at" timestamp with time zone,
	CONSTRAINT "sessions_pkey" PRIMARY KEY("company_id","id"),
	CONSTRAINT "sessions_environment" CHECK ("sessions"."environment" in ('test', 'demo', 'production')),
	CONSTRAINT "sessions_state" CHECK ("sessions"."state" in ('opening', 'open', 'closing', 'closed', 'settled', 'abandoned')),
	CONSTRAINT "sessions_opening_is_leased" CHECK ("sessions"."state" <> 'opening' or "sessions"."lease_until" is not null),
	CONSTRAINT "sessions_open_is_known_to_ksef" CHECK ("sessions"."state" in ('opening', 'abandoned') or ("sessions"."reference_number" is not null and "sessions"."valid_until" is not null))
);
--> statement-breakpoint
CREATE TABLE "submissions" (
	"id" uuid NOT NULL,
	"company_id" uuid NOT NULL,
	"environment" text NOT NULL,
	"document_id" uuid NOT NULL,
	"state" text NOT NULL,
	"form_code" text NOT NULL,
	"seller_nip" text NOT NULL,
	"kind" text NOT NULL,
	"number" text NOT NULL,
	"issue_date" date NOT NULL,
	"invoice_hash" text NOT NULL,
	"invoice_size" integer NOT NULL,
	"session_id" uuid,
	"reference_number" text,
	"ksef_number" text,
	"registered_at" timestamp with time zone,
	"upo_download_url" text,
	"upo_document_id" uuid,
	"reason" jsonb,
	"attempts" integer NOT NULL,
	"fence" integer NOT NULL,
	"lease_until" timestamp with time zone,
	"next_attempt_at" timestamp with time zone,
	"next_poll_at" timestamp with time zone,
	"polls" integer NOT NULL,
	"give_up_at" timestamp with time zone,
	"traceparent" text,
	"created_at" timestamp with time zone NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	"upo_rung_at" timestamp with time zone,
	CONSTRAINT "submissions_pkey" PRIMARY KEY("company_id","id"),
	CONSTRAINT "submissions_environment" CHECK ("submissions"."environment" in ('test', 'demo', 'production')),
	CONSTRAINT "submissions_state" CHECK ("submissions"."state" in ('pending', 'claimed', 'sent', 'lost', 'registered', 'receipted', 'rejected', 'held')),
	CONSTRAINT "submissions_pending_is_timed" CHECK ("submissions"."state" <> 'pending' or "submissions"."next_attempt_at" is not null),
	CONSTRAINT "submissions_claimed_is_leased" CHECK ("submissions"."state" <> 'claimed' or "submissions"."lease_until" is not null),
	CONSTRAINT "submissions_sent_is_timed" CHECK ("submissions"."state" not in ('sent', 'lost') or ("submissions"."session_id" is not null and "submissions"."next_poll_at" is not null)),
	CONSTRAINT "submissions_registered_is_timed" CHECK ("submissions"."state" <> 'registered' or ("submissions"."ksef_number" is not null and "submissions"."next_poll_at" is not null)),
	CONSTRAINT "submissions_receipted_has_upo" CHECK ("submissions"."state" <> 'receipted' or "submissions"."upo_document_id" is not null),
	CONSTRAINT "submissions_refusal_has_reason" CHECK ("submissions"."state" not in ('rejected', 'held') or "submissions"."reason" is not null)
);
--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_company_id_companies_id_fk" FOREIGN KEY ("company_id") REFERENCES "public"."companies"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "attempts" ADD CONSTRAINT "attempts_submission_fkey" FOREIGN KEY ("company_id","submission_id") REFERENCES "public"."submissions"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "attempts" ADD CONSTRAINT "attempts_session_fkey" FOREIGN KEY ("company_id","session_id") REFERENCES "public"."sessions"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "idempotency_keys" ADD CONSTRAINT "idempotency_keys_submission_fkey" FOREIGN KEY ("company_id","submission_id") REFERENCES "public"."submissions"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ksef_audit_log" ADD CONSTRAINT "ksef_audit_log_company_id_companies_id_fk" FOREIGN KEY ("company_id") REFERENCES "public"."companies"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ksef_credentials" ADD CONSTRAINT "ksef_credentials_company_id_companies_id_fk" FOREIGN KEY ("company_id") REFERENCES "public"."companies"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ksef_documents_raw" ADD CONSTRAINT "ksef_documents_raw_company_id_companies_id_fk" FOREIGN KEY ("company_id") REFERENCES "public"."companies"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ksef_documents_raw" ADD CONSTRAINT "ksef_documents_raw_session_fkey" FOREIGN KEY ("company_id","session_id") REFERENCES "public"."sessions"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ksef_integrations" ADD CONSTRAINT "ksef_integrations_credential_fkey" FOREIGN KEY ("company_id","credential_id") REFERENCES "public"."ksef_credentials"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ksef_sync_state" ADD CONSTRAINT "ksef_sync_state_integration_fkey" FOREIGN KEY ("company_id","integration_id") REFERENCES "public"."ksef_integrations"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_company_id_companies_id_fk" FOREIGN KEY ("company_id") REFERENCES "public"."companies"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "submissions" ADD CONSTRAINT "submissions_document_fkey" FOREIGN KEY ("company_id","document_id") REFERENCES "public"."ksef_documents_raw"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "submissions" ADD CONSTRAINT "submissions_upo_document_fkey" FOREIGN KEY ("company_id","upo_document_id") REFERENCES "public"."ksef_documents_raw"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "submissions" ADD CONSTRAINT "submissions_session_fkey" FOREIGN KEY ("company_id","session_id") REFERENCES "public"."sessions"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "ksef_audit_log_newest" ON "ksef_audit_log" USING btree ("company_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "ksef_documents_raw_ksef_number_key" ON "ksef_documents_raw" USING btree ("company_id","environment","kind","ksef_number") WHERE "ksef_documents_raw"."ksef_number" is not null;--> statement-breakpoint
CREATE INDEX "ksef_documents_raw_session" ON "ksef_documents_raw" USING btree ("company_id","session_id") WHERE "ksef_documents_raw"."session_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "ksef_integrations_current_key" ON "ksef_integrations" USING btree ("company_id","environment") WHERE "ksef_integrations"."state" <> 'revoked';--> statement-breakpoint
CREATE INDEX "ksef_integrations_verify_due" ON "ksef_integrations" USING btree ("verify_due_at") WHERE "ksef_integrations"."verify_due_at" is not null;--> statement-breakpoint
CREATE INDEX "ksef_sync_state_due" ON "ksef_sync_state" USING btree ("next_sync_at") WHERE "ksef_sync_state"."next_sync_at" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "sessions_current_key" ON "sessions" USING btree ("company_id","environment","form_code") WHERE "sessions"."state" in ('opening', 'open');--> statement-breakpoint
CREATE INDEX "sessions_reference" ON "sessions" USING btree ("company_id","reference_number");--> statement-breakpoint
CREATE INDEX "sessions_unfinished" ON "sessions" USING btree ("created_at") WHERE "sessions"."state" in ('opening', 'open', 'closing', 'closed');--> statement-breakpoint
CREATE UNIQUE INDEX "submissions_number_key" ON "submissions" USING btree ("company_id","environment","seller_nip","kind","number") WHERE "submissions"."state" <> 'rejected';--> statement-breakpoint
CREATE INDEX "submissions_newest" ON "submissions" USING btree ("company_id","created_at","id");--> statement-breakpoint
CREATE INDEX "submissions_session" ON "submissions" USING btree ("company_id","session_id") WHERE "submissions"."session_id" is not null;--> statement-breakpoint
CREATE INDEX "submissions_pending" ON "submissions" USING btree ("company_id","environment","form_code","next_attempt_at") WHERE "submissions"."state" = 'pending';--> statement-breakpoint
CREATE INDEX "submissions_held" ON "submissions" USING btree ("company_id","environment") WHERE "submissions"."state" = 'held';--> statement-breakpoint
CREATE INDEX "submissions_claimed" ON "submissions" USING btree ("lease_until") WHERE "submissions"."state" = 'claimed';--> statement-breakpoint
CREATE INDEX "submissions_to_poll" ON "submissions" USING btree ("next_poll_at") WHERE "submissions"."state" in ('sent', 'lost');--> statement-breakpoint
CREATE INDEX "submissions_to_receipt" ON "submissions" USING btree ("next_poll_at") WHERE "submissions"."state" = 'registered';