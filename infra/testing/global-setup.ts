import { startTestServices } from './test-services.ts'

/** `npm test` has started the servers already; a bare `vitest run` gets its own here. */
export default async function setup(): Promise<() => Promise<void>> {
  if ((process.env.FLEET_TEST_POSTGRES_URL ?? '') !== '') return () => Promise.resolve()
  const services = await startTestServices(console.log)
  return () => Promise.resolve(services[Symbol.asyncDispose]())
}
