/**
 * The offline mode: how an invoice is issued that does not go to KSeF at once (tryby-offline.md, "Zestawienie trybów").
 *
 * - `offline24`: the issuer's own choice, whatever KSeF does (art. 106nda of the VAT act).
 * - `offline`: an announced unavailability of KSeF, niedostępność (art. 106nh).
 * - `awaria`: an announced failure of KSeF (art. 106nf).
 * - `totalFailure`: awaria całkowita (art. 106ng): issued outside KSeF, never sent to it, without QR codes.
 */
export const OFFLINE_MODES = ['offline24', 'offline', 'awaria', 'totalFailure'] as const
export type OfflineMode = (typeof OFFLINE_MODES)[number]
