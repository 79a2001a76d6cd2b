/** Which methods a path has. Fastify's router tells only that a method and a path together lead nowhere. */
import type { FastifyInstance } from 'fastify'

export type Route = { method: string; url: string }

export type AllowedMethods = {
  /** Every route registered so far, one entry a method. */
  routes(): readonly Route[]
  /** Methods of the routes whose pattern fits the path of this URL; empty when there is no such path. */
  of(url: string): string[]
}

/** Watches routes from now on, so it comes before the first of them. */
export function watchRoutes(app: FastifyInstance): AllowedMethods {
  const routes: (Route & { pattern: RegExp })[] = []
  app.addHook('onRoute', (route) => {
    for (const method of [route.method].flat()) {
      routes.push({ method, url: route.url, pattern: patternOf(route.url) })
    }
  })
  return {
    routes: () => routes,
    of(url) {
      const path = url.split('?')[0] ?? ''
      return [
        ...new Set(routes.filter((route) => route.pattern.test(path)).map((route) => route.method)),
      ].sort()
    },
  }
}

/** `:name` stands for one segment, `*` for the rest. */
function patternOf(url: string): RegExp {
  const source = url
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/:[A-Za-z]+/g, '[^/]{1,200}')
    .replace(/\*/g, '.*')
  return new RegExp(`^${source}$`)
}
