import Fastify from 'fastify'
import { expect, test } from 'vitest'
import { watchRoutes } from './allowed-methods.ts'

test('the methods of a path are those of every route whose pattern fits it', async () => {
  const app = Fastify()
  const allowed = watchRoutes(app)
  const handler = async () => ''
  app.get('/a', handler)
  app.post('/a', handler)
  app.delete('/a/:id', handler)
  app.get('/a/:id/b.c', handler)
  app.get('/files/*', handler)
  await app.ready()
  expect(allowed.of('/a')).toEqual(['GET', 'HEAD', 'POST'])
  expect(allowed.of('/a?x=/a/1')).toEqual(['GET', 'HEAD', 'POST'])
  expect(allowed.of('/a/1')).toEqual(['DELETE'])
  expect(allowed.of('/a/1/b.c')).toEqual(['GET', 'HEAD'])
  expect(allowed.of('/files/x/y')).toEqual(['GET', 'HEAD'])
  for (const path of ['/', '/a/', '/A', '/a/1/', '/a/1/bxc', '/b', ''])
    expect(allowed.of(path), path).toEqual([])
  await app.close()
})
