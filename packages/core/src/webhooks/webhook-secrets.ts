import type { CoreDependencies } from '../dependencies.ts'
import type { Sealer } from '../secrets/sealer.ts'
import type { Webhook, WebhookSecret } from './webhook.ts'

type Owned = Pick<Webhook, 'id' | 'companyId'>

/** A sealed secret opens for its webhook only. */
const ownerOf = ({ id, companyId }: Owned): string[] => ['webhook', companyId ?? '', id]

export const sealSecret = (
  { sealer }: { sealer: Sealer },
  webhook: Owned,
  secret: string,
): WebhookSecret => ({ sealed: sealer.seal(Buffer.from(secret), ownerOf(webhook)), until: null })

/** Those that sign today, the newest first; none where the master key is another one than they were sealed under. */
export function openSecrets(
  { sealer, now }: { sealer: Sealer } & Pick<CoreDependencies, 'now'>,
  webhook: Owned & Pick<Webhook, 'secrets'>,
): string[] {
  const present = now()
  return webhook.secrets
    .filter(({ until }) => until === null || new Date(until) > present)
    .flatMap(({ sealed }) => {
      const opened = sealer.open(sealed, ownerOf(webhook))
      return opened === null ? [] : [Buffer.from(opened).toString()]
    })
}
