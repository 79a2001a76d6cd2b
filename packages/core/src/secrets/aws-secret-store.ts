/**
 * Secrets in AWS Secrets Manager. References are the secrets' names, so that a restore to another account keeps working. A
 * version's id is the request's `ClientRequestToken`, which makes a repeated write the same write.
 *
 * A single version cannot be deleted: AWS deletes versions that have no label left by itself, some time later, and takes no
 * wish about it (API_UpdateSecretVersionStage: "considered to be deprecated and can be deleted"). So each version carries a
 * label of ours, its mark, which keeps it; erasing a version takes all its labels away, and a version without our mark is
 * gone for every reader here. With the last version the whole secret is deleted at once.
 */
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager'
import { awsErrorName, awsSecretFailure } from './aws-secret-failure.ts'
import { type NewSecret, type SecretStage, type SecretStore, SecretStoreError } from './secret-store.ts'

const LABELS = { pending: 'AWSPENDING', current: 'AWSCURRENT', previous: 'AWSPREVIOUS' } as const
const STAGES: Readonly<Record<string, SecretStage>> = {
  AWSPENDING: 'pending',
  AWSCURRENT: 'current',
  AWSPREVIOUS: 'previous',
}

export type AwsSecretOptions = {
  /** Id, alias or ARN of the KMS key that seals new secrets; the account's own for Secrets Manager when left out. */
  kmsKeyId?: string
}

export function awsSecretStore(client: SecretsManagerClient, options: AwsSecretOptions = {}): SecretStore {
  return {
    put: (name, secret) => translated(() => put(client, { name, secret, ...options })),
    get: (name, version) =>
      translated(async () => {
        const command = new GetSecretValueCommand({ SecretId: name, VersionId: version })
        const answer = await unlessMissing(() => client.send(command))
        const labels = answer?.VersionStages ?? []
        if (answer?.SecretString === undefined || !labels.some(isMark)) return null
        return { value: answer.SecretString, version, ...readLabels(labels) }
      }),
    promote: (name, version) => translated(() => promote(labelsOf(client, name), version)),
    eraseVersion: (name, version) => translated(() => eraseVersion(client, name, version)),
    erase: (name) => translated(() => erase(client, name)),
    versions: (name) =>
      translated(async () => {
        const all = await labelsOf(client, name).read()
        return Object.entries(all).map(([version, labels]) => ({ version, ...readLabels(labels) }))
      }),
  }
}

/** Written first without a value when it is new, because only a later write can choose its labels. */
async function put(
  client: SecretsManagerClient,
  { name, secret, kmsKeyId }: { name: string; secret: NewSecret } & AwsSecretOptions,
): Promise<void> {
  const write = () =>
    client.send(
      new PutSecretValueCommand({
        SecretId: name,
        SecretString: secret.value,
        ClientRequestToken: secret.version,
        VersionStages: [LABELS[secret.stage], secret.mark],
      }),
    )
  if ((await unlessMissing(write)) !== null) return
  const tags = Object.entries(secret.tags).map(([Key, Value]) => ({ Key, Value }))
  const kms = kmsKeyId === undefined ? {} : { KmsKeyId: kmsKeyId }
  try {
    await client.send(new CreateSecretCommand({ Name: name, Tags: tags, ...kms }))
  } catch (error) {
    if (awsErrorName(error) !== 'ResourceExistsException') throw error // another writer was faster
  }
  await write()
}

type Labels = ReturnType<typeof labelsOf>

/** The labels of one secret's versions. A label sits on one version at a time; AWS moves AWSPREVIOUS with AWSCURRENT. */
function labelsOf(client: SecretsManagerClient, name: string) {
  const read = async (): Promise<Record<string, string[]>> => {
    const found = await unlessMissing(() => client.send(new DescribeSecretCommand({ SecretId: name })))
    if (found === null || found.DeletedDate !== undefined) return {}
    const all = Object.entries(found.VersionIdsToStages ?? {})
    return Object.fromEntries(all.filter(([, labels]) => labels.length > 0))
  }
  const sits = async (label: string, on: string) => (await read())[on]?.includes(label) ?? false
  const update = (move: { VersionStage: string; MoveToVersionId?: string; RemoveFromVersionId?: string }) =>
    client.send(new UpdateSecretVersionStageCommand({ SecretId: name, ...move }))
  return {
    read,
    remove: (label: string, from: string) =>
      unlessDone(
        () => update({ VersionStage: label, RemoveFromVersionId: from }),
        async () => !(await sits(label, from)),
      ),
    move: (label: string, to: string, from: string | undefined) => {
      const move = { VersionStage: label, MoveToVersionId: to }
      return unlessDone(
        () => update(from === undefined ? move : { ...move, RemoveFromVersionId: from }),
        () => sits(label, to),
      )
    },
  }
}

/** A move whose answer was lost is refused when it is repeated: the label is no longer where it is to be taken from. */
async function unlessDone(work: () => Promise<unknown>, isDone: () => Promise<boolean>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!REFUSED_MOVES.has(awsErrorName(error)) || !(await isDone())) throw error
  }
}

const REFUSED_MOVES: ReadonlySet<string> = new Set(['InvalidParameterException', 'InvalidRequestException'])

async function promote(labels: Labels, version: string): Promise<void> {
  const all = await labels.read()
  const own = all[version]
  if (own === undefined) throw new SecretStoreError('broken', 'there is no such version to promote')
  if (!own.includes(LABELS.current)) {
    const current = Object.keys(all).find((one) => all[one]?.includes(LABELS.current))
    await labels.move(LABELS.current, version, current)
  }
  if (own.includes(LABELS.pending)) await labels.remove(LABELS.pending, version)
}

async function eraseVersion(client: SecretsManagerClient, name: string, version: string): Promise<void> {
  const labels = labelsOf(client, name)
  const all = await labels.read()
  const own = all[version] ?? []
  if (own.length === 0) return
  const others = Object.keys(all).filter((one) => one !== version && (all[one] ?? []).some(isMark))
  if (others.length === 0) return erase(client, name)
  if (own.includes(LABELS.current)) {
    // AWSCURRENT can be moved but not removed; it goes to a version that is left, and AWSPREVIOUS comes here.
    const heir = others.find((one) => all[one]?.includes(LABELS.previous)) ?? others[0]
    if (heir !== undefined) await labels.move(LABELS.current, heir, version)
  }
  const left = (await labels.read())[version] ?? []
  // The mark first: from then on nobody reads it, wherever a kill comes.
  for (const label of left.toSorted((one, other) => Number(isMark(other)) - Number(isMark(one))))
    await labels.remove(label, version)
}

async function erase(client: SecretsManagerClient, name: string): Promise<void> {
  const command = new DeleteSecretCommand({ SecretId: name, ForceDeleteWithoutRecovery: true })
  await unlessMissing(() => client.send(command))
}

const isMark = (label: string): boolean => !(label in STAGES)

function readLabels(labels: readonly string[]): { stages: SecretStage[]; mark: string | null } {
  const stages = labels.flatMap((label) => STAGES[label] ?? [])
  return { stages, mark: labels.find(isMark) ?? null }
}

async function unlessMissing<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    if (awsErrorName(error) === 'ResourceNotFoundException') return null
    throw error
  }
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof SecretStoreError ? error : awsSecretFailure(error)
  }
}
