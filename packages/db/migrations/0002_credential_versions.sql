CREATE TABLE "ksef_credential_versions" (
	"credential_id" uuid NOT NULL,
	"company_id" uuid,
	"number" integer NOT NULL,
	"state" text NOT NULL,
	"origin" text NOT NULL,
	"secret_version" text,
	"reference_number" text,
	"serial_number" text,
	"fingerprint" text,
	"subject" text,
	"not_before" timestamp with time zone,
	"not_after" timestamp with time zone,
	"failure" jsonb,
	"next_step_at" timestamp with time zone,
	"tries" integer NOT NULL,
	"next_notice_at" timestamp with time zone,
	"created_at" timestamp with time zone NOT NULL,
	"activated_at" timestamp with time zone,
	"retired_at" timestamp with time zone,
	"erased_at" timestamp with time zone,
	"step_rung_at" timestamp with time zone,
	"notice_rung_at" timestamp with time zone,
	CONSTRAINT "ksef_credential_versions_pkey" PRIMARY KEY("credential_id","number"),
	CONSTRAINT "ksef_credential_versions_number" CHECK ("ksef_credential_versions"."number" > 0),
	CONSTRAINT "ksef_credential_versions_state" CHECK ("ksef_credential_versions"."state" in ('requested', 'staged', 'proved', 'active', 'retiring', 'drained', 'revoked', 'erased', 'failed')),
	CONSTRAINT "ksef_credential_versions_origin" CHECK ("ksef_credential_versions"."origin" in ('supplied', 'generated', 'enrolled')),
	CONSTRAINT "ksef_credential_versions_way_is_timed" CHECK ("ksef_credential_versions"."state" in ('active', 'erased') or "ksef_credential_versions"."next_step_at" is not null),
	CONSTRAINT "ksef_credential_versions_erased_is_over" CHECK ("ksef_credential_versions"."state" <> 'erased' or ("ksef_credential_versions"."erased_at" is not null and "ksef_credential_versions"."next_step_at" is null and "ksef_credential_versions"."next_notice_at" is null))
);
--> statement-breakpoint
CREATE TABLE "events" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "events_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"company_id" uuid,
	"type" text NOT NULL,
	"subject" text NOT NULL,
	"key" text NOT NULL,
	"data" jsonb NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "events_key_key" UNIQUE NULLS NOT DISTINCT("company_id","key")
);
--> statement-breakpoint
CREATE TABLE "ksef_audit_seals" (
	"day" date NOT NULL,
	"number" integer NOT NULL,
	"end_transaction_id" "xid8" NOT NULL,
	"end_id" bigint NOT NULL,
	"entries" integer NOT NULL,
	"digest" text NOT NULL,
	"previous_hash" text NOT NULL,
	"hash" text NOT NULL,
	"sealed_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "ksef_audit_seals_pkey" PRIMARY KEY("day","number"),
	CONSTRAINT "ksef_audit_seals_entries" CHECK ("ksef_audit_seals"."entries" > 0)
);
--> statement-breakpoint
ALTER TABLE "companies" DROP CONSTRAINT "companies_nip_key";
--> statement-breakpoint
ALTER TABLE "ksef_credentials" DROP CONSTRAINT "ksef_credentials_state";
--> statement-breakpoint
ALTER TABLE "ksef_integrations" DROP CONSTRAINT "ksef_integrations_credential_fkey";
--> statement-breakpoint
ALTER TABLE "api_keys" ADD COLUMN "role" text;
--> statement-breakpoint
ALTER TABLE "api_keys" ADD COLUMN "expires_at" timestamp with time zone;
--> statement-breakpoint
ALTER TABLE "companies" ADD COLUMN "nip_shared" boolean DEFAULT false NOT NULL;
--> statement-breakpoint
ALTER TABLE "ksef_credentials" ADD COLUMN "environment" text;
--> statement-breakpoint
ALTER TABLE "ksef_credentials" ADD COLUMN "name" text;
--> statement-breakpoint
ALTER TABLE "ksef_credentials" ADD COLUMN "context" jsonb;
--> statement-breakpoint
ALTER TABLE "ksef_credentials" ADD COLUMN "auto_renew" boolean;
--> statement-breakpoint
ALTER TABLE "ksef_credentials" ADD COLUMN "ended_at" timestamp with time zone;
--> statement-breakpoint
ALTER TABLE "ksef_integrations" ADD COLUMN "scopes" text[];
--> statement-breakpoint
ALTER TABLE "ksef_integrations" ADD COLUMN "grant_code" text;
--> statement-breakpoint
ALTER TABLE "ksef_integrations" ADD COLUMN "nip_proof" jsonb;
--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "credential_id" uuid;
--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "credential_version" integer;
--> statement-breakpoint
-- From here to the next generated part, written by hand: what stands in the old columns goes into the new
-- ones before those are made obligatory. FORCE binds the owner too, and it has no policy, so it would find no row.
ALTER TABLE companies NO FORCE ROW LEVEL SECURITY;
ALTER TABLE ksef_credentials NO FORCE ROW LEVEL SECURITY;
ALTER TABLE ksef_integrations NO FORCE ROW LEVEL SECURITY;
ALTER TABLE api_keys NO FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
-- Who held a provider's key could do everything, and still can.
UPDATE api_keys SET role = CASE WHEN company_id IS NULL THEN 'administrator' ELSE 'company' END;
--> statement-breakpoint
-- A credential worked where its integration worked. One that no integration names signs in nowhere: its company's NIP
-- and the harmless environment stand in.
UPDATE ksef_credentials c
   SET environment = coalesce(w.environment, 'test'),
       name = coalesce(c.subject, c.kind),
       context = CASE WHEN c.kind = 'token'
                      THEN coalesce(w.context, jsonb_build_object('type', 'Nip', 'value', w.nip)) END,
       auto_renew = false,
       state = CASE c.state WHEN 'erased' THEN 'ended' ELSE c.state END,
       ended_at = CASE c.state WHEN 'erased' THEN statement_timestamp() END
  FROM (SELECT DISTINCT ON (o.id) o.id, i.environment, i.context, p.nip
          FROM ksef_credentials o
          JOIN companies p ON p.id = o.company_id
          LEFT JOIN ksef_integrations i ON i.company_id = o.company_id AND i.credential_id = o.id
         ORDER BY o.id, i.created_at DESC) w
 WHERE w.id = c.id;
--> statement-breakpoint
-- Its secret was stored before secrets had versions: no `secret_version`, read as the current one.
INSERT INTO ksef_credential_versions (
  credential_id, company_id, number, state, origin, serial_number, fingerprint, subject, not_before, not_after, tries,
  next_notice_at, created_at, activated_at, erased_at)
SELECT id, company_id, version, CASE state WHEN 'ended' THEN 'erased' ELSE 'active' END, 'supplied', serial_number,
       fingerprint, subject, not_before, not_after, 0,
       CASE WHEN state <> 'ended' AND not_after IS NOT NULL THEN greatest(not_after - interval '30 days', statement_timestamp()) END,
       created_at, created_at, ended_at
  FROM ksef_credentials;
--> statement-breakpoint
-- Credentials were the company's own, so whoever had verified an integration had proved that it may act for its NIP.
-- An integration asks for what it used: sending, and receiving where that was granted.
UPDATE ksef_integrations
   SET scopes = CASE WHEN 'InvoiceRead' = ANY (permissions_in_force) THEN ARRAY['InvoiceRead', 'InvoiceWrite']
                     ELSE ARRAY['InvoiceWrite'] END,
       grant_code = upper(substr(replace(gen_random_uuid()::text, '-', ''), 1, 12)),
       nip_proof = CASE WHEN state = 'active' THEN jsonb_build_object(
         'method', 'own-credential', 'by', null,
         'at', to_char(coalesce(verified_at, created_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) END;
--> statement-breakpoint
ALTER TABLE api_keys ALTER COLUMN role SET NOT NULL;
ALTER TABLE ksef_credentials ALTER COLUMN environment SET NOT NULL;
ALTER TABLE ksef_credentials ALTER COLUMN name SET NOT NULL;
ALTER TABLE ksef_credentials ALTER COLUMN auto_renew SET NOT NULL;
ALTER TABLE ksef_integrations ALTER COLUMN scopes SET NOT NULL;
ALTER TABLE ksef_integrations ALTER COLUMN grant_code SET NOT NULL;
--> statement-breakpoint
ALTER TABLE "ksef_credentials" DROP COLUMN "version";
--> statement-breakpoint
ALTER TABLE "ksef_credentials" DROP COLUMN "serial_number";
--> statement-breakpoint
ALTER TABLE "ksef_credentials" DROP COLUMN "fingerprint";
--> statement-breakpoint
ALTER TABLE "ksef_credentials" DROP COLUMN "subject";
--> statement-breakpoint
ALTER TABLE "ksef_credentials" DROP COLUMN "not_before";
--> statement-breakpoint
ALTER TABLE "ksef_credentials" DROP COLUMN "not_after";
--> statement-breakpoint
ALTER TABLE "ksef_integrations" DROP COLUMN "credential_id";
--> statement-breakpoint
ALTER TABLE "ksef_credential_versions" ADD CONSTRAINT "ksef_credential_versions_company_id_companies_id_fk" FOREIGN KEY ("company_id") REFERENCES "public"."companies"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "ksef_credential_versions" ADD CONSTRAINT "ksef_credential_versions_credential_fkey" FOREIGN KEY ("company_id","credential_id") REFERENCES "public"."ksef_credentials"("company_id","id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "ksef_credential_versions" ADD CONSTRAINT "ksef_credential_versions_any_credential_fkey" FOREIGN KEY ("credential_id") REFERENCES "public"."ksef_credentials"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "events" ADD CONSTRAINT "events_company_id_companies_id_fk" FOREIGN KEY ("company_id") REFERENCES "public"."companies"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
CREATE UNIQUE INDEX "ksef_credential_versions_active_key" ON "ksef_credential_versions" USING btree ("credential_id") WHERE "ksef_credential_versions"."state" = 'active';
--> statement-breakpoint
CREATE INDEX "ksef_credential_versions_of_company" ON "ksef_credential_versions" USING btree ("company_id","credential_id");
--> statement-breakpoint
CREATE INDEX "ksef_credential_versions_step_due" ON "ksef_credential_versions" USING btree ("next_step_at") WHERE "ksef_credential_versions"."next_step_at" is not null;
--> statement-breakpoint
CREATE INDEX "ksef_credential_versions_notice_due" ON "ksef_credential_versions" USING btree ("next_notice_at") WHERE "ksef_credential_versions"."next_notice_at" is not null;
--> statement-breakpoint
CREATE INDEX "ksef_audit_seals_order" ON "ksef_audit_seals" USING btree ("end_transaction_id","end_id");
--> statement-breakpoint
ALTER TABLE "ksef_integrations" ADD CONSTRAINT "ksef_integrations_company_id_companies_id_fk" FOREIGN KEY ("company_id") REFERENCES "public"."companies"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
CREATE INDEX "attempts_newest" ON "attempts" USING btree ("company_id","started_at");
--> statement-breakpoint
CREATE UNIQUE INDEX "companies_nip_key" ON "companies" USING btree ("nip") WHERE not "companies"."nip_shared";
--> statement-breakpoint
CREATE INDEX "sessions_of_version" ON "sessions" USING btree ("credential_id","credential_version") WHERE "sessions"."state" in ('opening', 'open', 'closing', 'closed');
--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_role" CHECK ("api_keys"."role" in ('administrator', 'operator', 'company'));
--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_role_fits_owner" CHECK (("api_keys"."company_id" is not null) = ("api_keys"."role" = 'company'));
--> statement-breakpoint
ALTER TABLE "ksef_credentials" ADD CONSTRAINT "ksef_credentials_environment" CHECK ("ksef_credentials"."environment" in ('test', 'demo', 'production'));
--> statement-breakpoint
ALTER TABLE "ksef_credentials" ADD CONSTRAINT "ksef_credentials_token_has_context" CHECK (("ksef_credentials"."kind" = 'token') = ("ksef_credentials"."context" is not null));
--> statement-breakpoint
ALTER TABLE "ksef_credentials" ADD CONSTRAINT "ksef_credentials_end_is_dated" CHECK (("ksef_credentials"."state" = 'ended') = ("ksef_credentials"."ended_at" is not null));
--> statement-breakpoint
ALTER TABLE "ksef_credentials" ADD CONSTRAINT "ksef_credentials_state" CHECK ("ksef_credentials"."state" in ('active', 'ending', 'ended'));
--> statement-breakpoint
ALTER TABLE "ksef_integrations" ADD CONSTRAINT "ksef_integrations_scopes" CHECK (scopes <@ array['InvoiceRead', 'InvoiceWrite']);
--> statement-breakpoint
ALTER TABLE "ksef_integrations" ADD CONSTRAINT "ksef_integrations_active_is_proved" CHECK ("ksef_integrations"."state" <> 'active' or "ksef_integrations"."nip_proof" is not null);
--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_version_is_whole" CHECK (("sessions"."credential_id" is null) = ("sessions"."credential_version" is null));
--> statement-breakpoint
-- Last, because a new foreign key looks for its rows as the owner does.
ALTER TABLE companies FORCE ROW LEVEL SECURITY;
ALTER TABLE ksef_credentials FORCE ROW LEVEL SECURITY;
ALTER TABLE ksef_integrations FORCE ROW LEVEL SECURITY;
ALTER TABLE api_keys FORCE ROW LEVEL SECURITY;
