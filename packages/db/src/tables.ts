/**
 * The whole model, a file for each part of it. What stands here is generated into `migrations/`; row-level security, grants and the
 * clock-driven functions of PostgreSQL that drizzle-kit does not know are written there by hand.
 *
 * Two habits hold everywhere. A tenant table's keys start with `company_id`, so no unique key can tell one company what
 * another has. Foreign keys between tenant tables carry `company_id`, so no row can point into another company: foreign
 * keys skip row-level security, composite ones make that harmless.
 *
 * `*_rung_at` is when the sweeper last rang for the row; the rest is named as in `packages/core`.
 */
export * from './tables/access.ts'
export * from './tables/delivery.ts'
export * from './tables/documents.ts'
export * from './tables/inbox.ts'
export * from './tables/offline.ts'
export * from './tables/record.ts'
export * from './tables/submissions.ts'
export * from './tables/telling.ts'
export * from './tables/tenancy.ts'
