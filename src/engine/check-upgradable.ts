import { CutterError } from '../domain/errors.ts'
import type { Status } from '../domain/history-entry.ts'
import type { Run } from '../domain/run.ts'
import { eachRun } from '../store/each-run.ts'
import type { EngineDeps, InstalledMachine } from './engine-deps.ts'
import { loadRun } from './load-run.ts'
import { composeUpgradeStep } from './upgrade-run.ts'

/**
 * Whether the installed machines can continue an open run: as it is (`same`), after an upgrade, or not at all (`stranded`). `untried`: the
 * module changed and names an upgrade, but it was not loaded.
 */
export interface OpenRun {
  runId: string
  machine: string
  version: string
  definitionDigest: string
  status: Status | null
  state: string | null
  gate: string | null
  verdict: 'same' | 'upgrade' | 'untried' | 'stranded'
  /** Why the run is stranded or was not tried, or the effect of an upgrade on its approvals. */
  why: string | null
}

/**
 * Checks every open run, newest first. Upgrades are tried, and nothing is saved.
 * @param candidate a machine that is not installed yet: only runs of its name are checked, and as if it were installed
 * @param loadChanged also loads modules of users that changed since, and whose text names an upgrade. That runs their code.
 */
export async function checkOpenRuns(
  deps: EngineDeps,
  loadChanged = false,
  candidate: InstalledMachine | null = null,
): Promise<OpenRun[]> {
  // By id: a run that moves meanwhile is found under two statuses.
  const found = new Map<string, { startedAt: string; open: OpenRun }>()
  const tampered: OpenRun[] = []
  const onTampered = (error: Error) => void tampered.push(tamperedRun(error))
  const asked = candidate === null ? {} : { machine: candidate.machine.name }
  const find = async (loaded: Run) => candidate ?? (await deps.installed(loaded.machine, loaded, loadChanged))
  // Only facts are kept of each run, because there may be many.
  for (const status of ['working', 'paused', 'stopped'] as const)
    for await (const run of eachRun(deps.store, { status, ...asked, onTampered }))
      found.set(run.runId, {
        startedAt: run.startedAt,
        open: { ...factsOf(run), ...(await verdictOn(deps, run, find)) },
      })
  const checked = [...found.values()].sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1))
  return [...checked.map(({ open }) => open), ...(candidate === null ? tampered : [])]
}

const factsOf = ({ runId, machine, version, definitionDigest, status, state, gate }: Run) => {
  return { runId, machine, version, definitionDigest, status, state, gate }
}

async function verdictOn(
  deps: EngineDeps,
  { runId }: Run,
  find: (run: Run) => Promise<InstalledMachine>,
): Promise<Pick<OpenRun, 'verdict' | 'why'>> {
  try {
    const run = await loadRun(deps, runId)
    const installed = await find(run)
    if (installed.machine.definitionDigest === run.definitionDigest) return { verdict: 'same', why: null }
    const { run: upgraded } = await composeUpgradeStep(deps, installed, run, deps.osUser)
    const why = upgraded.gateSeq === null ? null : `run ${runId} must be approved again after its upgrade`
    return { verdict: 'upgrade', why }
  } catch (error) {
    if (!(error instanceof CutterError)) throw error
    if (error.data.namesUpgrade === true)
      return { verdict: 'untried', why: `${error.message} Its text names an upgrade, which was not tried.` }
    return { verdict: 'stranded', why: error.message }
  }
}

function tamperedRun(error: Error): OpenRun {
  const runId = error instanceof CutterError ? String(error.data.runId) : ''
  const nothing = { machine: '', version: '', definitionDigest: '', status: null, state: null, gate: null }
  return { runId, ...nothing, verdict: 'stranded', why: error.message }
}
