ALTER TABLE "batches" DROP CONSTRAINT "batches_source";--> statement-breakpoint
ALTER TABLE "companies" ADD COLUMN "address" jsonb;--> statement-breakpoint
ALTER TABLE "companies" ADD COLUMN "contact" jsonb;--> statement-breakpoint
ALTER TABLE "companies" ADD COLUMN "bank_account" jsonb;--> statement-breakpoint
ALTER TABLE "batches" ADD CONSTRAINT "batches_source" CHECK ("batches"."source" in ('zip', 'tar-gz', 'files', 'json-lines'));--> statement-breakpoint
-- The owner is bound by row-level security as well, and has no policy. What a company issued as the buyer was entered as if it
-- were the seller.
ALTER TABLE companies NO FORCE ROW LEVEL SECURITY;
ALTER TABLE ksef_documents NO FORCE ROW LEVEL SECURITY;
UPDATE ksef_documents d
   SET roles = array(SELECT DISTINCT unnest(array_remove(d.roles, 'Subject1') || 'Subject2'::text) ORDER BY 1)
  FROM companies c
 WHERE c.id = d.company_id AND d.submission_id IS NOT NULL AND 'Subject1' = any(d.roles)
   AND d.seller_nip <> c.nip AND d.buyer_id_type = 'Nip' AND d.buyer_id = c.nip;
ALTER TABLE companies FORCE ROW LEVEL SECURITY;
ALTER TABLE ksef_documents FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
GRANT UPDATE (name, address, contact, bank_account) ON companies TO fleet_app;
