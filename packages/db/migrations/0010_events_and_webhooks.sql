CREATE TABLE "event_retirement" (
	"is_only" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"position" bigint NOT NULL,
	CONSTRAINT "event_retirement_is_only" CHECK ("event_retirement"."is_only")
);
--> statement-breakpoint
CREATE TABLE "webhook_attempts" (
	"endpoint_id" uuid NOT NULL,
	"event_id" bigint NOT NULL,
	"number" integer NOT NULL,
	"company_id" uuid,
	"at" timestamp with time zone NOT NULL,
	"duration_ms" integer NOT NULL,
	"status" integer,
	"code" text,
	"answer" text,
	CONSTRAINT "webhook_attempts_pkey" PRIMARY KEY("endpoint_id","event_id","number")
);
--> statement-breakpoint
CREATE TABLE "webhook_deliveries" (
	"endpoint_id" uuid NOT NULL,
	"event_id" bigint NOT NULL,
	"company_id" uuid,
	"lane" uuid NOT NULL,
	"position" bigint NOT NULL,
	"state" text NOT NULL,
	"attempts" integer NOT NULL,
	"tries" integer NOT NULL,
	"next_attempt_at" timestamp with time zone,
	"lease_until" timestamp with time zone,
	"fence" integer NOT NULL,
	"status" integer,
	"code" text,
	"created_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	CONSTRAINT "webhook_deliveries_pkey" PRIMARY KEY("endpoint_id","event_id"),
	CONSTRAINT "webhook_deliveries_state" CHECK ("webhook_deliveries"."state" in ('pending', 'delivered', 'dead')),
	CONSTRAINT "webhook_deliveries_pending_is_timed" CHECK (("webhook_deliveries"."state" = 'pending') = ("webhook_deliveries"."next_attempt_at" is not null))
);
--> statement-breakpoint
CREATE TABLE "webhook_endpoints" (
	"id" uuid PRIMARY KEY NOT NULL,
	"company_id" uuid,
	"url" text NOT NULL,
	"name" text NOT NULL,
	"types" text[],
	"ordered" boolean NOT NULL,
	"state" text NOT NULL,
	"disabled_code" text,
	"disabled_at" timestamp with time zone,
	"secrets" jsonb NOT NULL,
	"failing_since" timestamp with time zone,
	"failures" integer NOT NULL,
	"blocked_until" timestamp with time zone,
	"created_at" timestamp with time zone NOT NULL,
	"rung_at" timestamp with time zone,
	CONSTRAINT "webhook_endpoints_company_key" UNIQUE("company_id","id"),
	CONSTRAINT "webhook_endpoints_state" CHECK ("webhook_endpoints"."state" in ('enabled', 'disabled', 'removed'))
);
--> statement-breakpoint
DROP INDEX "submissions_batch";--> statement-breakpoint
ALTER TABLE "events" ADD COLUMN "version" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "events" ADD COLUMN "sequence" bigint;--> statement-breakpoint
ALTER TABLE "events" ADD COLUMN "position" bigint;--> statement-breakpoint
ALTER TABLE "webhook_attempts" ADD CONSTRAINT "webhook_attempts_endpoint_fkey" FOREIGN KEY ("company_id","endpoint_id") REFERENCES "public"."webhook_endpoints"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_attempts" ADD CONSTRAINT "webhook_attempts_any_endpoint_fkey" FOREIGN KEY ("endpoint_id") REFERENCES "public"."webhook_endpoints"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_endpoint_fkey" FOREIGN KEY ("company_id","endpoint_id") REFERENCES "public"."webhook_endpoints"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_any_endpoint_fkey" FOREIGN KEY ("endpoint_id") REFERENCES "public"."webhook_endpoints"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_endpoints" ADD CONSTRAINT "webhook_endpoints_company_id_companies_id_fk" FOREIGN KEY ("company_id") REFERENCES "public"."companies"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "webhook_deliveries_newest" ON "webhook_deliveries" USING btree ("endpoint_id","position");--> statement-breakpoint
CREATE INDEX "webhook_deliveries_due" ON "webhook_deliveries" USING btree ("endpoint_id","next_attempt_at") WHERE "webhook_deliveries"."state" = 'pending';--> statement-breakpoint
CREATE INDEX "webhook_deliveries_order" ON "webhook_deliveries" USING btree ("endpoint_id","lane","position") WHERE "webhook_deliveries"."state" = 'pending';--> statement-breakpoint
CREATE INDEX "webhook_deliveries_held" ON "webhook_deliveries" USING btree ("endpoint_id","lane","lease_until") WHERE "webhook_deliveries"."state" = 'pending' and "webhook_deliveries"."lease_until" is not null;--> statement-breakpoint
CREATE INDEX "webhook_endpoints_of_company" ON "webhook_endpoints" USING btree ("company_id","created_at") WHERE "webhook_endpoints"."state" <> 'removed';--> statement-breakpoint
CREATE UNIQUE INDEX "events_sequence_key" ON "events" USING btree ("company_id","sequence") WHERE "events"."sequence" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "events_position_key" ON "events" USING btree ("position") WHERE "events"."position" is not null;--> statement-breakpoint
CREATE INDEX "events_unplaced" ON "events" USING btree ("id") WHERE "events"."position" is null;--> statement-breakpoint
CREATE INDEX "submissions_batch" ON "submissions" USING btree ("company_id","batch_id","state") WHERE "submissions"."batch_id" is not null;--> statement-breakpoint
ALTER TABLE "events" ADD CONSTRAINT "events_has_a_whole_place" CHECK (("events"."sequence" is null) = ("events"."position" is null));--> statement-breakpoint
-- The owner is bound by row-level security as well, and has no policy.
ALTER TABLE events NO FORCE ROW LEVEL SECURITY;
UPDATE events SET type = 'integration.activated' WHERE type = 'integration.active';
ALTER TABLE events FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE webhook_endpoints ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_endpoints FORCE ROW LEVEL SECURITY;
CREATE POLICY webhook_endpoints_company ON webhook_endpoints TO fleet_app
  USING (company_id = nullif(current_setting('fleet.company_id', true), '')::uuid);
CREATE POLICY webhook_endpoints_system ON webhook_endpoints TO fleet_system USING (true);
--> statement-breakpoint
ALTER TABLE webhook_deliveries ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_deliveries FORCE ROW LEVEL SECURITY;
CREATE POLICY webhook_deliveries_company ON webhook_deliveries TO fleet_app
  USING (company_id = nullif(current_setting('fleet.company_id', true), '')::uuid);
CREATE POLICY webhook_deliveries_system ON webhook_deliveries TO fleet_system USING (true);
--> statement-breakpoint
ALTER TABLE webhook_attempts ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_attempts FORCE ROW LEVEL SECURITY;
CREATE POLICY webhook_attempts_company ON webhook_attempts TO fleet_app
  USING (company_id = nullif(current_setting('fleet.company_id', true), '')::uuid);
CREATE POLICY webhook_attempts_system ON webhook_attempts TO fleet_system USING (true);
--> statement-breakpoint
-- What is written with a change is not rewritten: the system's login adds an event's place in the log, and no more.
GRANT UPDATE (sequence, position) ON events TO fleet_system;
GRANT SELECT, INSERT ON webhook_endpoints, webhook_deliveries, webhook_attempts TO fleet_app, fleet_system;
GRANT UPDATE (url, name, types, ordered, state, disabled_code, disabled_at, secrets, failing_since, failures, blocked_until) ON webhook_endpoints TO fleet_app;
GRANT UPDATE (url, name, types, ordered, state, disabled_code, disabled_at, secrets, failing_since, failures, blocked_until, rung_at) ON webhook_endpoints TO fleet_system;
GRANT UPDATE (
  state, attempts, tries, next_attempt_at, lease_until, fence, status, code, ended_at
) ON webhook_deliveries TO fleet_app, fleet_system;
--> statement-breakpoint
ALTER TABLE event_retirement ENABLE ROW LEVEL SECURITY;
ALTER TABLE event_retirement FORCE ROW LEVEL SECURITY;
CREATE POLICY event_retirement_system ON event_retirement TO fleet_system USING (true);
GRANT SELECT, INSERT, UPDATE (position) ON event_retirement TO fleet_system;
--> statement-breakpoint
-- What is kept long enough goes, of all companies.
GRANT DELETE ON events, webhook_deliveries, webhook_attempts, ksef_exports TO fleet_system;
GRANT SELECT ON ksef_exports TO fleet_system;
--> statement-breakpoint
-- Of an event that tells of a received document, what was read of the document goes with the document, and nothing else ever
-- does: it needs the erasure's entry in the audit log, as the document does.
GRANT UPDATE (data) ON events TO fleet_system;
GRANT UPDATE (answer) ON webhook_attempts TO fleet_system;
CREATE FUNCTION events_blanked() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $blanked$
BEGIN
  IF NEW.type <> 'inbox.received' OR NEW.data <> OLD.data || '{"number": null, "sellerNip": null, "issueDate": null,
       "kind": null, "gross": null, "currency": null, "correctedNumber": null}'::jsonb
     OR NOT EXISTS (
       SELECT FROM public.ksef_audit_log
        WHERE transaction_id = pg_current_xact_id() AND company_id = NEW.company_id AND action = 'document.erase'
          AND subject = NEW.subject)
  THEN
    RAISE EXCEPTION 'what an event tells is not rewritten, only blanked with its document' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END
$blanked$;
CREATE CONSTRAINT TRIGGER events_blanked AFTER UPDATE OF data ON events
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION events_blanked();
