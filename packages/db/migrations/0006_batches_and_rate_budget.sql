CREATE TABLE "ksef_rate_blocks" (
	"company_id" uuid NOT NULL,
	"integration_id" uuid NOT NULL,
	"limit_group" text NOT NULL,
	"blocked_until" timestamp with time zone NOT NULL,
	CONSTRAINT "ksef_rate_blocks_pkey" PRIMARY KEY("company_id","integration_id","limit_group")
);
--> statement-breakpoint
CREATE TABLE "batches" (
	"id" uuid NOT NULL,
	"company_id" uuid NOT NULL,
	"environment" text NOT NULL,
	"source" text NOT NULL,
	"invoice_count" integer NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "batches_pkey" PRIMARY KEY("company_id","id"),
	CONSTRAINT "batches_environment" CHECK ("batches"."environment" in ('test', 'demo', 'production')),
	CONSTRAINT "batches_source" CHECK ("batches"."source" in ('zip', 'tar-gz', 'files')),
	CONSTRAINT "batches_invoice_count" CHECK ("batches"."invoice_count" > 0)
);
--> statement-breakpoint
CREATE TABLE "session_parts" (
	"company_id" uuid NOT NULL,
	"session_id" uuid NOT NULL,
	"ordinal_number" integer NOT NULL,
	"file_size" bigint NOT NULL,
	"file_hash" text NOT NULL,
	"sealed_upload" text NOT NULL,
	"uploaded_at" timestamp with time zone,
	CONSTRAINT "session_parts_pkey" PRIMARY KEY("company_id","session_id","ordinal_number")
);
--> statement-breakpoint
ALTER TABLE "submissions" DROP CONSTRAINT "submissions_state";--> statement-breakpoint
DROP INDEX "sessions_current_key";--> statement-breakpoint
ALTER TABLE "idempotency_keys" ALTER COLUMN "submission_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "ksef_integrations" ADD COLUMN "rate_limits" jsonb;--> statement-breakpoint
ALTER TABLE "ksef_integrations" ADD COLUMN "context_limits" jsonb;--> statement-breakpoint
ALTER TABLE "ksef_integrations" ADD COLUMN "limits_read_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "ksef_integrations" ADD COLUMN "dispatch_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "idempotency_keys" ADD COLUMN "batch_id" uuid;--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "fence" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "compression" text;--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "invoice_count" integer;--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "package_size" bigint;--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "package_hash" text;--> statement-breakpoint
ALTER TABLE "submissions" ADD COLUMN "has_attachment" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "submissions" ADD COLUMN "delivery" text DEFAULT 'auto' NOT NULL;--> statement-breakpoint
ALTER TABLE "submissions" ADD COLUMN "batch_id" uuid;--> statement-breakpoint
ALTER TABLE "submissions" ADD COLUMN "package_ordinal" integer;--> statement-breakpoint
ALTER TABLE "submissions" ADD COLUMN "package_max" integer;--> statement-breakpoint
ALTER TABLE "ksef_rate_blocks" ADD CONSTRAINT "ksef_rate_blocks_integration_fkey" FOREIGN KEY ("company_id","integration_id") REFERENCES "public"."ksef_integrations"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "batches" ADD CONSTRAINT "batches_company_id_companies_id_fk" FOREIGN KEY ("company_id") REFERENCES "public"."companies"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "session_parts" ADD CONSTRAINT "session_parts_session_fkey" FOREIGN KEY ("company_id","session_id") REFERENCES "public"."sessions"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "batches_newest" ON "batches" USING btree ("company_id","created_at","id");--> statement-breakpoint
ALTER TABLE "idempotency_keys" ADD CONSTRAINT "idempotency_keys_batch_fkey" FOREIGN KEY ("company_id","batch_id") REFERENCES "public"."batches"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "submissions" ADD CONSTRAINT "submissions_batch_fkey" FOREIGN KEY ("company_id","batch_id") REFERENCES "public"."batches"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "attempts_under_way" ON "attempts" USING btree ("company_id","session_id") WHERE "attempts"."ended_at" is null;--> statement-breakpoint
CREATE INDEX "sessions_batches_under_way" ON "sessions" USING btree ("company_id","environment") WHERE "sessions"."kind" = 'batch' and "sessions"."state" in ('opening', 'open', 'closing', 'closed');--> statement-breakpoint
CREATE INDEX "submissions_batch" ON "submissions" USING btree ("company_id","batch_id") WHERE "submissions"."batch_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "sessions_current_key" ON "sessions" USING btree ("company_id","environment","form_code") WHERE "sessions"."kind" = 'online' and "sessions"."state" in ('opening', 'open');--> statement-breakpoint
ALTER TABLE "idempotency_keys" ADD CONSTRAINT "idempotency_keys_is_bound" CHECK ("idempotency_keys"."submission_id" is not null or "idempotency_keys"."batch_id" is not null);--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_kind" CHECK ("sessions"."kind" in ('online', 'batch'));--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_compression" CHECK ("sessions"."compression" in ('TarGz', 'Zip'));--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_batch_is_described" CHECK (("sessions"."kind" = 'batch') = ("sessions"."compression" is not null and "sessions"."invoice_count" is not null));--> statement-breakpoint
ALTER TABLE "submissions" ADD CONSTRAINT "submissions_delivery" CHECK ("submissions"."delivery" in ('auto', 'immediate', 'batch'));--> statement-breakpoint
ALTER TABLE "submissions" ADD CONSTRAINT "submissions_packed_has_place" CHECK ("submissions"."state" <> 'packed' or ("submissions"."session_id" is not null and "submissions"."package_ordinal" is not null));--> statement-breakpoint
ALTER TABLE "submissions" ADD CONSTRAINT "submissions_package_max" CHECK ("submissions"."package_max" > 0);--> statement-breakpoint
ALTER TABLE "submissions" ADD CONSTRAINT "submissions_state" CHECK ("submissions"."state" in ('pending', 'claimed', 'packed', 'sent', 'lost', 'registered', 'receipted', 'rejected', 'held'));--> statement-breakpoint
ALTER TABLE batches ENABLE ROW LEVEL SECURITY;
ALTER TABLE batches FORCE ROW LEVEL SECURITY;
CREATE POLICY batches_company ON batches TO fleet_app
  USING (company_id = nullif(current_setting('fleet.company_id', true), '')::uuid);
CREATE POLICY batches_system ON batches TO fleet_system USING (true);
--> statement-breakpoint
ALTER TABLE session_parts ENABLE ROW LEVEL SECURITY;
ALTER TABLE session_parts FORCE ROW LEVEL SECURITY;
CREATE POLICY session_parts_company ON session_parts TO fleet_app
  USING (company_id = nullif(current_setting('fleet.company_id', true), '')::uuid);
CREATE POLICY session_parts_system ON session_parts TO fleet_system USING (true);
--> statement-breakpoint
ALTER TABLE ksef_rate_blocks ENABLE ROW LEVEL SECURITY;
ALTER TABLE ksef_rate_blocks FORCE ROW LEVEL SECURITY;
CREATE POLICY ksef_rate_blocks_company ON ksef_rate_blocks TO fleet_app
  USING (company_id = nullif(current_setting('fleet.company_id', true), '')::uuid);
CREATE POLICY ksef_rate_blocks_system ON ksef_rate_blocks TO fleet_system USING (true);
--> statement-breakpoint
GRANT SELECT, INSERT ON batches TO fleet_app;
GRANT SELECT, INSERT, UPDATE (sealed_upload, uploaded_at) ON session_parts TO fleet_app;
GRANT SELECT, INSERT, UPDATE (blocked_until) ON ksef_rate_blocks TO fleet_app;
GRANT UPDATE (rate_limits, context_limits, limits_read_at, dispatch_at) ON ksef_integrations TO fleet_app;
GRANT UPDATE (fence, package_size, package_hash) ON sessions TO fleet_app;
GRANT UPDATE (package_ordinal, package_max) ON submissions TO fleet_app;
