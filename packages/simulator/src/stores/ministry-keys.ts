import 'reflect-metadata'
import { constants, createHash, createPrivateKey, privateDecrypt, X509Certificate } from 'node:crypto'
import { X509CertificateGenerator } from '@peculiar/x509'
import { type Clock, later } from '../clock.ts'

/**
 * The Ministry's encryption keys. States of a key: published and accepted, then (after a planned rotation)
 * published beside its successor, then retired. An emergency rotation retires at once
 * (klucze-publiczne-do-szyfrowania.md).
 */
export type KeyUsage = 'KsefTokenEncryption' | 'SymmetricKeyEncryption'

export type MinistryKey = {
  usage: KeyUsage
  /** DER of the X.509 certificate. */
  certificate: Buffer
  /** Base64 of the SHA-256 of the certificate's DER. */
  certificateId: string
  /** Base64 of the SHA-256 of the SubjectPublicKeyInfo's DER: 44 characters. */
  publicKeyId: string
  validFrom: Date
  validTo: Date
  /** DER of PKCS#8: data, so that a key survives a restart. */
  pkcs8: Buffer
}

export type MinistryKeys = {
  published(): readonly MinistryKey[]
  accepts(usage: KeyUsage, publicKeyId: string): boolean
  /** RSA-OAEP with SHA-256 and MGF1 SHA-256; undefined when no accepted key opens the ciphertext. */
  open(usage: KeyUsage, ciphertext: Buffer, publicKeyId?: string): Buffer | undefined
  rotate(mode: 'planned' | 'emergency'): Promise<void>
}

const USAGES: readonly KeyUsage[] = ['KsefTokenEncryption', 'SymmetricKeyEncryption']
const DAY_MS = 24 * 3600 * 1000
/** Keys are published long before anyone meets them, and a clock may be moved back behind the start. */
const PUBLISHED_BEFORE_MS = 30 * DAY_MS
const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048 }
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64')

async function makeKey(usage: KeyUsage, validFrom: Date, serial: number): Promise<MinistryKey> {
  const publicExponent = new Uint8Array([1, 0, 1])
  const keys = await crypto.subtle.generateKey({ ...RSA, publicExponent }, true, ['sign', 'verify'])
  const validTo = later(validFrom, 2 * 365 * DAY_MS)
  const made = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serial.toString(16).padStart(4, '0'),
    name: [{ CN: ['Ministerstwo Finansów'] }, { O: ['KSeF simulator'] }, { C: ['PL'] }],
    notBefore: validFrom,
    notAfter: validTo,
    keys,
    signingAlgorithm: RSA,
  })
  const certificate = Buffer.from(made.rawData)
  const publicKeyDer = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' })
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey))
  return {
    usage,
    certificate,
    certificateId: digest(certificate),
    publicKeyId: digest(publicKeyDer),
    validFrom: made.notBefore,
    validTo: made.notAfter,
    pkcs8,
  }
}

function tryOpen(key: MinistryKey, ciphertext: Buffer): Buffer | undefined {
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  try {
    const privateKey = createPrivateKey({ key: key.pkcs8, format: 'der', type: 'pkcs8' })
    return privateDecrypt({ key: privateKey, padding, oaepHash: 'sha256' }, ciphertext)
  } catch {
    return undefined // Any failure means "not encrypted for this key"; the caller reports it as its own status.
  }
}

export type MinistryKeysState = { rotations: number; keys: MinistryKey[] }

export async function createMinistryKeys(clock: Clock, state: MinistryKeysState): Promise<MinistryKeys> {
  const generation = () => {
    // Seconds are all a certificate can express: successors must still be later than their predecessors.
    const validFrom = later(clock.now(), state.rotations * 1000 - PUBLISHED_BEFORE_MS)
    return Promise.all(
      USAGES.map((usage, index) => makeKey(usage, validFrom, state.rotations * 2 + index + 1)),
    )
  }
  if (state.keys.length === 0) state.keys = await generation()
  return {
    published: () => state.keys,
    accepts: (usage, publicKeyId) =>
      state.keys.some((key) => key.usage === usage && key.publicKeyId === publicKeyId),
    open: (usage, ciphertext, publicKeyId) => {
      const fitting = state.keys.filter(
        (key) => key.usage === usage && (publicKeyId === undefined || key.publicKeyId === publicKeyId),
      )
      for (const key of fitting) {
        const plain = tryOpen(key, ciphertext)
        if (plain !== undefined) return plain
      }
      return undefined
    },
    rotate: async (mode) => {
      state.rotations += 1
      const successors = await generation()
      const kept = mode === 'planned' ? state.keys.slice(-USAGES.length) : []
      state.keys = [...kept, ...successors]
    },
  }
}
