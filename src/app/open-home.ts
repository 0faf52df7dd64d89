import { type Config, findHome } from '../config/load-config.ts'
import type { TokenScope } from '../domain/token.ts'
import type { Reports } from '../engine/engine-deps.ts'
import type { BatchingStore, RunStore } from '../store/run-store.ts'
import { followConfig } from './config-file.ts'
import type { App, AppOptions } from './open-app.ts'
import { openStore } from './open-store.ts'
import { findHeadWitness } from './run-reports.ts'
import type { SentFiles } from './sent-files.ts'
import { type StoreChanges, watchStore } from './store-changes.ts'

export { type Log, openLog } from './log.ts'

/** A folder with cutter.yaml and var/, as use cases see it. Each part is opened when it is first used. */
export interface Home {
  /** Absolute path. */
  folder: string
  /** The folder that relative paths of the caller start from. */
  cwd: string
  env: NodeJS.ProcessEnv
  /** Aborts when the operator interrupts. */
  interrupt: AbortSignal
  /** A command that never reads it leaves no var/ in the folder. */
  readonly store: RunStore
  /** Whoever brought a token to the service; null for whoever runs this process. */
  caller: TokenScope | null
  /** Whether paths of the caller are limited to uploads and to what cutter.yaml names. An agent’s always are. */
  isConfined: boolean
  /** Whether a service works on it for others. It loads no module that they name by its path. */
  isServed: boolean
  /** The files of a client’s command line; null for whoever names files otherwise. */
  sent: SentFiles | null
  readonly isStoreOpen: boolean
  /** How far each run was when its reports were written. */
  reports: Pick<Reports, 'lastSeen'>
  /** cutter.yaml as it is now. */
  config(): Promise<Config>
  /** Config, machines, targets and the engine. Loaded when it is first used, because reading a run needs none of them. */
  app(): Promise<App>
  /** Tells when the store was changed, by whichever process. */
  changes(): StoreChanges
  close(): Promise<void>
}

interface HomeOptions extends Omit<AppOptions, 'home' | 'store' | 'configFile'> {
  /** The named folder; left out: CUTTER_HOME, else the nearest folder upward with cutter.yaml, else `cwd`. */
  home?: string | undefined
  cwd: string
}

/**
 * Finds a home. Opens nothing yet.
 * @throws INPUT_REFUSED when the named folder does not exist
 */
export function openHome(options: HomeOptions): Home {
  const { cwd, env, interrupt } = options
  const folder = findHome(options.home, env, cwd)
  let store: BatchingStore | null = null
  const configFile = followConfig(folder)
  let app: Promise<App> | null = null
  let changes: StoreChanges | null = null
  const openedStore = () => (store ??= openStore(folder, env))
  return {
    folder,
    cwd,
    env,
    interrupt,
    caller: null,
    isConfined: false,
    isServed: false,
    sent: null,
    get store() {
      return openedStore()
    },
    get isStoreOpen() {
      return store !== null
    },
    reports: { lastSeen: async (runId) => findHeadWitness(folder, runId) },
    config: configFile.read,
    app: () =>
      (app ??= import('./open-app.ts').then(({ openApp }) =>
        openApp({
          ...options,
          home: folder,
          store: openedStore(),
          configFile,
          onApprovalSaved: () => changes?.look(),
        }),
      )),
    changes: () => (changes ??= watchStore(openedStore())),
    async close() {
      changes?.close()
      // Closing the app closes the store. An app that could not be opened has thrown its error already.
      const opened = await app?.catch(() => null)
      if (opened) {
        await opened.writeReports()
        await opened.close()
      } else await store?.close()
    },
  }
}
