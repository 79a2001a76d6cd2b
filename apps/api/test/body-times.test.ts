import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { boundBodies } from '../src/body-times.ts'
import { exchange, listen, request } from './wire.ts'

const WITHIN_MS = 300

const app = Fastify()
let port: number
beforeAll(async () => {
  boundBodies(app, WITHIN_MS)
  app.post('/small', async ({ body }) => body)
  app.post('/slow', async () => sleep(3 * WITHIN_MS, 'done'))
  app.get('/none', async () => 'done')
  app.register(async (own) => {
    own.removeAllContentTypeParsers()
    own.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
    own.post<{ Body: AsyncIterable<Buffer> }>(
      '/upload',
      { config: { readsItsBody: true } },
      async ({ body }) => {
        let bytes = 0
        for await (const chunk of body) bytes += chunk.byteLength
        return String(bytes)
      },
    )
  })
  port = await listen(app)
})
afterAll(() => app.close())

const head = (path: string, length: number) =>
  request(`POST ${path}`, 'Content-Type: application/json', `Content-Length: ${length}`)

test('a body that does not come is given up with 408, and its connection with it', async () => {
  const answer = await exchange(port, head('/small', 10), '{"a"')
  expect(answer).toMatch(/^HTTP\/1\.1 408/)
  expect(answer).toContain('REQUEST_INVALID')
})

test('a body that is there may be worked on for longer, and none may be missing', async () => {
  expect(await exchange(port, head('/slow', 7), '{"a":1}')).toMatch(/^HTTP\/1\.1 200[\s\S]*done/)
  expect(await exchange(port, request('GET /none'))).toMatch(/^HTTP\/1\.1 200/)
})

test('a route that reads its own body takes its own time', async () => {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.setEncoding('latin1').on('data', (more) => {
    text += more
  })
  socket.write(`${head('/upload', 2)}x`)
  await sleep(2 * WITHIN_MS)
  socket.write('y')
  await expect.poll(() => text).toMatch(/^HTTP\/1\.1 200[\s\S]*2$/)
  socket.destroy()
})
