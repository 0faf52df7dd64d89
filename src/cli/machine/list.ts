import { resolve } from 'node:path'
import type { App } from '../../app/open-app.ts'
import { MACHINE_NAMES } from '../../builtin/registry.ts'
import { CutterError } from '../../domain/errors.ts'
import type { InstalledMachine } from '../../engine/engine-deps.ts'
import { answer, type Io, table } from '../io.ts'
import { type CommonOptions, command } from '../session.ts'

interface Listed {
  name: string
  version: string | null
  definitionDigest: string | null
  gates: string[]
  /** `shipped`, or the path of the module. */
  from: string
  /** Why it can't be used. */
  error?: string
}

/** Machines that ship, those of cutter.yaml, and those that runs were started of. */
export function machineList(options: CommonOptions) {
  return command(options, async ({ app: opened, io }) => {
    const app = await opened()
    const remembered = await app.store.machineModules()
    const places = new Map<string, string>([
      ...MACHINE_NAMES.map((name) => [name, 'shipped'] as const),
      ...remembered.map(({ name, path }) => [name, path] as const),
      ...Object.entries(app.config.machines).map(([name, path]) => [name, resolve(app.home, path)] as const),
    ])
    const machines: Listed[] = []
    for (const [name, from] of places) machines.push(await listed(app, name, from))
    answer(io, machines, () =>
      table(
        ['MACHINE', 'VERSION', 'DEFINITION', 'GATES', 'FROM'],
        machines.map(({ name, version, definitionDigest, gates, from, error }) => [
          name,
          version ?? '-',
          definitionDigest?.slice(0, 19) ?? '-',
          gates.join(' ') || '-',
          error === undefined ? from : `${from}: ${error}`,
        ]),
      ),
    )
    return 0
  })
}

async function listed(app: App, name: string, from: string): Promise<Listed> {
  const { gatesOf } = await import('../../machine/chart-gates.ts')
  try {
    const { machine } = await app.parts.installed(name)
    const { version, definitionDigest } = machine
    return { name, version, definitionDigest, gates: gatesOf(machine), from }
  } catch (error) {
    if (!(error instanceof CutterError)) throw error
    return { name, version: null, definitionDigest: null, gates: [], from, error: error.message }
  }
}

export function machineGraph(given: string, options: CommonOptions) {
  return command(options, async ({ app: opened, io, home }) => {
    const app = await opened()
    return answerGraph(io, await machineFor(app, given, home), null)
  })
}

/** A path or a name of cutter.yaml, else a machine that ships or is remembered. */
async function machineFor(app: App, given: string, home: string): Promise<InstalledMachine['machine']> {
  if (!MACHINE_NAMES.includes(given) && (await app.store.machineModule(given)) === null) {
    const { loadModuleByReference } = await import('../../custom/install-module.ts')
    return (await loadModuleByReference(given, { home, config: app.config }, process.cwd())).machine
  }
  return (await app.parts.installed(given)).machine
}

export function runGraph(text: string, options: CommonOptions) {
  return command(options, async ({ app, io, known }) => {
    const run = await known(text)
    const { machine } = await (await app()).parts.installed(run.machine)
    if (machine.definitionDigest !== run.definitionDigest)
      io.err(`cutter: run ${run.runId} was started under another definition than the one that is drawn`)
    return answerGraph(io, machine, run.state)
  })
}

async function answerGraph(
  io: Io,
  machine: InstalledMachine['machine'],
  here: string | null,
): Promise<number> {
  const { mermaid } = await import('../../machine/diagram.ts')
  const diagram = mermaid(machine, here)
  const { name, version } = machine
  answer(io, { machine: name, version, state: here, mermaid: diagram }, () => [diagram.trimEnd()])
  return 0
}

/** Exit code 3 when a run would be stranded. */
export function machineCheck(options: CommonOptions) {
  return command(options, async ({ app, io }) => {
    const { checkOpenRuns } = await import('../../engine/check-upgradable.ts')
    const runs = await checkOpenRuns((await app()).parts)
    const stranded = runs.filter(({ verdict }) => verdict === 'stranded').length
    answer(io, runs, () =>
      runs.length === 0
        ? ['no run is open']
        : [
            ...table(
              ['RUN', 'MACHINE', 'STATUS', 'STATE', 'VERDICT'],
              runs.map((run) => [
                run.runId,
                `${run.machine} ${run.version}`,
                run.status ?? '-',
                run.state ?? '-',
                run.verdict,
              ]),
            ),
            ...runs.flatMap(({ why }) => (why === null ? [] : [why])),
          ],
    )
    return stranded === 0 ? 0 : 3
  })
}
