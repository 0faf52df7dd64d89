import { randomBytes } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { hostname } from 'node:os'
import { nanoid } from 'nanoid'
import type { Config } from '../config/load-config.ts'
import type { LoadedModule } from '../custom/load-module.ts'
import { systemClock } from '../domain/clock.ts'
import type { HistoryEntry } from '../domain/history-entry.ts'
import { describeLostEntries, NEXT_FOR_LOST_ENTRIES } from '../domain/lost-entries.ts'
import type { Run } from '../domain/run.ts'
import { CheckedRuns } from '../engine/checked-runs.ts'
import { createEngine, type Engine } from '../engine/engine.ts'
import type { EngineDeps } from '../engine/engine-deps.ts'
import { openOwners } from '../locks/owners.ts'
import { createSecretRegistry, type SecretRegistry } from '../secrets/redaction.ts'
import { withGroupCommit } from '../store/group-commit.ts'
import type { BatchingStore, RunStore } from '../store/run-store.ts'
import type { EmbeddedTargets } from '../targets/embedded/embedded-targets.ts'
import { closeKeptHosts } from '../targets/ssh/kept-hosts.ts'
import type { Target } from '../targets/target.ts'
import { openTools, type Tools } from '../tools/open-tools.ts'
import { closeoutDeps } from './closeout-deps.ts'
import { type ConfigFile, followConfig } from './config-file.ts'
import { findLostEntries } from './find-lost-entries.ts'
import { followProfiles } from './follow-profiles.ts'
import { type GateDeps, gateDeps } from './gate-deps.ts'
import { readHomeIdentity } from './home-identity.ts'
import { installedMachines } from './installed-machines.ts'
import { liveObstacle, livePermission } from './live-permission.ts'
import { type Log, openLog } from './log.ts'
import { logStep } from './log-step.ts'
import { hasMoved } from './moved-store.ts'
import { openStore } from './open-store.ts'
import { osUser } from './os-user.ts'
import { migrationsDirectory } from './package-paths.ts'
import { followProofs, withProofs } from './proofs/follow-proofs.ts'
import { registerSecrets } from './register-secrets.ts'
import { createReports } from './run-reports.ts'
import { findUnmetNeeds } from './unmet-needs.ts'
import { withMessages } from './with-messages.ts'

/** The engine of one home with everything that it needs. */
export interface App {
  /** Absolute path. */
  home: string
  config: Config
  store: RunStore
  engine: Engine
  deps: EngineDeps
  /**
   * Returns a target by its configured name, or `embedded`.
   * @throws TARGET_NOT_FOUND with the known names
   */
  target(name: string): Promise<Target>
  embedded(): Promise<EmbeddedTargets>
  /** Installs a custom machine as it was just loaded, whatever is registered or remembered under its name. */
  useModule(loaded: LoadedModule): Promise<void>
  /**
   * Reads cutter.yaml again if it was changed: who may approve, how many, who operates, who gets messages. Cuts read documents and profiles again by themselves. Targets, hosts, tools and caps stay as they are.
   * @throws CONFIG_INVALID; the rules stay as they were then, and whoever asks must not go by them
   */
  followRules(): Promise<void>
  /** Writes the reports of the runs that were moved last. A command does so when it has answered. */
  writeReports(): Promise<void>
  close(): Promise<void>
}

export interface AppOptions {
  home: string
  env: NodeJS.ProcessEnv
  /** Aborts when the operator interrupts. */
  interrupt: AbortSignal
  /** The secrets that are redacted. A caller that prints the app's errors brings its own registry. */
  secrets?: SecretRegistry
  /** The home's cutter.yaml, where somebody follows it already. */
  configFile?: ConfigFile
  /** The home's store, where it is open already. */
  store?: BatchingStore
  onStep?(run: Run, entry: HistoryEntry): void
  onProgress?(run: Run, text: string): void
  onApprovalSaved?(): void
  /** Gets warnings about work that a run does not depend on, such as its reports. */
  onWarning?(text: string): void
}

/**
 * Composes the app of one home. Machines, targets and pg are loaded when they are first used, because most commands need none.
 * @throws CONFIG_INVALID, STORE_NEWER, STORE_CORRUPT, STORE_UNWRITABLE
 */
export async function openApp(options: AppOptions): Promise<App> {
  const { home, env } = options
  // Each run at work listens to it, so many listeners are no leak.
  setMaxListeners(0, options.interrupt)
  const configFile = options.configFile ?? followConfig(home)
  const config = await configFile.read()
  const tools = openTools(config.tools)
  const secrets = options.secrets ?? createSecretRegistry()
  registerSecrets(secrets, config, env)
  const log = await openLog(env, secrets)
  let rules = config
  // Runs that work concurrently share their commits.
  const opened = options.store ?? openStore(home, env)
  const store = withProofs(
    withMessages(
      withGroupCommit(opened, () => engine.activeRuns()),
      () => rules.messages.receivers,
    ),
    () => proofs,
  )
  const targets = openTargets({ home, env, config, store, log, secrets })
  const { target, embedded } = targets
  const readBundle = async (path: string) =>
    (await import('./read-deploy-bundle.ts')).readDeployBundle(
      home,
      rules.approvals,
      path,
      async (runId) => (await store.run(runId)) !== null,
    )
  const machines = installedMachines({
    ...{ config, home, env, store, target, embedded, tools, readBundle },
    documents: async () => (await configFile.read()).documents,
    profiles: followProfiles(configFile, home),
  })
  const warn = options.onWarning ?? ((text: string) => log.warn(text))
  const proofs = followProofs({
    home,
    store,
    tools,
    warn,
    interrupt: options.interrupt,
    evidence: () => rules.evidence,
  })
  const signEnd = closeoutSigner(home, store, tools, log)
  const deps: EngineDeps = {
    ...engineDeps(options, configFile, config, store),
    ...sharedBy(opened, home),
    ...sharing(home, config, env),
    isFollowed: options.onStep !== undefined,
    onStep(run, entry) {
      logStep(log, run, entry)
      options.onStep?.(run, entry)
    },
    ...gateDeps(home, config, tools),
    installed: machines.find,
    log,
    secrets,
    async onClosed(run) {
      await signEnd(run)
      proofs.closed(run)
    },
  }
  const reports = createReports({
    home,
    store,
    policy: (machine, gate) => deps.policy(machine, gate),
    allowedSigners: config.approvals.allowedSigners,
    warn,
  })
  deps.reports = reports
  const lost = await findLostEntries(home, store)
  deps.lostEntries = async () => lost
  if (lost.length > 0) warn(`${describeLostEntries(lost)}; ${NEXT_FOR_LOST_ENTRIES}`)
  const engine = createEngine(deps)
  return {
    home,
    config,
    store,
    engine,
    deps,
    target,
    embedded,
    useModule: machines.use,
    async followRules() {
      const now = await configFile.read()
      if (now === rules) return
      await machines.checkGates(now)
      delete deps.operators
      Object.assign(deps, gateDeps(home, now, tools))
      rules = now
    },
    writeReports: reports.writeMoved,
    async close() {
      await proofs.settled()
      await targets.release()
      closeKeptHosts()
      await reports.close()
      await store.close()
    },
  }
}

interface TargetDeps {
  home: string
  env: NodeJS.ProcessEnv
  config: Config
  store: RunStore
  log: Log
  secrets: SecretRegistry
}

/** The targets of a home. The embedded server is started at its first use, and released with the app. */
function openTargets({ home, env, config, store, log, secrets }: TargetDeps) {
  let opened: Promise<EmbeddedTargets> | null = null
  const embedded = () =>
    (opened ??= import('../targets/embedded/embedded-targets.ts').then(({ openEmbeddedTargets }) =>
      openEmbeddedTargets({
        home,
        user: config.embedded.user,
        migrationsDirectory: migrationsDirectory('target'),
        isRunClosed: async (runId) => ((await store.run(runId))?.status ?? 'closed') === 'closed',
        log: (line) => log.info(line),
        registerSecret: secrets.add,
      }),
    ))
  return {
    embedded,
    async target(name: string): Promise<Target> {
      if (name === 'embedded') return (await embedded()).target()
      const { openConfiguredTarget } = await import('../targets/postgres/configured-target.ts')
      return openConfiguredTarget(name, config.targets, env)
    },
    async release(): Promise<void> {
      await (await opened)?.release()
    },
  }
}

/** Signs the closeout of a run that has closed. A failure is only logged, because the run is closed whatever comes of it. */
function closeoutSigner(home: string, store: RunStore, tools: Tools, log: Log) {
  return async (run: Run): Promise<void> => {
    const { signCloseout } = await import('../bundle/sign-closeout.ts')
    await signCloseout(closeoutDeps(home, store, tools), run).catch((err: unknown) =>
      log.warn({ err, runId: run.runId }, 'closeout not signed'),
    )
  }
}

/** What differs where several hosts share a store: the clock that all go by, and whom nobody here can know as dead. */
function sharedBy({ clock }: BatchingStore, home: string): Partial<Pick<EngineDeps, 'clock' | 'ownerAlive'>> {
  if (clock === undefined) return {}
  const owners = openOwners(home)
  return {
    clock,
    ownerAlive({ id = '', host }) {
      const alive = owners.isAlive(id)
      // Two hosts of one image may have the same file numbers. The lease of another host's owner has to end.
      return alive === false && host !== hostname() ? 'unknown' : alive
    },
  }
}

/** What tells this home from others with the same store. */
function sharing(home: string, config: Config, env: NodeJS.ProcessEnv): Pick<EngineDeps, 'sharing'> {
  if (config.store === undefined) return {}
  return {
    sharing: {
      home: () => readHomeIdentity(home),
      hasMoved: (runId) => hasMoved(home, runId),
      findUnmet: async (needs) => findUnmetNeeds(needs, config, env),
    },
  }
}

function engineDeps(
  { home, env, interrupt, onProgress, onApprovalSaved }: AppOptions,
  configFile: ConfigFile,
  config: Config,
  store: RunStore,
): Omit<EngineDeps, 'installed' | 'log' | 'secrets' | keyof GateDeps> {
  const owners = openOwners(home)
  return {
    store,
    checked: new CheckedRuns(),
    clock: systemClock,
    randomHex: (bytes) => randomBytes(bytes).toString('hex'),
    // 22 characters of 64 hold the 128 bits that a nonce needs.
    nonce: () => nanoid(22),
    owner: owners.self,
    ownerAlive: ({ id = '' }) => owners.isAlive(id),
    osUser: osUser(),
    allowLive: livePermission(configFile),
    ...(config.store === undefined ? {} : { liveObstacle: liveObstacle(home, configFile, env) }),
    caps: config.caps,
    interrupt,
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(onApprovalSaved === undefined ? {} : { onApprovalSaved }),
  }
}
