/** The environments' base URLs (srodowiska.md). Any other base URL works too, e.g. a simulator's. */
export const KSEF_BASE_URLS = {
  test: 'https://api-test.ksef.mf.gov.pl/v2',
  demo: 'https://api-demo.ksef.mf.gov.pl/v2',
  production: 'https://api.ksef.mf.gov.pl/v2',
} as const

export type KsefEnvironment = keyof typeof KSEF_BASE_URLS
