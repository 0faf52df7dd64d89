import { randomBytes } from 'node:crypto'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { type BuiltinDeps, findBuiltin, MACHINE_NAMES } from '../builtin/registry.ts'
import type { CloseoutDeps } from '../bundle/sign-closeout.ts'
import { loadCustomProfiles } from '../config/custom-profiles.ts'
import { assertKnownGates } from '../config/gate-policy.ts'
import { type Config, findConfiguredSecrets, findHome, readConfig } from '../config/load-config.ts'
import type { LoadedModule } from '../custom/load-module.ts'
import { systemClock } from '../domain/clock.ts'
import type { HistoryEntry, Run } from '../domain/run.ts'
import { createEngine, type Engine } from '../engine/engine.ts'
import type { EngineDeps, InstalledMachine, Reports } from '../engine/engine-deps.ts'
import { namesSecret } from '../secrets/key-names.ts'
import { createSecretRegistry, isStrongSecret, type SecretRegistry } from '../secrets/redaction.ts'
import { withGroupCommit } from '../store/group-commit.ts'
import type { BatchingStore, RunStore } from '../store/run-store.ts'
import { openRunStore } from '../store/sqlite/open-run-store.ts'
import type { EmbeddedTargets } from '../targets/embedded/embedded-targets.ts'
import { isOwnerAlive, thisProcess } from '../targets/system/process-identity.ts'
import type { Target } from '../targets/target.ts'
import { gateDeps } from './gate-deps.ts'
import { openLog } from './log.ts'
import { migrationsDirectory, writerThread } from './paths.ts'
import { createReports, findHeadWitness } from './run-reports.ts'

export { type Log, openLog } from './log.ts'

export interface App {
  home: string
  config: Config
  store: RunStore
  engine: Engine
  parts: EngineDeps
  /** A target by its configured name, or `embedded`. TARGET_NOT_FOUND names the known ones. */
  target(name: string): Promise<Target>
  embedded(): Promise<EmbeddedTargets>
  /** Takes a user's own machine as it was just loaded, whatever is registered or remembered under its name. */
  useModule(loaded: LoadedModule): Promise<void>
  close(): Promise<void>
}

export interface AppOptions {
  home: string
  env: NodeJS.ProcessEnv
  interrupt: AbortSignal
  /** What must not be printed, logged or saved; whoever prints the app's errors brings its own. */
  secrets?: SecretRegistry
  /** The home's store, where it is open already. */
  store?: BatchingStore
  onStep?(run: Run, entry: HistoryEntry): void
  onProgress?(run: Run, text: string): void
  /** Told of what went wrong beside the work itself. */
  onWarning?(text: string): void
}

export const storeFile = (home: string) => join(home, 'var', 'cutter.db')

export function openStore(home: string): BatchingStore {
  const files = { migrationsDirectory: migrationsDirectory('store/sqlite'), writerThread: writerThread() }
  return openRunStore({ file: storeFile(home), ...files })
}

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
  readonly isStoreOpen: boolean
  /** How far each run was when its reports were written. */
  reports: Pick<Reports, 'lastSeen'>
  config(): Promise<Config>
  /** Config, machines, targets and the engine. */
  app(): Promise<App>
  close(): Promise<void>
}

export interface HomeOptions extends Omit<AppOptions, 'home' | 'store'> {
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
  let config: Promise<Config> | null = null
  let app: Promise<App> | null = null
  const openedStore = () => (store ??= openStore(folder))
  return {
    folder,
    cwd,
    env,
    interrupt,
    get store() {
      return openedStore()
    },
    get isStoreOpen() {
      return store !== null
    },
    reports: { lastSeen: async (runId) => findHeadWitness(folder, runId) },
    config: () => (config ??= readConfig(folder, MACHINE_NAMES)),
    app: () => (app ??= openApp({ ...options, home: folder, store: openedStore() })),
    async close() {
      // Closing the app closes the store. An app that could not be opened has thrown its error already.
      const opened = await app?.catch(() => null)
      if (opened) await opened.close()
      else await store?.close()
    },
  }
}

/** Puts the parts together for one home. What a command may not need (machines, targets, pg) is loaded when asked for. */
export async function openApp(options: AppOptions): Promise<App> {
  const { home, env } = options
  const config = await readConfig(home, MACHINE_NAMES)
  const secrets = options.secrets ?? createSecretRegistry()
  meetSecrets(secrets, config, env)
  const log = await openLog(env, secrets)
  // Runs that are at work side by side share their commits.
  const store = withGroupCommit(options.store ?? openStore(home), () => engine.activeRuns())

  let embeddedTargets: Promise<EmbeddedTargets> | null = null
  const embedded = () =>
    (embeddedTargets ??= import('../targets/embedded/embedded-targets.ts').then((module) =>
      module.openEmbeddedTargets({
        home,
        migrationsDirectory: migrationsDirectory('target'),
        isRunClosed: async (runId) => ((await store.run(runId))?.status ?? 'closed') === 'closed',
        log: (line) => log.info(line),
        registerSecret: secrets.add,
      }),
    ))
  const target = async (name: string) => {
    if (name === 'embedded') return (await embedded()).target()
    const { openConfiguredTarget } = await import('../targets/postgres/configured-target.ts')
    return openConfiguredTarget(name, config.targets, env)
  }
  const profiles = () => loadCustomProfiles(config, home)
  const deps = { config, home, env, store, target, embedded, profiles }
  const machines = new Map<string, Promise<InstalledMachine>>()
  const known = underKnownPolicy(config, store)
  const installed = (name: string) => {
    const found = machines.get(name) ?? install(name, deps).then(known)
    machines.set(name, found)
    return found
  }
  const onClosed = async (run: Run) => {
    const { signCloseout } = await import('../bundle/sign-closeout.ts')
    await signCloseout(sealingOf(home, store), run).catch((err: unknown) =>
      log.warn({ err, runId: run.runId }, 'closeout not signed'),
    )
  }
  const made = partsOf(options, config, store)
  const reports = createReports({
    ...{ home, store, policy: made.policy, allowedSigners: config.approvals.allowedSigners },
    warn: options.onWarning ?? ((text) => log.warn(text)),
  })
  const parts = { ...made, installed, log, secrets, onClosed, reports }
  const engine = createEngine(parts)
  return {
    home,
    config,
    store,
    engine,
    parts,
    target,
    embedded,
    async useModule(loaded) {
      const { installModule } = await import('../custom/install-module.ts')
      machines.set(loaded.machine.name, known(installModule(loaded, store)))
    },
    async close() {
      await (await embeddedTargets)?.release()
      await store.close()
    },
  }
}

/** What signing a closeout needs of a home; its own key lies beside the store. */
export function sealingOf(home: string, store: RunStore): CloseoutDeps {
  return { store, clock: systemClock, folder: join(home, 'var'), host: thisProcess().host }
}

function partsOf(
  options: AppOptions,
  config: Config,
  store: RunStore,
): Omit<EngineDeps, 'installed' | 'log' | 'secrets'> {
  const { home, interrupt, onStep, onProgress } = options
  return {
    store,
    clock: systemClock,
    randomHex: (bytes) => randomBytes(bytes).toString('hex'),
    nonce: () => randomBytes(16).toString('base64url'),
    owner: thisProcess(),
    ownerAlive: isOwnerAlive,
    osUser: osUser(),
    ...gateDeps(home, config),
    allowLive: config.execution.allowLive,
    caps: config.caps,
    interrupt,
    ...(onStep === undefined ? {} : { onStep }),
    ...(onProgress === undefined ? {} : { onProgress }),
  }
}

/** These two name folders. */
const WORKING_FOLDERS = ['PWD', 'OLDPWD']

/**
 * By value, as they stand in the environment now: what the config names, PGPASSWORD, which pg reads by itself, and whatever is
 * called a secret, since effects of users find their own there. (A switch such as USE_TOKEN=true says nothing worth hiding.)
 */
function meetSecrets(secrets: SecretRegistry, config: Config, env: NodeJS.ProcessEnv): void {
  for (const [variable, value] of findConfiguredSecrets(config, env)) secrets.add(variable, value)
  if (env.PGPASSWORD !== undefined) secrets.add('PGPASSWORD', env.PGPASSWORD)
  for (const [variable, value = ''] of Object.entries(env)) {
    const called = namesSecret(variable, value) && !WORKING_FOLDERS.includes(variable)
    if (called && isStrongSecret(value)) secrets.add(variable, value)
  }
}

/** A machine by its name: one that ships, else a user's own. */
async function install(
  name: string,
  deps: BuiltinDeps & Pick<App, 'config' | 'store'>,
): Promise<InstalledMachine> {
  const builtin = await findBuiltin(name)
  if (builtin !== null) return builtin.install(deps)
  const { installModule, loadModuleOfRun } = await import('../custom/install-module.ts')
  return installModule(await loadModuleOfRun(name, deps, deps.store), deps.store)
}

const underKnownPolicy = (config: Config, store: RunStore) => async (installed: InstalledMachine) => {
  const remembered = (await store.machineModules()).map(({ name }) => name)
  const known = [...MACHINE_NAMES, ...Object.keys(config.machines), ...remembered]
  assertKnownGates(config, installed.machine, known)
  return installed
}

/** The name that the operating system vouches for; the number where it has none. */
export function osUser(): string {
  try {
    return userInfo().username
  } catch {
    return `uid:${process.getuid?.() ?? 'unknown'}`
  }
}
