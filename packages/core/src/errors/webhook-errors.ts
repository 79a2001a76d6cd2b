import type { ErrorRow } from './error-row.ts'

/** Webhooks and streams of events. Those without a status stand in attempts and at a webhook that was disabled. */
export const WEBHOOK_ERRORS = {
  WEBHOOK_URL_REFUSED: {
    httpStatus: 422,
    blame: 'caller',
    retry: 'after-change',
    means: 'The fleet does not post to this URL.',
    help: '`detail` says why. Give an https URL of a public host, without a user, on port 443 or from 1024 on.',
  },
  WEBHOOKS_TOO_MANY: {
    httpStatus: 409,
    blame: 'caller',
    retry: 'after-change',
    means: 'There are as many webhooks as one owner may have.',
    help: 'Delete one that is not needed; a webhook may take events of several types.',
  },
  WEBHOOK_DISABLED: {
    httpStatus: 409,
    blame: 'caller',
    retry: 'after-change',
    means: 'The webhook is disabled, so nothing is delivered to it.',
    help: 'Enable it first; its `disabledCode` says why the fleet disabled it.',
  },
  EVENTS_EXPIRED: {
    httpStatus: 410,
    blame: 'caller',
    retry: 'after-change',
    means: 'Events after that place are not kept any more, so the log cannot be gone on with there.',
    help: 'Read what is kept, from `after=0`, and compare with the lists of invoices and documents for what lies before it.',
  },
  STREAMS_TOO_MANY: {
    httpStatus: 503,
    blame: 'caller',
    retry: 'later',
    means: 'As many streams of events are open here as this process serves, or this key may have.',
    help: 'Close streams that are not read, or read the list of events by `after`.',
  },
  WEBHOOK_REFUSED: {
    httpStatus: null,
    blame: 'caller',
    retry: 'later',
    means: 'The receiver answered with a status other than 2xx.',
    help: 'Answer 2xx as soon as the event is stored; the attempt shows the status and how the answer began.',
  },
  WEBHOOK_REDIRECTED: {
    httpStatus: null,
    blame: 'caller',
    retry: 'later',
    means: 'The receiver answered with a redirect, and none is followed.',
    help: 'Change the URL of the webhook to where the receiver is.',
  },
  WEBHOOK_GONE: {
    httpStatus: null,
    blame: 'caller',
    retry: 'after-change',
    means: 'The receiver answered 410: it wants no more. The webhook was disabled.',
    help: 'Delete the webhook, or enable it again when the receiver is back.',
  },
  WEBHOOK_KEEPS_FAILING: {
    httpStatus: null,
    blame: 'caller',
    retry: 'after-change',
    means: 'Nothing has arrived at the receiver for days. The webhook was disabled.',
    help: 'Mend the receiver, enable the webhook and have what it missed delivered again.',
  },
  WEBHOOK_DISABLED_TOO_LONG: {
    httpStatus: null,
    blame: 'caller',
    retry: 'after-change',
    means:
      'The event waited for a webhook that stayed disabled until the event had to go, so it was given up.',
    help: 'Enable the webhook and have the event delivered again within a week; then it is gone, and the lists of invoices and documents tell what it told of.',
  },
  WEBHOOK_TIMEOUT: {
    httpStatus: null,
    blame: 'caller',
    retry: 'later',
    means: 'The receiver did not answer in time.',
    help: 'Store the event, answer, and do the work afterwards.',
  },
  WEBHOOK_UNREACHABLE: {
    httpStatus: null,
    blame: 'caller',
    retry: 'later',
    means: 'No connection to the receiver was made, or it broke.',
    help: 'Check the name, the certificate and the firewall of the receiver.',
  },
  WEBHOOK_ADDRESS_REFUSED: {
    httpStatus: null,
    blame: 'caller',
    retry: 'after-change',
    means: "The receiver's name leads to an address that is not public, so no connection was made.",
    help: 'Let the name resolve to public addresses only; `WEBHOOK_NETWORKS` opens a network of the fleet itself.',
  },
  WEBHOOK_SECRET_LOST: {
    httpStatus: null,
    blame: 'fleet',
    retry: 'later',
    means:
      "The webhook's secret cannot be opened with the master key, so nothing was posted: a message without a signature is none.",
    help: 'Give the workers the master key back under which it was sealed, or make a new secret, which signs from then on.',
  },
} as const satisfies Record<string, ErrorRow>
