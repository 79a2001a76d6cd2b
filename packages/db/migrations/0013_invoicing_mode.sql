ALTER TABLE "submissions" ADD COLUMN "invoicing_mode" text;--> statement-breakpoint
ALTER TABLE "submissions" ADD CONSTRAINT "submissions_invoicing_mode" CHECK ("submissions"."invoicing_mode" in ('Online', 'Offline'));--> statement-breakpoint
GRANT UPDATE (invoicing_mode) ON submissions TO fleet_app;
