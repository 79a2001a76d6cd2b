CREATE TABLE "worker_presences" (
	"holder" integer PRIMARY KEY NOT NULL,
	"is_present" boolean NOT NULL,
	"gone_at" timestamp with time zone
);
--> statement-breakpoint
ALTER TABLE worker_presences ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE worker_presences FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY worker_presences_system ON worker_presences TO fleet_system USING (true);
--> statement-breakpoint
GRANT SELECT, INSERT, DELETE, UPDATE (is_present, gone_at) ON worker_presences TO fleet_system;
