ALTER TABLE "sessions" ADD COLUMN "held_by" integer;--> statement-breakpoint
ALTER TABLE "submissions" ADD COLUMN "held_by" integer;--> statement-breakpoint
CREATE INDEX "sessions_being_opened" ON "sessions" USING btree ("held_by") WHERE "sessions"."kind" = 'online' and "sessions"."state" = 'opening';--> statement-breakpoint
GRANT UPDATE (held_by) ON submissions TO fleet_app;--> statement-breakpoint
GRANT UPDATE (lease_until) ON sessions TO fleet_system;
