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
}

/**
 * A home as one caller of the service reaches it: its operator is the name of the caller's token. Store, config and machines are those of
 * `home`, which stays open when this one is closed.
 */
export function homeOfCaller(
  home: Home,
  { caller, cwd = home.cwd, interrupt = home.interrupt, sent = null }: Asker,
  watcher: Watcher,
): Home {
  let app: Promise<App> | null = null
  return {
    folder: home.folder,
    cwd,
    env: home.env,
    interrupt,
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
        return appOfCaller(opened, caller, watcher)
      })),
    changes: home.changes,
    async close() {},
  }
}

function appOfCaller(app: App, caller: TokenScope | null, { onStep, onProgress }: Watcher): App {
  const watched: typeof onStep = (run, entry) => {
    app.deps.onStep?.(run, entry)
    onStep(run, entry)
  }
  const changes = {
    ...(caller === null ? {} : { tokenName: caller.name, isOwnersToken: caller.isOwner === true }),
    ...(onProgress === undefined ? {} : { onProgress }),
    onStep: watched,
  }
  return { ...app, deps: { ...app.deps, ...changes }, engine: app.engine.withDeps(changes) }
}
