const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Calls once when this process is asked to end, however often it is asked. */
export function onStop(stop: () => void): void {
  let asked = false
  const once = () => {
    if (asked) return
    asked = true
    stop()
  }
  for (const signal of SIGNALS) process.on(signal, once)
}
