import type { Host } from './open-host.ts'

/** Opens a host by its name. */
type OpenHost = (name: string, signal: AbortSignal) => Promise<Host>

interface KeptHost {
  open: OpenHost
  name: string
  host: Host
  timer: NodeJS.Timeout
}

/** How long a connection waits for the next phase that needs it. */
const IDLE_MS = 10_000

/** Connections that no phase uses, the one that was used last at the end. */
let idle: KeptHost[] = []

/**
 * Takes a connection to a host: one that an earlier phase of this process has left, or a new one. Each login costs time, leaves a line in
 * the host's log, and counts for its limits.
 */
export async function takeHost(open: OpenHost, name: string, signal: AbortSignal): Promise<Host> {
  const kept = idle.findLast((one) => one.open === open && one.name === name)
  if (kept === undefined) return open(name, signal)
  forget(kept)
  if (kept.host.isOpen() && !signal.aborted) return kept.host
  kept.host.close()
  return open(name, signal)
}

/** Leaves a connection, on which nothing runs any more, for the next phase. */
export function keepHost(open: OpenHost, name: string, host: Host): void {
  if (!host.isOpen()) {
    host.close()
    return
  }
  const kept: KeptHost = { open, name, host, timer: setTimeout(() => drop(kept), IDLE_MS) }
  kept.timer.unref()
  idle.push(kept)
}

/** Closes the connections that no phase uses, so that the process can end. */
export function closeKeptHosts(): void {
  for (const kept of [...idle]) drop(kept)
}

function drop(kept: KeptHost): void {
  forget(kept)
  kept.host.close()
}

function forget(kept: KeptHost): void {
  clearTimeout(kept.timer)
  idle = idle.filter((one) => one !== kept)
}
