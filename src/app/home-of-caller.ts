import type { TokenScope } from '../domain/token.ts'
import type { EngineDeps } from '../engine/engine-deps.ts'
import type { App } from './open-app.ts'
import type { Home } from './open-home.ts'

/**
 * A home as one caller of the service reaches it: its operator is the name of the caller's token. Store, config and machines are those of
 * `home`, which stays open when this one is closed.
 * @param onStep gets each step that is saved for this caller
 */
export function homeOfCaller(
  home: Home,
  caller: TokenScope,
  onStep: NonNullable<EngineDeps['onStep']>,
): Home {
  let app: Promise<App> | null = null
  return {
    folder: home.folder,
    cwd: home.cwd,
    env: home.env,
    interrupt: home.interrupt,
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
        return appOfCaller(opened, caller.name, onStep)
      })),
    changes: home.changes,
    async close() {},
  }
}

function appOfCaller(app: App, tokenName: string, onStep: NonNullable<EngineDeps['onStep']>): App {
  const watched: typeof onStep = (run, entry) => {
    app.deps.onStep?.(run, entry)
    onStep(run, entry)
  }
  const changes = { tokenName, onStep: watched }
  return { ...app, deps: { ...app.deps, ...changes }, engine: app.engine.withDeps(changes) }
}
