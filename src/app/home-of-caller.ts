import type { Through } from '../domain/history-facts.ts'
import type { TokenScope } from '../domain/token.ts'
import type { EngineDeps } from '../engine/engine-deps.ts'
import type { App } from './open-app.ts'
import type { Home } from './open-home.ts'

/** What a caller gets to see of the work that is done for it. */
export interface Watcher {
  /** Gets each step that is saved for this caller. */
  onStep: NonNullable<EngineDeps['onStep']>
  onProgress?: EngineDeps['onProgress']
}

/** Where a caller asks from. */
export interface Asker extends Partial<Pick<Home, 'cwd' | 'interrupt' | 'sent'>> {
  /** Null for the home's owner, who is whoever runs the service. */
  caller: TokenScope | null
  /** How the call came in, where that says who it was. */
  through?: Through | undefined
}

/**
 * A home as one caller of the service reaches it: its operator is the name of the caller's token. Store, config and machines are those of
 * `home`, which stays open when this one is closed.
 */
export function homeOfCaller(
  home: Home,
  { caller, through, cwd = home.cwd, interrupt = home.interrupt, sent = null }: Asker,
  watcher: Watcher,
): Home {
  let app: Promise<App> | null = null
  return {
    folder: home.folder,
    cwd,
    env: home.env,
    interrupt,
    isConfined: caller !== null || through === 'mcp',
    isServed: true,
    sent,
    get store() {
      return home.store
    },
    get isStoreOpen() {
      return home.isStoreOpen
    },
    caller,
    reports: home.reports,
    config: home.config,
    app: () =>
      (app ??= home.app().then(async (opened) => {
        await opened.followRules()
        return appOfCaller(opened, { caller, through }, watcher)
      })),
    changes: home.changes,
    async close() {},
  }
}

function appOfCaller(
  app: App,
  { caller, through }: Pick<Asker, 'caller' | 'through'>,
  { onStep, onProgress }: Watcher,
): App {
  const watched: typeof onStep = (run, entry) => {
    app.deps.onStep?.(run, entry)
    onStep(run, entry)
  }
  const changes = {
    ...(caller === null ? {} : { tokenName: caller.name, isOwnersToken: caller.isOwner === true }),
    ...(through === undefined ? {} : { through }),
    ...(onProgress === undefined ? {} : { onProgress }),
    onStep: watched,
  }
  return { ...app, deps: { ...app.deps, ...changes }, engine: app.engine.withDeps(changes) }
}
