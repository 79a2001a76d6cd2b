CREATE TABLE "ksef_availability" (
	"environment" text PRIMARY KEY NOT NULL,
	"availability" jsonb NOT NULL,
	"since" timestamp with time zone NOT NULL,
	"probes" jsonb NOT NULL,
	"lighthouse" text,
	"looked_at" timestamp with time zone,
	"next_look_at" timestamp with time zone NOT NULL,
	"outages_changed_at" timestamp with time zone NOT NULL,
	CONSTRAINT "ksef_availability_environment" CHECK ("ksef_availability"."environment" in ('test', 'demo', 'production'))
);
--> statement-breakpoint
CREATE TABLE "ksef_call_counts" (
	"environment" text NOT NULL,
	"minute" timestamp with time zone NOT NULL,
	"calls" integer NOT NULL,
	"unreached" integer NOT NULL,
	"answered_at" timestamp with time zone,
	CONSTRAINT "ksef_call_counts_pkey" PRIMARY KEY("environment","minute"),
	CONSTRAINT "ksef_call_counts_environment" CHECK ("ksef_call_counts"."environment" in ('test', 'demo', 'production'))
);
--> statement-breakpoint
CREATE TABLE "ksef_outages" (
	"id" uuid PRIMARY KEY NOT NULL,
	"environment" text NOT NULL,
	"kind" text NOT NULL,
	"announced_at" timestamp with time zone NOT NULL,
	"start_at" timestamp with time zone NOT NULL,
	"end_at" timestamp with time zone,
	"source" text NOT NULL,
	"reference" text,
	"note" text,
	"created_at" timestamp with time zone NOT NULL,
	"withdrawn_at" timestamp with time zone,
	CONSTRAINT "ksef_outages_environment" CHECK ("ksef_outages"."environment" in ('test', 'demo', 'production')),
	CONSTRAINT "ksef_outages_kind" CHECK ("ksef_outages"."kind" in ('unavailability', 'failure', 'totalFailure')),
	CONSTRAINT "ksef_outages_source" CHECK ("ksef_outages"."source" in ('lighthouse', 'administrator')),
	CONSTRAINT "ksef_outages_source_fits" CHECK (("ksef_outages"."source" = 'lighthouse') = ("ksef_outages"."reference" is not null)),
	CONSTRAINT "ksef_outages_order" CHECK ("ksef_outages"."end_at" >= "ksef_outages"."start_at")
);
--> statement-breakpoint
CREATE TABLE "offline_settings" (
	"company_id" uuid PRIMARY KEY NOT NULL,
	"automatic" boolean NOT NULL,
	"changed_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "ksef_credentials" DROP CONSTRAINT "ksef_credentials_kind";--> statement-breakpoint
ALTER TABLE "ksef_integrations" ADD COLUMN "deadlines_rung_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "offline" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "submissions" ADD COLUMN "offline_mode" text;--> statement-breakpoint
ALTER TABLE "submissions" ADD COLUMN "offline_choice" text;--> statement-breakpoint
ALTER TABLE "submissions" ADD COLUMN "deadline" date;--> statement-breakpoint
ALTER TABLE "submissions" ADD COLUMN "outages_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "submissions" ADD COLUMN "alarm_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "submissions" ADD COLUMN "alarm_stage" text;--> statement-breakpoint
ALTER TABLE "submissions" ADD COLUMN "waits_for" uuid[];--> statement-breakpoint
ALTER TABLE "submissions" ADD COLUMN "is_awaited" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "submissions" ADD COLUMN "corrects_id" uuid;--> statement-breakpoint
ALTER TABLE "submissions" ADD COLUMN "corrects_hash" text;--> statement-breakpoint
ALTER TABLE "offline_settings" ADD CONSTRAINT "offline_settings_company_id_companies_id_fk" FOREIGN KEY ("company_id") REFERENCES "public"."companies"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "ksef_outages_reference_key" ON "ksef_outages" USING btree ("environment","reference") WHERE "ksef_outages"."reference" is not null;--> statement-breakpoint
CREATE INDEX "ksef_outages_latest" ON "ksef_outages" USING btree ("environment","start_at");--> statement-breakpoint
ALTER TABLE "submissions" ADD CONSTRAINT "submissions_corrects_fkey" FOREIGN KEY ("company_id","corrects_id") REFERENCES "public"."submissions"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
DROP INDEX "submissions_pending";--> statement-breakpoint
CREATE INDEX "submissions_pending" ON "submissions" USING btree ("company_id","environment","form_code","next_attempt_at") WHERE "submissions"."state" = 'pending' and "submissions"."waits_for" is null;--> statement-breakpoint
CREATE INDEX "submissions_pending_offline" ON "submissions" USING btree ("company_id","environment","form_code","deadline","next_attempt_at") WHERE "submissions"."state" = 'pending' and "submissions"."offline_mode" is not null and "submissions"."waits_for" is null;--> statement-breakpoint
CREATE INDEX "submissions_waiting" ON "submissions" USING btree ("company_id") WHERE "submissions"."waits_for" is not null;--> statement-breakpoint
CREATE INDEX "submissions_alarm" ON "submissions" USING btree ("alarm_at") WHERE "submissions"."alarm_at" is not null and "submissions"."state" not in ('registered', 'receipted');--> statement-breakpoint
CREATE INDEX "submissions_reckoned" ON "submissions" USING btree ("environment","outages_at") WHERE "submissions"."offline_mode" is not null and "submissions"."state" not in ('registered', 'receipted');--> statement-breakpoint
CREATE INDEX "submissions_corrections" ON "submissions" USING btree ("company_id","corrects_id") WHERE "submissions"."corrects_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "submissions_corrects_key" ON "submissions" USING btree ("company_id","corrects_id") WHERE "submissions"."corrects_id" is not null and "submissions"."state" <> 'rejected';--> statement-breakpoint
ALTER TABLE "ksef_credentials" ADD CONSTRAINT "ksef_credentials_kind" CHECK ("ksef_credentials"."kind" in ('certificate', 'token', 'offline-certificate'));--> statement-breakpoint
ALTER TABLE "submissions" ADD CONSTRAINT "submissions_offline_mode" CHECK ("submissions"."offline_mode" in ('offline24', 'offline', 'awaria', 'totalFailure'));--> statement-breakpoint
ALTER TABLE "submissions" ADD CONSTRAINT "submissions_offline_choice" CHECK ("submissions"."offline_choice" in ('caller', 'policy'));--> statement-breakpoint
ALTER TABLE "submissions" ADD CONSTRAINT "submissions_offline_is_chosen" CHECK (("submissions"."offline_mode" is null) = ("submissions"."offline_choice" is null));--> statement-breakpoint
ALTER TABLE "submissions" ADD CONSTRAINT "submissions_alarm_stage" CHECK ("submissions"."alarm_stage" in ('early', 'near', 'last', 'late'));--> statement-breakpoint
ALTER TABLE "submissions" ADD CONSTRAINT "submissions_deadline_is_offline" CHECK ("submissions"."offline_mode" is not null or "submissions"."deadline" is null);--> statement-breakpoint
ALTER TABLE "submissions" ADD CONSTRAINT "submissions_waits_for_some" CHECK ("submissions"."waits_for" <> '{}');--> statement-breakpoint
ALTER TABLE "submissions" ADD CONSTRAINT "submissions_correction_is_whole" CHECK (("submissions"."corrects_id" is null) = ("submissions"."corrects_hash" is null) and ("submissions"."corrects_id" is null or "submissions"."offline_mode" is not null));--> statement-breakpoint
ALTER TABLE offline_settings ENABLE ROW LEVEL SECURITY;
ALTER TABLE offline_settings FORCE ROW LEVEL SECURITY;
CREATE POLICY offline_settings_company ON offline_settings TO fleet_app
  USING (company_id = nullif(current_setting('fleet.company_id', true), '')::uuid);
CREATE POLICY offline_settings_system ON offline_settings TO fleet_system USING (true);
--> statement-breakpoint
-- These tell of KSeF and of nobody: every company may read them, and only the system writes.
ALTER TABLE ksef_availability ENABLE ROW LEVEL SECURITY;
ALTER TABLE ksef_availability FORCE ROW LEVEL SECURITY;
CREATE POLICY ksef_availability_everyone ON ksef_availability FOR SELECT TO fleet_app USING (true);
CREATE POLICY ksef_availability_system ON ksef_availability TO fleet_system USING (true);
ALTER TABLE ksef_outages ENABLE ROW LEVEL SECURITY;
ALTER TABLE ksef_outages FORCE ROW LEVEL SECURITY;
CREATE POLICY ksef_outages_everyone ON ksef_outages FOR SELECT TO fleet_app USING (true);
CREATE POLICY ksef_outages_system ON ksef_outages TO fleet_system USING (true);
ALTER TABLE ksef_call_counts ENABLE ROW LEVEL SECURITY;
ALTER TABLE ksef_call_counts FORCE ROW LEVEL SECURITY;
CREATE POLICY ksef_call_counts_system ON ksef_call_counts TO fleet_system USING (true);
--> statement-breakpoint
-- The owner is bound by row-level security as well, and has no policy.
ALTER TABLE ksef_availability NO FORCE ROW LEVEL SECURITY;
INSERT INTO ksef_availability (environment, availability, since, probes, next_look_at, outages_changed_at)
SELECT environment, '{"state": "online"}', now(), '[]', now(), 'epoch'
  FROM unnest(ARRAY['test', 'demo', 'production']) AS environment;
ALTER TABLE ksef_availability FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE (automatic, changed_at) ON offline_settings TO fleet_app;
GRANT SELECT ON ksef_availability, ksef_outages TO fleet_app, fleet_system;
GRANT UPDATE (
  availability, since, probes, lighthouse, looked_at, next_look_at, outages_changed_at
) ON ksef_availability TO fleet_system;
GRANT INSERT, UPDATE (kind, announced_at, start_at, end_at, withdrawn_at) ON ksef_outages TO fleet_system;
GRANT SELECT, INSERT, DELETE, UPDATE (calls, unreached, answered_at) ON ksef_call_counts TO fleet_system;
GRANT UPDATE (deadline, outages_at, alarm_at, alarm_stage, waits_for, is_awaited, offline_mode, offline_choice)
  ON submissions TO fleet_app;
GRANT UPDATE (deadlines_rung_at, dispatch_at) ON ksef_integrations TO fleet_system;
