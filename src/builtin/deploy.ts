import { readFileSync } from 'node:fs'
import { deploy } from '../../machines/deploy.ts'
import type { App } from '../app/open-app.ts'
import type { Config } from '../config/load-config.ts'
import { CutterError } from '../domain/errors.ts'
import { admitDeploy, type DeployWorld, deployEffects } from '../effects/deploy/index.ts'
import type { InstalledMachine } from '../engine/engine-deps.ts'
import { openHost } from '../targets/host.ts'
import { thisSshUser } from '../targets/ssh-settings.ts'
import { definitionDigest } from './cut.ts'

/** The machine that deploys, with its effects; hosts are named in cutter.yaml, or by their alias in the user's ssh config. */
export async function installDeploy(
  { config }: Pick<App, 'config'>,
  env: NodeJS.ProcessEnv,
): Promise<InstalledMachine> {
  const world: DeployWorld = {
    host: createHostOpener(config, env),
    readChecks,
    mayRehearseRollback: (name) => config.hosts[name]?.rehearseRollback === true,
  }
  return {
    machine: { ...deploy, definitionDigest: definitionDigest(deploy) },
    effects: deployEffects(world),
    admit: (input) => admitDeploy(world, input),
  }
}

export const createHostOpener =
  (config: Config, env: NodeJS.ProcessEnv): DeployWorld['host'] =>
  (name, signal) =>
    openHost(config.hosts[name]?.ssh ?? name, thisSshUser(env), signal)

async function readChecks(path: string): Promise<unknown> {
  const { readYaml } = await import('../domain/yaml.ts')
  const refused = (why: string, cause?: unknown) =>
    new CutterError(
      'INPUT_REFUSED',
      `the checks file ${path} can't be read: ${why}; the host was not touched`,
      { next: 'name a YAML file with --checks', cause },
    )
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw refused((cause as Error).message, cause)
  }
  const read = readYaml(text)
  if ('fault' in read) throw refused(read.fault)
  return read.value
}
