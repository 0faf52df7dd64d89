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
  /** The name of the token of the home’s owner, where the owner brought it. */
  ownerName?: string
}

/**
 * A home as one caller of the service reaches it: its operator is the name of the caller's token. Store, config and machines are those of
 * `home`, which stays open when this one is closed.
 */
export function homeOfCaller(
  home: Home,
  { caller, ownerName, cwd = home.cwd, interrupt = home.interrupt, sent = null }: Asker,
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
        // User ids of cutter.yaml name operators of processes. Here the process is that of the service, so the token names the operator.
        const ownName = opened.deps.operators === undefined ? undefined : ownerName
        return appOfCaller(opened, caller?.name ?? ownName, watcher)
      })),
    changes: home.changes,
    async close() {},
  }
}

function appOfCaller(app: App, tokenName: string | undefined, { onStep, onProgress }: Watcher): App {
  const watched: typeof onStep = (run, entry) => {
    app.deps.onStep?.(run, entry)
    onStep(run, entry)
  }
  const changes = {
    ...(tokenName === undefined ? {} : { tokenName }),
    ...(onProgress === undefined ? {} : { onProgress }),
    onStep: watched,
  }
  return { ...app, deps: { ...app.deps, ...changes }, engine: app.engine.withDeps(changes) }
}
