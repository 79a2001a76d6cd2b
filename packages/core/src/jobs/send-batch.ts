import { z } from 'zod'
import { CompanyId, SessionId } from '../identifiers.ts'
import { drivePackage } from '../packaging/drive-package.ts'
import { defineJob } from './define-job.ts'

const Payload = z.object({ companyId: CompanyId, sessionId: SessionId })

/** Makes the package of a batch session, opens it at KSeF and uploads its parts, from where an earlier run left it. */
export const sendBatch = defineJob({
  name: 'send-batch',
  queue: 'batch',
  schema: Payload,
  key: ({ sessionId }) => `batch-${sessionId}`,
  handler: (payload, context) => drivePackage(context, payload),
})
