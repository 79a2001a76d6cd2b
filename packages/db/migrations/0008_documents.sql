CREATE TABLE "ksef_documents" (
	"company_id" uuid NOT NULL,
	"document_id" uuid NOT NULL,
	"environment" text NOT NULL,
	"direction" text NOT NULL,
	"roles" text[] NOT NULL,
	"ksef_number" text,
	"hash" text NOT NULL,
	"size" integer NOT NULL,
	"form" text,
	"kind" text,
	"number" text,
	"issue_date" date,
	"sale_date" date,
	"seller_nip" text,
	"seller_name" text,
	"buyer_id_type" text,
	"buyer_id" text,
	"buyer_name" text,
	"third_parties" jsonb NOT NULL,
	"currency" text,
	"net" numeric,
	"vat" numeric,
	"gross" numeric,
	"corrected_number" text,
	"corrected_ksef_number" text,
	"corrected_count" integer NOT NULL,
	"is_self_invoicing" boolean NOT NULL,
	"has_attachment" boolean NOT NULL,
	"flag" text,
	"submission_id" uuid,
	"permanent_storage_date" timestamp with time zone,
	"acquisition_date" timestamp with time zone,
	"search" "tsvector" NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"erased_at" timestamp with time zone,
	CONSTRAINT "ksef_documents_pkey" PRIMARY KEY("company_id","document_id"),
	CONSTRAINT "ksef_documents_environment" CHECK ("ksef_documents"."environment" in ('test', 'demo', 'production')),
	CONSTRAINT "ksef_documents_direction" CHECK ("ksef_documents"."direction" in ('outgoing', 'incoming')),
	CONSTRAINT "ksef_documents_flag" CHECK ("ksef_documents"."flag" in ('unknown-form', 'unreadable', 'hash-differs', 'number-differs')),
	CONSTRAINT "ksef_documents_roles" CHECK (roles <@ array['Subject1', 'Subject2', 'Subject3', 'SubjectAuthorized'])
);
--> statement-breakpoint
ALTER TABLE "ksef_documents_raw" ADD COLUMN "erased_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "ksef_documents" ADD CONSTRAINT "ksef_documents_document_fkey" FOREIGN KEY ("company_id","document_id") REFERENCES "public"."ksef_documents_raw"("company_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "ksef_documents_ksef_number_key" ON "ksef_documents" USING btree ("company_id","environment","ksef_number") WHERE "ksef_documents"."ksef_number" is not null;--> statement-breakpoint
CREATE INDEX "ksef_documents_newest" ON "ksef_documents" USING btree ("company_id","created_at","document_id");--> statement-breakpoint
CREATE INDEX "ksef_documents_issued" ON "ksef_documents" USING btree ("company_id","issue_date","document_id");--> statement-breakpoint
CREATE INDEX "ksef_documents_number" ON "ksef_documents" USING btree ("company_id","number");--> statement-breakpoint
CREATE INDEX "ksef_documents_sellers" ON "ksef_documents" USING btree ("company_id","seller_nip","created_at") WHERE "ksef_documents"."direction" = 'incoming';--> statement-breakpoint
CREATE INDEX "ksef_documents_buyers" ON "ksef_documents" USING btree ("company_id","buyer_id","created_at") WHERE "ksef_documents"."direction" = 'outgoing';--> statement-breakpoint
CREATE INDEX "ksef_documents_kept" ON "ksef_documents" USING btree ("issue_date") WHERE "ksef_documents"."erased_at" is null;--> statement-breakpoint
CREATE INDEX "ksef_documents_kept_undated" ON "ksef_documents" USING btree ("created_at") WHERE "ksef_documents"."erased_at" is null and "ksef_documents"."issue_date" is null;--> statement-breakpoint
ALTER TABLE ksef_documents ENABLE ROW LEVEL SECURITY;
ALTER TABLE ksef_documents FORCE ROW LEVEL SECURITY;
CREATE POLICY ksef_documents_company ON ksef_documents TO fleet_app
  USING (company_id = nullif(current_setting('fleet.company_id', true), '')::uuid);
CREATE POLICY ksef_documents_system ON ksef_documents TO fleet_system USING (true);
-- What was read of a document stands; what KSeF tells of it later is added.
GRANT SELECT, INSERT, UPDATE (ksef_number, roles, direction, permanent_storage_date, acquisition_date, search)
  ON ksef_documents TO fleet_app;
--> statement-breakpoint
-- Documents are written once. Nobody may change or remove one, its owner's rights or not; what a document's end is, is to be
-- emptied: hash and KSeF number stay, so that it does not come back. The system's login may do that and sees no content.
GRANT SELECT (id, company_id, environment, kind, ksef_number, session_id, created_at, erased_at),
      UPDATE (content, erased_at) ON ksef_documents_raw TO fleet_system;
GRANT SELECT, UPDATE (
  erased_at, search, number, issue_date, sale_date, seller_nip, seller_name, buyer_id_type, buyer_id, buyer_name,
  third_parties, currency, net, vat, gross, corrected_number, corrected_ksef_number
) ON ksef_documents TO fleet_system;
CREATE FUNCTION ksef_documents_raw_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $guard$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND octet_length(NEW.content) = 0 THEN
      OLD.content := NEW.content;
      OLD.erased_at := NEW.erased_at;
      IF OLD IS NOT DISTINCT FROM NEW THEN RETURN NEW; END IF;
    END IF;
  END IF;
  RAISE EXCEPTION 'a stored document is never changed or removed, only erased' USING ERRCODE = 'restrict_violation';
END
$guard$;
CREATE TRIGGER ksef_documents_raw_guard BEFORE UPDATE OR DELETE ON ksef_documents_raw
  FOR EACH ROW EXECUTE FUNCTION ksef_documents_raw_guard();
CREATE TRIGGER ksef_documents_raw_guard_all BEFORE TRUNCATE ON ksef_documents_raw
  FOR EACH STATEMENT EXECUTE FUNCTION ksef_documents_raw_guard();
--> statement-breakpoint
-- An erasure that has no entry in the company's audit log by the end of its transaction does not happen. What is erased
-- along with an invoice, its UPO, is told by the invoice's entry.
CREATE FUNCTION ksef_documents_raw_audited() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $audited$
BEGIN
  IF NOT EXISTS (
    SELECT FROM public.ksef_audit_log
     WHERE transaction_id = pg_current_xact_id() AND company_id = NEW.company_id AND action = 'document.erase'
       AND (NEW.kind <> 'invoice' OR subject = NEW.id::text)
  ) THEN
    RAISE EXCEPTION 'an erasure needs its entry in the audit log' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END
$audited$;
CREATE CONSTRAINT TRIGGER ksef_documents_raw_audited AFTER UPDATE ON ksef_documents_raw
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ksef_documents_raw_audited();
