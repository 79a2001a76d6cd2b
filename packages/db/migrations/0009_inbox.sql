CREATE TABLE "ksef_exports" (
	"id" uuid NOT NULL,
	"company_id" uuid NOT NULL,
	"integration_id" uuid NOT NULL,
	"subject_type" text NOT NULL,
	"purpose" text NOT NULL,
	"state" text NOT NULL,
	"window_from" timestamp with time zone NOT NULL,
	"window_to" timestamp with time zone,
	"sealed_key" text NOT NULL,
	"compression" text NOT NULL,
	"reference_number" text,
	"polls" integer NOT NULL,
	"fetches" integer NOT NULL,
	"give_up_at" timestamp with time zone NOT NULL,
	"invoice_count" integer,
	"missing_count" integer,
	"code" text,
	"created_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	CONSTRAINT "ksef_exports_pkey" PRIMARY KEY("company_id","id"),
	CONSTRAINT "ksef_exports_purpose" CHECK ("ksef_exports"."purpose" in ('sync', 'audit')),
	CONSTRAINT "ksef_exports_state" CHECK ("ksef_exports"."state" in ('ordered', 'waiting', 'done', 'abandoned')),
	CONSTRAINT "ksef_exports_compression" CHECK ("ksef_exports"."compression" in ('TarGz', 'Zip')),
	CONSTRAINT "ksef_exports_waiting_is_known_to_ksef" CHECK ("ksef_exports"."state" <> 'waiting' or "ksef_exports"."reference_number" is not null),
	CONSTRAINT "ksef_exports_end_is_dated" CHECK (("ksef_exports"."state" in ('done', 'abandoned')) = ("ksef_exports"."ended_at" is not null)),
	CONSTRAINT "ksef_exports_abandoned_has_code" CHECK ("ksef_exports"."state" <> 'abandoned' or "ksef_exports"."code" is not null)
);
--> statement-breakpoint
CREATE TABLE "ksef_missing_documents" (
	"company_id" uuid NOT NULL,
	"integration_id" uuid NOT NULL,
	"subject_type" text NOT NULL,
	"ksef_number" text NOT NULL,
	"invoice_hash" text NOT NULL,
	"permanent_storage_date" timestamp with time zone,
	"code" text NOT NULL,
	"tries" integer NOT NULL,
	"next_try_at" timestamp with time zone,
	"found_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	CONSTRAINT "ksef_missing_documents_pkey" PRIMARY KEY("company_id","integration_id","subject_type","ksef_number"),
	CONSTRAINT "ksef_missing_documents_is_timed" CHECK (("ksef_missing_documents"."ended_at" is null) = ("ksef_missing_documents"."next_try_at" is not null))
);
--> statement-breakpoint
CREATE TABLE "ksef_sync_windows" (
	"id" uuid NOT NULL,
	"company_id" uuid NOT NULL,
	"integration_id" uuid NOT NULL,
	"subject_type" text NOT NULL,
	"window_from" timestamp with time zone NOT NULL,
	"window_to" timestamp with time zone NOT NULL,
	"source" text NOT NULL,
	"listed" bigint NOT NULL,
	"added" bigint NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "ksef_sync_windows_pkey" PRIMARY KEY("company_id","id"),
	CONSTRAINT "ksef_sync_windows_source" CHECK ("ksef_sync_windows"."source" in ('export', 'metadata')),
	CONSTRAINT "ksef_sync_windows_order" CHECK ("ksef_sync_windows"."window_from" <= "ksef_sync_windows"."window_to")
);
--> statement-breakpoint
ALTER TABLE "ksef_sync_state" ADD COLUMN "start_at" timestamp with time zone;--> statement-breakpoint
-- The owner is bound by row-level security as well, and has no policy.
ALTER TABLE ksef_sync_state NO FORCE ROW LEVEL SECURITY;
UPDATE ksef_sync_state SET start_at = checkpoint, next_sync_at = coalesce(next_sync_at, now());
ALTER TABLE ksef_sync_state FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "ksef_sync_state" ALTER COLUMN "start_at" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "ksef_sync_state" ADD COLUMN "interval_seconds" integer;--> statement-breakpoint
ALTER TABLE "ksef_sync_state" ADD COLUMN "is_enabled" boolean DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE "ksef_sync_state" ADD COLUMN "held" jsonb;--> statement-breakpoint
ALTER TABLE "ksef_sync_state" ADD COLUMN "fence" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "ksef_sync_state" ADD COLUMN "lease_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "ksef_sync_state" ADD COLUMN "failures" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "ksef_sync_state" ADD COLUMN "failing_since" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "ksef_sync_state" ADD COLUMN "failure" jsonb;--> statement-breakpoint
ALTER TABLE "ksef_sync_state" ADD COLUMN "completed_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "ksef_sync_state" ADD COLUMN "received" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "ksef_sync_state" ADD COLUMN "pace" double precision;--> statement-breakpoint
ALTER TABLE "ksef_sync_state" ADD COLUMN "late_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "ksef_sync_state" ADD COLUMN "late_told_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "ksef_sync_state" ADD COLUMN "next_audit_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "ksef_sync_state" ADD COLUMN "audit_failure" jsonb;--> statement-breakpoint
ALTER TABLE "ksef_sync_state" ADD COLUMN "late_rung_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "ksef_exports" ADD CONSTRAINT "ksef_exports_sync_fkey" FOREIGN KEY ("company_id","integration_id","subject_type") REFERENCES "public"."ksef_sync_state"("company_id","integration_id","subject_type") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ksef_missing_documents" ADD CONSTRAINT "ksef_missing_documents_sync_fkey" FOREIGN KEY ("company_id","integration_id","subject_type") REFERENCES "public"."ksef_sync_state"("company_id","integration_id","subject_type") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ksef_sync_windows" ADD CONSTRAINT "ksef_sync_windows_sync_fkey" FOREIGN KEY ("company_id","integration_id","subject_type") REFERENCES "public"."ksef_sync_state"("company_id","integration_id","subject_type") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "ksef_exports_under_way_key" ON "ksef_exports" USING btree ("company_id","integration_id","subject_type") WHERE "ksef_exports"."state" in ('ordered', 'waiting');--> statement-breakpoint
CREATE INDEX "ksef_exports_audits" ON "ksef_exports" USING btree ("company_id","integration_id","subject_type","ended_at") WHERE "ksef_exports"."purpose" = 'audit' and "ksef_exports"."state" = 'done';--> statement-breakpoint
CREATE INDEX "ksef_exports_ended" ON "ksef_exports" USING btree ("ended_at") WHERE "ksef_exports"."ended_at" is not null;--> statement-breakpoint
CREATE INDEX "ksef_missing_documents_open" ON "ksef_missing_documents" USING btree ("company_id","integration_id","subject_type","next_try_at") WHERE "ksef_missing_documents"."ended_at" is null;--> statement-breakpoint
CREATE INDEX "ksef_sync_windows_in_time" ON "ksef_sync_windows" USING btree ("company_id","integration_id","subject_type","window_from");--> statement-breakpoint
CREATE INDEX "ksef_sync_state_late" ON "ksef_sync_state" USING btree ("late_at") WHERE "ksef_sync_state"."late_at" is not null and "ksef_sync_state"."late_told_at" is null;--> statement-breakpoint
ALTER TABLE "ksef_sync_state" ADD CONSTRAINT "ksef_sync_state_interval" CHECK ("ksef_sync_state"."interval_seconds" > 0);--> statement-breakpoint
ALTER TABLE "ksef_sync_state" ADD CONSTRAINT "ksef_sync_state_is_timed_or_held" CHECK (("ksef_sync_state"."next_sync_at" is null) = ("ksef_sync_state"."held" is not null));
--> statement-breakpoint
ALTER TABLE ksef_exports ENABLE ROW LEVEL SECURITY;
ALTER TABLE ksef_exports FORCE ROW LEVEL SECURITY;
CREATE POLICY ksef_exports_company ON ksef_exports TO fleet_app
  USING (company_id = nullif(current_setting('fleet.company_id', true), '')::uuid);
CREATE POLICY ksef_exports_system ON ksef_exports TO fleet_system USING (true);
--> statement-breakpoint
ALTER TABLE ksef_missing_documents ENABLE ROW LEVEL SECURITY;
ALTER TABLE ksef_missing_documents FORCE ROW LEVEL SECURITY;
CREATE POLICY ksef_missing_documents_company ON ksef_missing_documents TO fleet_app
  USING (company_id = nullif(current_setting('fleet.company_id', true), '')::uuid);
CREATE POLICY ksef_missing_documents_system ON ksef_missing_documents TO fleet_system USING (true);
--> statement-breakpoint
ALTER TABLE ksef_sync_windows ENABLE ROW LEVEL SECURITY;
ALTER TABLE ksef_sync_windows FORCE ROW LEVEL SECURITY;
CREATE POLICY ksef_sync_windows_company ON ksef_sync_windows TO fleet_app
  USING (company_id = nullif(current_setting('fleet.company_id', true), '')::uuid);
CREATE POLICY ksef_sync_windows_system ON ksef_sync_windows TO fleet_system USING (true);
--> statement-breakpoint
GRANT UPDATE (
  start_at, interval_seconds, is_enabled, held, fence, lease_until, failures, failing_since, failure, completed_at,
  received, pace, late_at, late_told_at, next_audit_at, audit_failure
) ON ksef_sync_state TO fleet_app;
GRANT SELECT, INSERT, UPDATE (
  state, reference_number, polls, fetches, invoice_count, missing_count, window_to, code, ended_at
) ON ksef_exports TO fleet_app;
GRANT SELECT, INSERT, UPDATE (window_to, listed, added) ON ksef_sync_windows TO fleet_app;
GRANT SELECT, INSERT, UPDATE (code, tries, next_try_at, ended_at) ON ksef_missing_documents TO fleet_app;
GRANT SELECT, UPDATE (sync_rung_at, late_rung_at) ON ksef_sync_state TO fleet_system;
GRANT SELECT ON ksef_missing_documents TO fleet_system;
--> statement-breakpoint
-- Each sync rewrites its row some times in a quarter of an hour: mostly in its own page, and what was due does not pile up at the
-- head of the index that every tick reads.
ALTER TABLE ksef_sync_state SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.2);
--> statement-breakpoint
-- Documents by the ten thousand are packed several times faster, to about the same size. A server that was built without it
-- packs as before.
DO $compression$ BEGIN
  ALTER TABLE ksef_documents_raw ALTER COLUMN content SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN NULL;
END $compression$;
