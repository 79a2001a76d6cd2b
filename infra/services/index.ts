/**
 * PostgreSQL, Redis and, where asked for, a Secrets Manager for development and tests: always the real servers, from
 * the first source that fits. Given (DATABASE_URL, REDIS_URL, AWS_ENDPOINT_URL) → a Docker engine → local programs.
 */
export { DirectoryInUse } from './claimed-directory.ts'
export { RedisEvicts } from './readiness.ts'
export { NoServices } from './service-source.ts'
export {
  type Need,
  type Origin,
  type Services,
  type ServicesOptions,
  startServices,
} from './start-services.ts'
