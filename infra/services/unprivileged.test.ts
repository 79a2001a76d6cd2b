import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { serverAccount } from './unprivileged.ts'

// PostgreSQL asks access(2) for its own programs, which forgets capabilities: reading a file would prove too little.
test.runIf(process.getuid?.() === 0)(
  'the account of the server reaches programs below a folder that only root may enter',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'fleet-closed-'))
    try {
      const program = join(folder, 'program')
      writeFileSync(program, '#!/bin/sh\nid -u\n', { mode: 0o755 })
      const { uid, wrap } = serverAccount()
      const [command, ...args] = wrap(['sh', '-c', `test -x ${program} && ${program}`])
      expect(execFileSync(command, args, { encoding: 'utf8' }).trim()).toBe(String(uid))
      expect(uid).not.toBe(0)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
)
