import type { Host } from './open-host.ts'

/** Opens a host by its name. */
type OpenHost = (name: string, signal: AbortSignal) => Promise<Host>

/** A host whose connection can be left for the next phase. Nothing may run on it then. */
export interface KeepableHost extends Host {
  keep(): void
  /** Closes the connection after a failure, and those to the same host that wait: what broke one may have broken them too. */
  abandon(): void
}

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
 * Opens hosts over connections that earlier phases of this process have left, where there is one: each login costs time, leaves a line in
 * the host's log, and counts for its limits. `newLogin` always logs in.
 */
export const keepHosts =
  (open: OpenHost) =>
  async (name: string, signal: AbortSignal, { newLogin = false } = {}): Promise<KeepableHost> => {
    const host = newLogin ? await open(name, signal) : await take(open, name, signal)
    return {
      ...host,
      keep: () => keep(open, name, host),
      abandon() {
        host.close()
        for (const one of idle.filter((kept) => kept.open === open && kept.name === name)) drop(one)
      },
    }
  }

async function take(open: OpenHost, name: string, signal: AbortSignal): Promise<Host> {
  const kept = idle.findLast((one) => one.open === open && one.name === name)
  if (kept === undefined) return open(name, signal)
  forget(kept)
  if (kept.host.isOpen() && !signal.aborted) return kept.host
  kept.host.close()
  return open(name, signal)
}

function keep(open: OpenHost, name: string, host: Host): void {
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
