import { resolve } from 'node:path'
import type { App } from '../../app/open-app.ts'
import type { Home } from '../../app/open-home.ts'
import { MACHINE_NAMES } from '../../builtin/registry.ts'
import { CutterError } from '../../domain/errors.ts'
import { assertRole } from '../access/assert-role.ts'
import { findListed } from './find-listed.ts'

/** What `machine list --json` prints for each machine. */
export interface ListedMachine {
  name: string
  version: string | null
  definitionDigest: string | null
  gates: string[]
  /** `shipped`, or the path of the module. */
  from: string
  /** Why the machine can't be used. */
  error?: string
}

/**
 * Lists the machines that ship, those of cutter.yaml, and those that runs were started with.
 * @throws CONFIG_INVALID
 */
export async function listMachines(home: Home): Promise<ListedMachine[]> {
  assertRole(home, 'list machines')
  const app = await home.app()
  const remembered = await app.store.machineModules()
  const origins = new Map<string, string>()
  for (const name of MACHINE_NAMES) origins.set(name, 'shipped')
  for (const { name, path } of remembered) origins.set(name, path)
  for (const [name, path] of Object.entries(app.config.machines)) origins.set(name, resolve(app.home, path))
  const machines: ListedMachine[] = []
  for (const [name, from] of origins) machines.push(await describeMachine(app, name, from))
  return machines
}

async function describeMachine(app: App, name: string, from: string): Promise<ListedMachine> {
  const { gatesOf } = await import('../../machine/chart-gates.ts')
  try {
    const { machine } = await findListed(app, name)
    const { version, definitionDigest } = machine
    return { name, version, definitionDigest, gates: gatesOf(machine), from }
  } catch (error) {
    if (!(error instanceof CutterError)) throw error
    return { name, version: null, definitionDigest: null, gates: [], from, error: error.message }
  }
}
