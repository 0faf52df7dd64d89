import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readHostRules } from '../../src/app/live-conditions.ts'
import { readConfig } from '../../src/config/load-config.ts'
import { differingRules } from '../../src/domain/live-rules.ts'

/** Two hosts have the same rules where the same signatures count at their gates, wherever their files lie. */

const STORE = 'store: { url: { env: A } }\n'
let homes: string[]
beforeEach(() => {
  homes = []
})
afterEach(() => {
  for (const home of homes) rmSync(home, { recursive: true, force: true })
})

async function rulesOf(config: string, files: { [name: string]: string }) {
  const home = mkdtempSync(join(tmpdir(), 'cutter-rules-'))
  homes.push(home)
  writeFileSync(join(home, 'cutter.yaml'), config)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(home, name), text)
  return readHostRules(home, await readConfig(home, []))
}

const SIGNERS = { allowed_signers: 'alice ssh-ed25519 AAAA' }
const POLICY = ['the policy of cutter.yaml (approvals, operators, store.commits)']

const CASES: [what: string, config: string, files: { [name: string]: string }, differing: string[]][] = [
  ['the same files', STORE, SIGNERS, []],
  ['another order of keys', `approvals: { strict: modes }\n${STORE}`, SIGNERS, []],
  [
    'another path of the same signers',
    `${STORE}approvals: { allowedSigners: ./people }\n`,
    { people: SIGNERS.allowed_signers },
    [],
  ],
  ['settings that decide nothing at a gate', `${STORE}inputs: [/srv]\ncaps: { units: 5 }\n`, SIGNERS, []],
  ['one more signer', STORE, { allowed_signers: `${SIGNERS.allowed_signers}\nbob` }, ['allowed_signers']],
  ['no signers', STORE, {}, ['allowed_signers']],
  [
    'revoked keys',
    `${STORE}approvals: { revokedKeys: ./revoked }\n`,
    { ...SIGNERS, revoked: '' },
    ['the revoked keys', ...POLICY],
  ],
  ['revoked keys that are missing', `${STORE}approvals: { revokedKeys: ./revoked }\n`, SIGNERS, POLICY],
  ['a weaker gate', `${STORE}approvals: { policy: { cut.SG1: { fourEyes: false } } }\n`, SIGNERS, POLICY],
  ['owners’ strictness', `${STORE}approvals: { strict: owner }\n`, SIGNERS, POLICY],
  ['other operators', `${STORE}operators: { bot: 'uid:7' }\n`, SIGNERS, POLICY],
  ['commits that may be lost', 'store: { url: { env: A }, commits: local }\n', SIGNERS, POLICY],
]

test.each(CASES)('a host with %s', async (_, config, files, differing) => {
  const rules = await rulesOf(STORE, SIGNERS)
  expect(differingRules(await rulesOf(config, files), rules)).toEqual(differing)
})
