import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildProgram } from '../../src/cli/program.ts'
import { BY_ITSELF } from '../../src/client/command-words.ts'
import { OWNER_ONLY } from '../../src/service/access/served-commands.ts'
import { type Answer, aCutterHome, type CutterHome, jsonOf } from '../support/cli.ts'
import { ALICE, aSigner, charter } from '../support/cli-steps.ts'
import { type ServingProgram, serve } from '../support/serving-program.ts'

/** Each command gives the same output and the same exit code with a service and without one. */

const EXAMPLE = resolve(import.meta.dirname, '../examples/rotate-keys.ts')
const CONFIG = 'machines: { rotate-keys: ./rotate-keys.ts }\nexecution: { allowLive: true }\n'

/** What each command is called with, in this order. `P` is a paused dry run, `L` a paused live run, `E` a closed dry run. */
const CALLS: { [command: string]: string[][] } = {
  'run list': [
    [],
    ['--status', 'paused', '--machine', 'rotate-keys'],
    ['--cursor', 'wrong'],
    ['--output', 'jsonl'],
    ['--output', 'csv'],
    ['--limit', '0'],
  ],
  inbox: [[], ['--as', ALICE], ['--output', 'csv']],
  'run show': [['P'], ['E'], ['E', '--output', 'csv'], ['nothing'], []],
  'run plan': [['P'], ['P', '--format', 'markdown'], ['E']],
  'run history': [['E'], ['E', '--output', 'csv'], ['E', '--verify'], ['E', '--follow']],
  'run explain': [
    ['P', '--offline'],
    ['L', '--offline'],
    ['P', '--offline', '--output', 'csv'],
  ],
  'run graph': [['P'], ['P', '--format', 'chart']],
  'run review': [
    ['P'],
    ['L'],
    ['E'],
    ['P', '--as', ALICE],
    ['L', '--as', ALICE, '--key', 'alice_example_org'],
  ],
  'run report': [['E'], ['E', '--html', '--out', 'e.html'], ['E', '--html', '--out', '-'], ['E', '--html']],
  'run wait': [
    ['P', '--for', 'gate', '--timeout', '1s'],
    ['P', '--for', 'closed', '--timeout', '1s'],
  ],
  'run export': [
    ['E', '--out', 'e.tar'],
    ['E', '--out', 'e.tar'],
    ['E', '--out', '-'],
  ],
  'run start': [
    ['rotate-keys', '--file', 'service.key', '--key', 'again'],
    ['rotate-keys', '--file', 'other.key', '--key', 'again'],
    ['rotate-keys', '--file', 'service.key', '--by', 'deploybot'],
    ['rotate-keys', '--no-such-flag'],
    ['rotate-keys', '--help'],
    ['no-such-machine'],
    ['rotate-keys', '--file', 'service.key', '--by', 'cutter-service'],
  ],
  'approval statement': [['L', '--as', ALICE]],
  'approval rehearse': [['P', '--by', 'nobody'], ['P'], ['L']],
  'approval sign': [['L', '--as', ALICE, '--key', 'alice_example_org']],
  'approval import': [['--statement', 'none.json', '--signature', 'none.sig']],
  'approval list': [[], ['L']],
  'approval show': [['ap-none']],
  'approval countersign': [
    ['P', '--as', ALICE, '--key', 'alice_example_org'],
    ['E', '--as', ALICE, '--key', 'alice_example_org'],
    ['E', '--as', ALICE, '--key', 'no_such_key'],
    ['E', '--as', 'nobody@example.org', '--key', 'alice_example_org'],
    ['E', '--as', '', '--key', 'alice_example_org'],
    ['E', '--as', 'bob@example.org'],
    ['E', '--as', ALICE, '--statement', 'none.json', '--signature', 'none.sig'],
    ['E', '--as', ALICE, '--statement', 'none.json'],
  ],
  'run resume': [['P'], ['L', '--approval', 'ap-none'], ['E']],
  'run retry': [['P'], ['E']],
  'run adopt': [['e.tar'], ['none.tar'], ['e.tar', '--host', 'box']],
  'run rollback': [['P'], ['E', '--mode', 'live']],
  'run void': [
    ['P', '--reason', 'not now'],
    ['L', '--reason', 'not now'],
  ],
  'run abandon': [['L', '--reason', 'lost']],
  'run cancel': [
    ['L', '--reason', 'wrong slot', '--by', 'deploybot'],
    ['L', '--reason', ' '],
  ],
  'machine list': [[]],
  'machine graph': [['cut'], ['none']],
  'machine new': [['mine']],
  'machine check': [[]],
  'machine test': [['./rotate-keys.ts']],
  'execution status': [[]],
  'execution enable': [
    ['--for', '1h', '--reason', 'a test'],
    ['--for', '1y', '--reason', 'a test'],
  ],
  'execution disable': [['--reason', 'the end']],
  'document scan': [['charter.md'], ['none.md']],
  'document profiles': [[], ['markdown']],
  'document list': [['--target', 'none']],
  'document show': [['X/ARTICLE-1', '--target', 'none'], []],
  'document history': [['X/ARTICLE-1', '--target', 'none']],
  'document search': [['words', '--target', 'none']],
  'document diff': [['charter.md', 'charter-2.md']],
  'document export': [
    ['charter.md', '--format', 'markdown'],
    ['charter.md', '--format', 'json', '--out', 'charter.json'],
    ['charter.md', '--format', 'json', '--out', 'charter.json'],
    ['--format', 'akn'],
  ],
  'hold status': [[]],
  'hold on': [
    ['--reason', 'a test'],
    ['--reason', ''],
  ],
  'hold release': [['P', '--reason', 'a test']],
  'hold off': [
    ['--reason', 'over'],
    ['--by', 'deploybot'],
  ],
  'batch start': [['empty']],
  'batch show': [[]],
  'batch resume': [['none', '--approvals', 'none.txt']],
  'target init': [['none'], ['none', '--dry-run']],
  'target survey': [['none']],
  'target grants': [['none']],
  'target list': [[]],
  'migrate new': [['bundle']],
  'migrate lint': [['bundle']],
  'migrate import': [['bundle', '--into', 'bundles']],
  'migrate propose': [['bundle', '--target', 'none']],
  'migrate merge': [['bundle', '--into', 'merged']],
  'migrate status': [['bundle', '--target', 'none']],
  'rehearsal list': [[]],
  'rehearsal remove': [['cutter_none']],
  'store backup': [
    ['--out', 'store.db'],
    ['--out', 'store.db'],
  ],
  'store prune': [
    ['--older-than', '1s'],
    ['--older-than', '1s', '--into', 'archive'],
  ],
  'store check': [[]],
  'store restore': [['none.db']],
  'store move': [['--to', 'postgres']],
  completion: [['bash'], ['csh']],
  complete: [['--', 'run', 'li']],
  'instance rotate-key': [['--reason', 'a test']],
  'token create': [
    ['--role', 'viewer', '--name', 'bot'],
    ['--role', 'viewer', '--name', 'x', '--run', 'P'],
  ],
  'token list': [[]],
  'token revoke': [['bot'], ['none']],
  verify: [['e.tar'], ['none.tar']],
  doctor: [['--runs']],
}

/** Commands whose output differs, with the reason. */
const EXCEPTIONS: { [command: string]: string } = {
  serve: 'a second service on the home is refused, which restart.test.ts shows',
  mcp: 'its stdout is for the protocol of agents; test/cli/mcp.test.ts shows both ways',
  demo: 'it makes a home of its own, and the story does not depend on others',
  'store restore': 'it needs the service stopped',
  'store move': 'it needs the service stopped',
}

/** The order of calls is that of CALLS; each is done for people and as JSON. */
const calls = Object.entries(CALLS).flatMap(([command, all]) =>
  all.flatMap((args) => [
    { command, args },
    { command, args: [...args, '--json'] },
  ]),
)
/** Calls are numbered, because some are made twice. */
const nameOf = (call: (typeof calls)[number]) =>
  `${calls.indexOf(call)}: ${[call.command, ...call.args].join(' ')}`

let at: CutterHome
let kept: string
const alone = new Map<string, Answer>()
const served = new Map<string, Answer>()
const runs: { [sign: string]: string } = {}

async function perform(into: Map<string, Answer>): Promise<void> {
  for (const call of calls) {
    const args = call.args.map((word) => runs[word] ?? word)
    into.set(nameOf(call), await at.cutter([...call.command.split(' '), ...args]))
  }
}

/** Puts the home into the state in which it was prepared. */
function reset(): void {
  for (const name of readdirSync(at.home))
    if (name !== '.installed') rmSync(at.path(name), { recursive: true, force: true })
  cpSync(kept, at.home, { recursive: true, preserveTimestamps: true })
}

beforeAll(async () => {
  at = aCutterHome(CONFIG)
  copyFileSync(EXAMPLE, at.path('rotate-keys.ts'))
  at.file('charter.md', charter('One.', 'Two.'))
  at.file('charter-2.md', charter('One.', 'Three.'))
  mkdirSync(at.path('empty'))
  at.file('service.key', 'a key\n')
  at.file('other.key', 'another key\n')
  aSigner(at, ALICE, 'cutter.*')
  await at.cutter(['execution', 'enable', '--for', '2h', '--reason', 'a test'])
  const started = async (...more: string[]) =>
    jsonOf(await at.cutter(['run', 'start', 'rotate-keys', '--file', 'service.key', '--json', ...more])).runId
  runs.P = await started()
  runs.L = await started('--mode', 'live')
  runs.E = await started('--key', 'closed')
  await at.cutter(['run', 'cancel', runs.E, '--reason', 'a test'])
  kept = mkdtempSync(join(tmpdir(), 'cutter-kept-'))
  cpSync(at.home, kept, {
    recursive: true,
    filter: (file) => file !== at.path('.installed'),
    preserveTimestamps: true,
  })
  await perform(alone)
  reset()
  const service: ServingProgram = await serve(at)
  try {
    await perform(served)
  } finally {
    expect(await service.end('SIGTERM')).toBe(0)
  }
}, 600_000)
afterAll(async () => {
  rmSync(kept, { recursive: true, force: true })
  await at.remove()
})

/** Ids, digests and times of what a command made just now. */
const settled = ({ code, stdout, stderr }: Answer) => {
  const text = (given: string) =>
    given
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>')
      .replaceAll(/\d{8}T\d{6}Z-[0-9a-f]{8}/g, '<run>')
      .replaceAll(/\b(ap|tk)-[0-9a-f]{8,}/g, '$1-<id>')
      .replaceAll(/ctk_[\w-]{43}/g, '<token>')
      .replaceAll(/SHA256:[\w+/]{43}/g, '<fingerprint>')
      .replaceAll(/ssh-ed25519 [\w+/=]+/g, '<key>')
      .replaceAll(/\b[0-9a-f]{64}\b/g, '<digest>')
      .replaceAll(/"nonce": ?"[\w-]+"/g, '<nonce>')
      .replaceAll(/("durationMs"|"ms"|"pid"): ?\d+/g, '$1')
  return { code, stdout: text(stdout), stderr: text(stderr) }
}

function leavesOf(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf)
}

function fullName(command: Command): string {
  const { parent } = command
  return parent === null || parent.parent === null ? command.name() : `${fullName(parent)} ${command.name()}`
}

describe('through the service', () => {
  test('every command has calls, or is an exception with a reason', () => {
    const named = leavesOf(buildProgram()).map(fullName)
    const known = [...Object.keys(CALLS), ...Object.keys(EXCEPTIONS)]
    expect(named.filter((name) => !known.includes(name))).toEqual([])
    expect(known.filter((name) => !named.includes(name))).toEqual([])
    for (const name of [...Object.keys(BY_ITSELF), ...Object.keys(OWNER_ONLY)]) expect(named).toContain(name)
  })

  test.each(calls.filter(({ command }) => !Object.hasOwn(EXCEPTIONS, command)).map((call) => [nameOf(call)]))(
    '%s gives the same output and exit code',
    (name) => expect(settled(served.get(name)!)).toEqual(settled(alone.get(name)!)),
  )

  test('commands gave more than errors', () => {
    const good = [...served.values()].filter(({ code }) => code === 0)
    expect(good.length).toBeGreaterThan(80)
  })

  test('store restore is refused while a service runs', () => {
    const answer = served.get(
      nameOf(calls.find(({ command, args }) => command === 'store restore' && args.includes('--json'))!),
    )!
    expect([answer.code, jsonOf<{ error: { code: string } }>(answer).error.code]).toEqual([
      3,
      'SERVICE_RUNNING',
    ])
  })
})
