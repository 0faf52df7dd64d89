import type { Home, Log } from '../../app/open-home.ts'
import { VERSION } from '../../domain/version.ts'
import { listMachines } from '../machines/list.ts'

/** How often a service says that it works, in milliseconds. */
export const ANNOUNCED_MS = 30_000

/**
 * Tells others that this service works on the store which its home shares, until it is closed. Nothing depends on it, so that an error is logged alone.
 * Does nothing for a home with a store of its own.
 */
export async function startAnnouncing(home: Home, log: Log): Promise<{ close(): Promise<void> }> {
  const { store } = await home.config()
  if (store === undefined) return { close: async () => {} }
  const [{ connecting }, { readHostRules }, { readHomeIdentity }, hosts] = await Promise.all([
    import('../../app/open-database-store.ts'),
    import('../../app/live-conditions.ts'),
    import('../../app/home-identity.ts'),
    import('../../store/postgres/hosts.ts'),
  ])
  const connect = connecting(store.url.env, home.env)
  const { id, host } = readHomeIdentity(home.folder)
  let last: Promise<void> = Promise.resolve()
  const tell = (what: () => Promise<void>) => {
    last = last.then(what).catch((err: unknown) => log.warn({ err }, 'other hosts do not see this service'))
  }
  const announce = (isStart: boolean) => async () => {
    const rules = await readHostRules(home.folder, await home.config())
    const facts = { home: id, host, version: VERSION, machines: await machinesOf(home), rules }
    await hosts.announceHost(connect, facts, isStart)
  }
  tell(announce(true))
  const timer = setInterval(() => tell(announce(false)), ANNOUNCED_MS)
  timer.unref()
  return {
    async close() {
      clearInterval(timer)
      tell(() => hosts.announceEnd(connect, id))
      await last
    },
  }
}

async function machinesOf(home: Home) {
  const listed = await listMachines(home)
  return Object.fromEntries(
    listed.flatMap(({ name, version, definitionDigest }) =>
      version === null || definitionDigest === null ? [] : [[name, { version, definitionDigest }]],
    ),
  )
}
