import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { App } from '../../app/open-app.ts'
import { MACHINE_NAMES } from '../../builtin/registry.ts'
import { loadCustomProfiles } from '../../config/custom-profiles.ts'
import { listShippedProfiles } from '../../document/profiles/shipped-profiles.ts'
import { CutterError } from '../../domain/errors.ts'
import { type Finding, okay } from './finding.ts'

type Named = Pick<App, 'home' | 'config' | 'deps' | 'store'>

/** Checks that every file, gate, machine and document that `cutter.yaml` names exists. One finding for each that does not. */
export async function checkConfig(app: Named): Promise<Finding[]> {
  const missing = [
    ...checkDocuments(app),
    ...(await checkProfiles(app)),
    ...checkMachines(app),
    ...(await checkPolicyGates(app)),
    ...checkInputs(app),
  ]
  if (missing.length > 0) return missing
  return [okay('cutter.yaml', 'every file, gate, machine and document that it names is there')]
}

const failed = (check: string, message: string, next: string): Finding => ({
  check,
  status: 'fail',
  message,
  next,
})

function checkDocuments({ home, config }: Named): Finding[] {
  const profiles = [...listShippedProfiles(), ...Object.keys(config.profiles)]
  return Object.entries(config.documents).flatMap(([id, { source, profile }]) => {
    const check = `document ${id}`
    const file = resolve(home, source)
    const found = isFile(file)
      ? []
      : [
          failed(
            check,
            `its source ${file} is missing`,
            `restore the file, or correct documents.${id}.source`,
          ),
        ]
    // A version and levels may follow the name: markdown@1:article.
    const name = profile?.split(/[@:]/)[0]
    if (name === undefined || profiles.includes(name)) return found
    const next = `name one of: ${profiles.join(', ')}`
    return [...found, failed(check, `there is no profile ${name}`, next)]
  })
}

async function checkProfiles({ home, config }: Named): Promise<Finding[]> {
  const missing = Object.entries(config.profiles)
    .map(([name, file]) => ({ name, file: resolve(home, file) }))
    .filter(({ file }) => !isFile(file))
    .map(({ name, file }) =>
      failed(
        `profile ${name}`,
        `its file ${file} is missing`,
        `restore the file, or remove profiles.${name}`,
      ),
    )
  if (missing.length > 0) return missing
  return findingsOf('profiles', () => loadCustomProfiles(config, home))
}

function checkMachines({ home, config }: Named): Finding[] {
  return Object.entries(config.machines)
    .map(([name, file]) => ({ name, file: resolve(home, file) }))
    .filter(({ file }) => !existsSync(file))
    .map(({ name, file }) =>
      failed(`machine ${name}`, `its module ${file} is missing`, `restore it, or remove machines.${name}`),
    )
}

/** A machine of a user's own is loaded only where a policy is for one of its gates, as `run start` would load it. */
async function checkPolicyGates({ config, deps, store, home }: Named): Promise<Finding[]> {
  const keys = Object.keys(config.approvals.policy)
  const known = [
    ...MACHINE_NAMES,
    ...Object.keys(config.machines),
    ...(await store.machineModules()).map(({ name }) => name),
  ]
  const findings: Finding[] = []
  for (const name of new Set(keys.map((key) => key.split('.')[0]!))) {
    if (!known.includes(name)) {
      const policies = keys.filter((key) => key.startsWith(`${name}.`))
      const next = `correct the key: <machine>.<gate>; known machines: ${known.join(', ')}`
      findings.push(...policies.map((key) => failed(`policy ${key}`, `there is no machine ${name}`, next)))
    } else if (config.machines[name] === undefined || existsSync(resolve(home, config.machines[name])))
      findings.push(...(await findingsOf(`policy of ${name}`, () => deps.installed(name, null))))
  }
  return findings
}

function checkInputs({ home, config }: Named): Finding[] {
  return config.inputs
    .map((folder) => resolve(home, folder))
    .filter((folder) => !existsSync(folder))
    .map((folder) => failed('inputs', `${folder} is missing`, 'make the folder, or remove it from inputs'))
}

async function findingsOf(check: string, work: () => Promise<unknown>): Promise<Finding[]> {
  try {
    await work()
    return []
  } catch (error) {
    if (!(error instanceof CutterError)) throw error
    const { message, next = 'correct cutter.yaml' } = error
    return [failed(check, message, next)]
  }
}

const isFile = (path: string) => statSync(path, { throwIfNoEntry: false })?.isFile() === true
