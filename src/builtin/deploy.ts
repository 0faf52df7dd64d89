import { readFileSync } from 'node:fs'
import { deploy as definition } from '../../machines/deploy.ts'
import { CutterError } from '../domain/errors.ts'
import { splitHosts } from '../domain/host-names.ts'
import type { DeployDeps } from '../effects/deploy/index.ts'
import type { RunStore } from '../store/run-store.ts'
import { currentSshUser } from '../targets/ssh/ask-ssh.ts'
import { keepHosts } from '../targets/ssh/kept-hosts.ts'
import { openHost } from '../targets/ssh/open-host.ts'
import { filesOfTool, type Tools } from '../tools/open-tools.ts'
import { listAdopted } from './adopted-releases.ts'
import { defineBuiltin } from './builtin-machine.ts'

/** What opening a host needs: hosts are named in cutter.yaml, or by their alias in the user's ssh config. */
export interface HostDeps {
  config: { hosts: { [name: string]: { ssh?: string | undefined; rehearseRollback?: boolean | undefined } } }
  env: NodeJS.ProcessEnv
  tools: Tools
}

/** What a deploy needs of the app. */
export interface DeployAppDeps extends HostDeps {
  store: RunStore
}

export const deploy = defineBuiltin({
  definition,
  example:
    'cutter run start deploy --source . --commit v2 --host web --path /srv/app-2 --previous /srv/app-1',
  needs: ({ input: { host, source, checks } }) => [
    ...splitHosts(String(host)).map((name) => `host:${name}` as const),
    `file:${String(source)}`,
    ...(typeof checks === 'string' ? [`file:${checks}` as const] : []),
  ],
  connect: (deps: DeployAppDeps): DeployDeps => ({
    host: createHostOpener(deps),
    readChecks,
    mayRehearseRollback: (name) => deps.config.hosts[name]?.rehearseRollback === true,
    adopted: () => listAdopted(deps.store),
    tools: deps.tools,
  }),
  files: ({ tools }) => [...tools.list('git').flatMap(filesOfTool), ...listHostTools(tools)],
  async work() {
    const { admitDeploy, deployEffects } = await import('../effects/deploy/index.ts')
    return { effects: deployEffects, admit: admitDeploy }
  },
})

/** The programs that decide which host is reached, and whether its key is known. */
export const listHostTools = (tools: Tools): string[] =>
  (['ssh', 'sshKeygen'] as const).flatMap((name) => tools.list(name).flatMap(filesOfTool))

/** Opens hosts by their names in cutter.yaml or their aliases in the ssh config. */
export const createHostOpener = ({ config, env, tools }: HostDeps): DeployDeps['host'] =>
  keepHosts((name, signal) => openHost(config.hosts[name]?.ssh ?? name, currentSshUser(env, tools), signal))

/** @throws INPUT_REFUSED when the file can't be read or is not YAML. */
async function readChecks(path: string): Promise<unknown> {
  const { readYaml } = await import('../domain/yaml.ts')
  const checksFileError = (why: string, cause?: unknown) =>
    new CutterError(
      'INPUT_REFUSED',
      `the checks file ${path} can't be read: ${why}; nothing was changed on the host`,
      { next: 'name a YAML file with --checks', cause },
    )
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw checksFileError((cause as Error).message, cause)
  }
  const read = readYaml(text)
  if ('fault' in read) throw checksFileError(read.fault)
  return read.value
}
