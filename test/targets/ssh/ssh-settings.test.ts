import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readSshSettings, type SshSettings } from '../../../src/targets/ssh/ssh-settings.ts'
import { TRUSTED_TOOLS } from '../../../src/tools/open-tools.ts'
import { CONFIGURATIONS, type Configuration } from './configurations.ts'

const never = new AbortController().signal
const ssh = TRUSTED_TOOLS.find('ssh')!

describe.skipIf(ssh === null)('readSshSettings', () => {
  let folder: string
  beforeAll(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-ssh-config-')))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  /** Writes a configuration into a home of its own. */
  function write({ text, files = {}, env = {} }: Configuration, name: string) {
    const home = join(folder, name)
    const fill = (value: string) => value.replaceAll('/ABS', home)
    for (const [path, content] of Object.entries({ ...files, '.ssh/config': text })) {
      mkdirSync(dirname(join(home, path)), { recursive: true })
      writeFileSync(join(home, path), fill(content), { mode: 0o600 })
    }
    const filled = Object.entries(env).map(([key, value]) => [key, fill(value)])
    return { home, env: { PATH: process.env.PATH, ...Object.fromEntries(filled) }, tools: TRUSTED_TOOLS }
  }

  const ask = (args: string[], env: NodeJS.ProcessEnv) => spawnSync(ssh.file, args, { env, encoding: 'utf8' })

  /** The identity files that ssh tries, as it says itself; `ssh -G` does not expand them. */
  function listTried(config: string, alias: string, env: NodeJS.ProcessEnv, home: string): string[] {
    const { stderr } = ask(
      ['-v', '-F', config, '-o', 'ProxyCommand=false', '-o', 'ProxyUseFdpass=no', alias],
      env,
    )
    return [...stderr.matchAll(/^debug1: identity file (.*) type -?\d+\r?$/gm)]
      .map(([, file]) => file!)
      .filter((file) => !file.endsWith('-cert'))
      .map((file) => resolve(file.replaceAll(`${userInfo().homedir}/.ssh`, `${home}/.ssh`)))
  }

  test.each(CONFIGURATIONS.map((one, index) => ({ ...one, index })))(
    'reads $name as ssh does, or refuses it by name',
    async (one) => {
      const user = write(one, `home-${one.index}`)
      const config = join(user.home, '.ssh/config')
      const { stdout, stderr, status } = ask(['-G', '-T', '-F', config, one.alias], user.env)
      expect([status, stderr]).toEqual([0, ''])
      const reading = readSshSettings(one.alias, user, never)
      if (one.refused !== undefined) {
        const message = expect.stringMatching(new RegExp(`${one.refused} .*which Cutter can’t follow`))
        return expect(reading).rejects.toMatchObject({ code: 'CONFIG_INVALID', message })
      }
      const tried = listTried(config, one.alias, user.env, user.home)
      const settings = await reading
      expect(asPrinted(settings)).toEqual(expected(stdout, tried, user))
      expect(settings.needs).toEqual(one.needs ?? [])
    },
  )

  test('refuses at most six of them', () => {
    expect(CONFIGURATIONS.length).toBeGreaterThanOrEqual(62)
    expect(CONFIGURATIONS.filter(({ refused }) => refused !== undefined).length).toBeLessThanOrEqual(6)
  })

  /** What `ssh -G` prints, in the shape of our settings. */
  function expected(
    printed: string,
    tried: string[],
    { home, env }: { home: string; env: NodeJS.ProcessEnv },
  ) {
    const all = (name: string) =>
      printed
        .split('\n')
        .flatMap((line) => (line.startsWith(`${name.toLowerCase()} `) ? [line.slice(name.length + 1)] : []))
    const one = (name: string) => all(name)[0] ?? null
    const list = (name: string) => (one(name) === 'none' ? '' : one(name)!)
    const own = userInfo().homedir
    return {
      hostname: one('Hostname'),
      port: one('Port'),
      user: one('User'),
      addressFamily: one('AddressFamily'),
      bindAddress: one('BindAddress'),
      connectTimeout: one('ConnectTimeout'),
      proxyJump: one('ProxyJump'),
      hasProxyCommand: one('ProxyCommand') !== null,
      hostKeyAlias: one('HostKeyAlias'),
      revokedHostKeys: one('RevokedHostKeys'),
      identitiesOnly: one('IdentitiesOnly'),
      checkHostIP: one('CheckHostIP'),
      agent:
        one('IdentityAgent')
          ?.replace(/^none$/, '')
          .replace(/^\$?(SSH_AUTH_SOCK|OTHER)$/, (name) => env[name.replace('$', '')] ?? '') ??
        env.SSH_AUTH_SOCK ??
        '',
      knownHosts: [list('UserKnownHostsFile').replaceAll(`${own}/`, `${home}/`), list('GlobalKnownHostsFile')]
        .filter((files) => files !== '')
        .join(' '),
      tried,
    }
  }

  const asPrinted = (settings: SshSettings) => ({
    hostname: settings.hostName,
    port: String(settings.port),
    user: settings.user,
    addressFamily: { 0: 'any', 4: 'inet', 6: 'inet6' }[settings.addressFamily],
    bindAddress: settings.bindAddress,
    connectTimeout: settings.connectTimeoutMs === 20_000 ? 'none' : String(settings.connectTimeoutMs / 1000),
    proxyJump: settings.jumps.length === 0 ? null : settings.jumps.join(','),
    hasProxyCommand: settings.proxyCommand !== null,
    hostKeyAlias: settings.hostKeyAlias,
    revokedHostKeys: settings.revokedHostKeys,
    identitiesOnly: settings.identitiesOnly ? 'yes' : 'no',
    checkHostIP: settings.checkHostIp ? 'yes' : 'no',
    agent: settings.agent ?? '',
    knownHosts: settings.knownHosts.join(' '),
    tried: settings.identityFiles,
  })
})
